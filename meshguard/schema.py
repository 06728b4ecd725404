"""The schema stage: values or a policy in, findings of shape out; what is valid never loads `jsonschema`.

`accepts` interprets just the part of draft-07 that the schemas under `schema/` use, one function per keyword; a
test holds it against `jsonschema`, which lists the faults of what it refuses.
"""

import re
from collections.abc import Callable
from functools import cache
from operator import ge, le, lt
from typing import Any, TypeAlias

from meshguard.diagnostic import ROOT, Finding, ValuePath
from meshguard.node import Node, Plain, plain
from meshguard.plugin import schema_path

Part: TypeAlias = Any  # of a schema: what a keyword says, as the draft-07 metaschema allows it
Keyword: TypeAlias = Callable[[Part, Plain, Part, Part], bool]

_REFERENCE = len("#/definitions/")
_DOLLAR = re.compile(r"\\.|\[(?:\\.|[^]\\])*]|\$")
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


@cache
def load_schema(name: str) -> Plain:
    """Give a schema of the plugin by name, `values` or `policy`; it is read once and must not be changed."""
    import json  # noqa: PLC0415 - a file that cannot be read needs no schema

    with open(schema_path(name), encoding="utf-8") as file:
        document: Plain = json.load(file)
    return document


def check(schema: Plain, node: Node, at: ValuePath = ROOT) -> tuple[Finding, ...]:
    """Give every fault of shape in the order of the values, or (); `at` is where the node stands in them."""
    value = plain(node)
    if accepts(schema, value):
        return ()
    from meshguard.faults import faults  # noqa: PLC0415 - it loads jsonschema

    return faults(schema, value, at)


def accepts(schema: Plain, value: Plain) -> bool:
    """Tell whether the value is valid. A keyword that is not listed in `KEYWORDS` says nothing."""
    return _holds(schema, value, schema)


@cache
def searcher(pattern: str) -> Callable[[str], object]:
    """Give the search for a schema's pattern, read as Helm reads it: `$` is the very end of the text."""
    return re.compile(_DOLLAR.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern)).search


def repeated(items: list[Plain]) -> int | None:
    """Give the index of the first item that an earlier one equals: 1 and 1.0 do, 1 and true do not."""
    seen = set()
    for index, item in enumerate(items):
        key = _identity(item)
        if key in seen:
            return index
        seen.add(key)
    return None


def _identity(value: Plain) -> object:
    if isinstance(value, dict):
        return dict, frozenset((key, _identity(item)) for key, item in value.items())
    if isinstance(value, list):
        return list, tuple(map(_identity, value))
    return isinstance(value, bool), value


def _holds(schema: Part, value: Plain, root: Part) -> bool:
    """Interpret one schema; beside `$ref` nothing counts, as draft-07 says."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"][_REFERENCE:]]
    for keyword, says in schema.items():
        if keyword in KEYWORDS and not KEYWORDS[keyword](says, value, schema, root):
            return False
    return True


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is(name: str, value: Plain) -> bool:
    if name in _TYPES:
        return isinstance(value, _TYPES[name])
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return _is_number(value)


def _type(says: Part, value: Plain, _schema: Part, _root: Part) -> bool:
    return _is(says, value) if isinstance(says, str) else any(_is(name, value) for name in says)


def _enum(says: Part, value: Plain, _schema: Part, _root: Part) -> bool:
    if isinstance(value, str):
        return value in says
    return any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in says)


def _properties(says: Part, value: Plain, _schema: Part, root: Part) -> bool:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in says and not _holds(says[key], item, root):
                return False
    return True


def _additional_properties(says: Part, value: Plain, schema: Part, root: Part) -> bool:
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", ())
    if says is False:
        return all(key in known for key in value)
    return all(_holds(says, item, root) for key, item in value.items() if key not in known)


def _property_names(says: Part, value: Plain, _schema: Part, root: Part) -> bool:
    return not isinstance(value, dict) or all(_holds(says, key, root) for key in value)


def _required(says: Part, value: Plain, _schema: Part, _root: Part) -> bool:
    return not isinstance(value, dict) or all(key in value for key in says)


def _items(says: Part, value: Plain, _schema: Part, root: Part) -> bool:
    return not isinstance(value, list) or all(_holds(says, item, root) for item in value)


def _unique_items(_says: Part, value: Plain, _schema: Part, _root: Part) -> bool:
    return not isinstance(value, list) or repeated(value) is None


def _pattern(says: Part, value: Plain, _schema: Part, _root: Part) -> bool:
    return not isinstance(value, str) or searcher(says)(value) is not None


def _all_of(says: Part, value: Plain, _schema: Part, root: Part) -> bool:
    return all(_holds(schema, value, root) for schema in says)


def _not(says: Part, value: Plain, _schema: Part, root: Part) -> bool:
    return not _holds(says, value, root)


def _if(says: Part, value: Plain, schema: Part, root: Part) -> bool:
    branch = schema.get("then" if _holds(says, value, root) else "else")
    return branch is None or _holds(branch, value, root)


def _sized(kind: type[str | list[Plain] | dict[str, Plain]], fits: Callable[[Part, int], bool]) -> Keyword:
    return lambda says, value, _schema, _root: not isinstance(value, kind) or fits(says, len(value))


def _bounded(fits: Callable[[Part, Any], bool]) -> Keyword:
    return lambda says, value, _schema, _root: not _is_number(value) or fits(says, value)


KEYWORDS: dict[str, Keyword] = {
    "additionalProperties": _additional_properties,
    "allOf": _all_of,
    "const": lambda says, value, schema, root: _enum([says], value, schema, root),
    "enum": _enum,
    "exclusiveMinimum": _bounded(lt),
    "if": _if,
    "items": _items,
    "maxItems": _sized(list, ge),
    "maxLength": _sized(str, ge),
    "maximum": _bounded(ge),
    "minItems": _sized(list, le),
    "minLength": _sized(str, le),
    "minProperties": _sized(dict, le),
    "minimum": _bounded(le),
    "not": _not,
    "pattern": _pattern,
    "properties": _properties,
    "propertyNames": _property_names,
    "required": _required,
    "type": _type,
    "uniqueItems": _unique_items,
}
