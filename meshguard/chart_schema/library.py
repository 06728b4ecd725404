"""The schemas behind a values.schema.json: a document in, its parts by URL, name and reference out."""

import json
import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeAlias

Part: TypeAlias = Any  # of a schema
HERE = "file:///values.schema.json"
NEW = 2019  # the draft from which on references, names and formats are read in the new way
NEWEST = 2020
OLDEST = 4
_SITE = "json-schema.org/"
DRAFTS = {
    f"{_SITE}draft-04/": OLDEST,
    f"{_SITE}draft-06/": 6,
    f"{_SITE}draft-07/": 7,
    f"{_SITE}draft/2019-09/": NEW,
    f"{_SITE}draft/2020-12/": NEWEST,
    _SITE: NEWEST,
}
_FILES = {OLDEST: "draft4", 6: "draft6", 7: "draft7", NEW: "draft201909", NEWEST: "draft202012"}


class WrongError(Exception):
    """The schema itself is of no use to Helm."""


class Resource(NamedTuple):
    """A schema with a URL of its own, and the places in it that have a name."""

    url: str
    root: Part
    draft: int
    anchors: dict[str, Part]
    dynamic: dict[str, Part]


class Library(NamedTuple):
    """All schemas that are known: by URL, those that begin a resource and all others by identity."""

    resources: dict[str, Resource]
    owners: dict[int, Resource]
    known: set[int]
    unread: list[str]


_ENUM = {"type": "array", "minItems": 1, "uniqueItems": True}
# Where Helm's library has an earlier edition of a schema of schemas.
_EARLIER: dict[str, dict[str, Part]] = {
    f"http://{_SITE}draft-04/schema": {"$ref": {"type": "string"}},
    f"http://{_SITE}draft-06/schema": {
        "enum": _ENUM,
        "patternProperties": {"type": "object", "additionalProperties": {"$ref": "#"}},
    },
    f"http://{_SITE}draft-07/schema": {"enum": _ENUM},
}
# Which keywords hold schemas: the one itself, a list of them, or a map of them.
_ONE = (
    *("not", "additionalProperties", "items", "additionalItems", "propertyNames", "contains", "if", "then", "else"),
    *("unevaluatedProperties", "unevaluatedItems", "contentSchema"),
)
_MANY = ("allOf", "anyOf", "oneOf", "items", "prefixItems")
_NAMED = ("definitions", "$defs", "properties", "patternProperties", "dependencies", "dependentSchemas")
_SINCE = {
    **dict.fromkeys(("propertyNames", "contains"), 6),
    **dict.fromkeys(("if", "then", "else"), 7),
    **dict.fromkeys(
        ("$defs", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "contentSchema"), NEW
    ),
    "prefixItems": NEWEST,
}


def children(schema: Part, draft: int) -> Iterator[tuple[str, Part]]:
    """Give the schemas right inside of a schema, with their keywords."""
    for keyword, says in schema.items():
        if draft < _SINCE.get(keyword, 0):
            continue
        if keyword in _NAMED and isinstance(says, dict):
            yield from ((keyword, below) for below in says.values())
        elif keyword in _MANY and isinstance(says, list):
            yield from ((keyword, below) for below in says)
        elif keyword in _ONE:
            yield keyword, says


def add(library: Library, url: str, document: Part, draft: int) -> Resource:
    """Take a document in with all resources in it."""
    resource = Resource(url, document, _draft_of(library, document, draft), {}, {})
    library.resources[url] = resource
    library.owners[id(document)] = resource
    collect(library, document, resource)
    return resource


def _draft_of(library: Library, document: Part, fallback: int) -> int:
    said = document.get("$schema") if isinstance(document, dict) else None
    if not isinstance(said, str):
        return fallback
    url = said.partition("#")[0]
    name = url.removeprefix("http://").removeprefix("https://").removesuffix("schema")
    if name in DRAFTS:
        return DRAFTS[name]
    if not url.startswith(("http://", "https://")):
        raise WrongError(f"its `$schema` '{said}' is no draft of JSON Schema")
    library.unread.append(url)
    return fallback


def collect(library: Library, schema: Part, resource: Resource) -> None:
    """Note the names in a schema, and in those inside of it."""
    if not isinstance(schema, dict) or id(schema) in library.known:
        return
    library.known.add(id(schema))
    resource = _resource_of(library, schema, resource)
    if resource.draft >= NEW or "$ref" not in schema:
        for name, dynamic in _anchors(schema, resource.draft):
            if resource.anchors.setdefault(name, schema) is not schema:
                raise WrongError(f"the anchor '{name}' is there twice")
            if dynamic:
                resource.dynamic[name] = schema
    for _, below in children(schema, resource.draft):
        collect(library, below, resource)


def _resource_of(library: Library, schema: Part, resource: Resource) -> Resource:
    """Give the resource that a schema begins, or that it belongs to."""
    said = schema.get(_id(resource.draft))
    url = said.partition("#")[0] if isinstance(said, str) else ""
    if not url or (resource.draft < NEW and "$ref" in schema):
        return resource
    full = _join(resource.url, url)
    if schema is resource.root:
        own = resource._replace(url=full)
    elif full in library.resources:
        raise WrongError(f"the id '{full}' is there twice")
    else:
        own = Resource(full, schema, _draft_of(library, schema, resource.draft), {}, {})
    library.resources[full] = own
    library.owners[id(schema)] = own
    if schema is resource.root:
        library.resources[resource.url] = own
    return own


def _id(draft: int) -> str:
    return "id" if draft == OLDEST else "$id"


def _anchors(schema: Part, draft: int) -> Iterator[tuple[str, bool]]:
    if draft < NEW:
        said = schema.get(_id(draft))
        fragment = said.partition("#")[2] if isinstance(said, str) else ""
        if fragment and not fragment.startswith("/"):
            yield fragment, False
        return
    for keyword, since, dynamic in (("$anchor", NEW, False), ("$dynamicAnchor", NEWEST, True)):
        if isinstance(schema.get(keyword), str) and draft >= since:
            yield schema[keyword], dynamic


def _join(base: str, reference: str) -> str:
    from urllib.parse import urljoin  # noqa: PLC0415 - few schemas refer to others

    return urljoin(base, reference)


def resolve(library: Library, resource: Resource, reference: str) -> tuple[Part, Resource]:
    """Give the schema that a reference means, and the resource that it belongs to."""
    url, _, fragment = reference.partition("#")
    target = resource
    if url:
        full = _join(resource.url, url)
        target = library.resources.get(full) or load(library, full)
    from urllib.parse import unquote  # noqa: PLC0415 - a fragment seldom has what must be unquoted

    fragment = unquote(fragment) if "%" in fragment else fragment
    if fragment and not fragment.startswith("/"):
        if fragment not in target.anchors:
            raise WrongError(f"it refers to '{reference}', which is not there")
        return target.anchors[fragment], target
    schema = target.root
    for step in fragment.split("/")[1:]:
        schema = _step(schema, step.replace("~1", "/").replace("~0", "~"), reference)
        target = library.owners.get(id(schema), target)
    if not isinstance(schema, dict | bool):
        raise WrongError(f"it refers to '{reference}', which is no schema")
    return schema, target


def _step(schema: Part, step: str, reference: str) -> Part:
    if isinstance(schema, dict) and step in schema:
        return schema[step]
    if isinstance(schema, list) and step.isdecimal() and int(step) < len(schema):
        return schema[int(step)]
    raise WrongError(f"it refers to '{reference}', which is not there")


def load(library: Library, url: str) -> Resource:
    """Give a schema of JSON Schema itself, or stand in for what Helm would fetch."""
    path = _metaschema(url.removeprefix("http://").removeprefix("https://"))
    if path is not None:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        properties = document.get("properties", {})
        for keyword, said in _EARLIER.get(url, {}).items():
            properties[keyword] = said
        return add(library, url, document, NEWEST)
    if url.startswith(("http://", "https://")):
        library.unread.append(url)
    elif not url.startswith("urn:"):
        raise WrongError(f"it refers to '{url}', which no chart can hold")
    return add(library, url, document=True, draft=NEWEST)


def _metaschema(name: str) -> str | None:
    """Give the path of a schema of schemas; the package that has them is found, not loaded."""
    start, meta, vocabulary = name.partition("meta/")
    draft = DRAFTS.get(start if meta else name.removesuffix("schema"))
    if draft is None or not (vocabulary or "schema").replace("-", "").isalpha():
        return None
    spec = find_spec("jsonschema_specifications")
    top = os.path.join(os.path.dirname(str(spec and spec.origin)), "schemas", _FILES[draft])
    path = os.path.join(top, "vocabularies", vocabulary) if meta else os.path.join(top, "metaschema.json")
    return path if os.path.isfile(path) else None
