"""Faults of shape in words: a value that a schema refused in, one finding per fault out, in the values' order."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft7Validator, ValidationError, validators

from meshguard.diagnostic import Finding, ValuePath
from meshguard.foreign import FOREIGN
from meshguard.node import Plain
from meshguard.schema import Part, repeated, searcher
from meshguard.spelling import Wrong, advice, letters, nearest, shown

_ALIKE = 0.8  # how much two keys have in common before one is taken for the other
_ITEM = "an item of pathConfiguration"
_REFUSED = -1
_RANKS = {"type": 0, "enum": 1, "const": 1, "pattern": 2}


class _Fault(NamedTuple):
    """One fault; of several at one place that of the lowest rank is told. `missing` are keys that are not there."""

    at: ValuePath
    message: str
    on_key: bool = False
    rank: int = 3
    missing: tuple[str, ...] = ()
    section: Part = None


class _Refusal(NamedTuple):
    """What the library says: the keyword of a schema that a value (or the key itself) does not hold to."""

    keyword: str
    at: ValuePath
    value: Any
    schema: Part
    of_key: bool


def faults(schema: Plain, tree: Plain, at: ValuePath) -> tuple[Finding, ...]:
    """Give every fault of what stands at that path of the values; the schema must be one of the plugin's own."""
    found = [fault for refusal in _refusals(schema, tree) for fault in _faults(refusal, tree, schema)]
    told: dict[tuple[ValuePath, bool, tuple[str, ...]], _Fault] = {}
    for fault in sorted(found, key=lambda fault: fault.rank):
        told.setdefault((fault.at, fault.on_key, fault.missing), fault)
    order = {step: place for place, step in enumerate(_steps(tree))}
    kept = sorted(_once(list(told.values())), key=lambda fault: (order[fault.at], not fault.on_key))
    return tuple(Finding(ValuePath((*at, *fault.at)), fault.message, on_key=fault.on_key) for fault in kept)


def _refusals(schema: Plain, tree: Plain) -> Iterator[_Refusal]:
    """Ask the library, taught to read patterns as Helm does and to stay linear in long lists."""
    extend: Callable[..., Any] = validators.extend
    own = {"pattern": _pattern, "uniqueItems": _unique_items, "required": _required}
    for error in extend(Draft7Validator, own)(schema).iter_errors(tree):
        of_key = "propertyNames" in error.absolute_schema_path
        yield _Refusal(error.validator, ValuePath(error.absolute_path), error.instance, error.schema, of_key)


def _pattern(_validator: object, says: str, value: Plain, _schema: Part) -> Iterator[ValidationError]:
    if isinstance(value, str) and searcher(says)(value) is None:
        yield ValidationError("")


def _unique_items(_validator: object, _says: bool, value: Plain, _schema: Part) -> Iterator[ValidationError]:  # noqa: FBT001 - the library calls it
    if isinstance(value, list) and repeated(value) is not None:
        yield ValidationError("")


def _required(_validator: object, says: list[str], value: Plain, _schema: Part) -> Iterator[ValidationError]:
    if isinstance(value, dict) and not all(key in value for key in says):
        yield ValidationError("")


def _steps(tree: Plain) -> Iterator[ValuePath]:
    """Give the path of everything in the values, in their order."""
    waiting: list[tuple[ValuePath, Plain]] = [(ValuePath(), tree)]
    while waiting:
        path, value = waiting.pop()
        yield path
        if isinstance(value, dict):
            waiting += [(path / key, item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(path / index, item) for index, item in reversed(list(enumerate(value)))]


def _once(told: list[_Fault]) -> Iterator[_Fault]:
    """Leave out what a refused key says already: all below it, and the missing keys that it stands for."""
    refused = {fault.at for fault in told if fault.rank == _REFUSED}
    answers: dict[tuple[str | int, ...], str] = {}
    for fault in told:
        if fault.rank == _REFUSED:
            answers[fault.at[:-1]] = f"{answers.get(fault.at[:-1], '')} {fault.message}"
    for fault in told:
        depth = len(fault.at) + (fault.rank != _REFUSED)
        if any(fault.at[:length] in refused for length in range(depth)):
            continue
        said = answers.get(fault.at, "")
        missing = tuple(key for key in fault.missing if not re.search(rf"\b{key}\b", said))
        if missing:
            yield fault._replace(message=_needs(missing, fault.section))
        elif not fault.missing:
            yield fault


def _faults(refusal: _Refusal, tree: Plain, root: Part) -> Iterator[_Fault]:
    keyword, at, value, schema, of_key = refusal
    if of_key:
        right = advice(Wrong(value, value, {}, schema))
        yield _Fault(at / value, f"{shown(value)} is not {schema['title']}; {right}", on_key=True, rank=_REFUSED)
    elif keyword == "additionalProperties":
        for key in value:
            if key not in schema["properties"]:
                yield _Fault(at / key, _stray(key, schema, root), on_key=True, rank=_REFUSED)
    elif keyword == "required":
        missing = tuple(key for key in schema["required"] if key not in value)
        yield _Fault(at, "", on_key=not _in_list(at), missing=missing, section=schema)
    elif keyword == "uniqueItems":
        again = repeated(value) or 0
        yield _Fault(at / again, f"{_name(at)} has {shown(value[again])} twice; write it once")
    elif keyword == "not" and schema["not"] == {}:
        yield _Fault(at, schema["description"], on_key=True, rank=_REFUSED)
    else:
        yield _Fault(at, _wrong(refusal, tree), rank=_RANKS.get(keyword, 3))


def _stray(key: str, section: Part, root: Part) -> str:
    """Say what to do with a key that its section does not have."""
    title, own = section["title"], section["properties"]
    answer = {letters(foreign): answer for foreign, answer in FOREIGN.get(title, {}).items()}.get(letters(key))
    if answer:
        return f"{shown(key)} is called '{answer}' here" if answer in own else f"{shown(key)} {answer}"
    close = nearest(key, own, _ALIKE)
    homes = _homes(key, root)
    if not close and homes:
        return f"{shown(key)} belongs to {' or '.join(homes[:2])}, not to {title}"
    close = close or nearest(key, own)
    if close:
        return f"unknown key {shown(key)} in {title}; did you mean {shown(close)}?"
    return f"unknown key {shown(key)} in {title}; its keys are {', '.join(own)}"


def _homes(key: str, root: Part) -> list[str]:
    """Give the sections that have the key, the items of paths first."""
    sections = [
        section for section in (root, *root["definitions"].values()) if key in section.get("properties", ())
    ]
    return sorted(
        (section["title"] for section in sections if "title" in section), key=lambda title: title != _ITEM
    )


def _needs(missing: tuple[str, ...], schema: Part) -> str:
    """Say what is missing; a condition of a section says it in its own words."""
    if "type" not in schema:
        return str(schema["description"])
    return f"{schema['title']} needs {', '.join(map(shown, missing))}; {schema['description']}"


def _wrong(refusal: _Refusal, tree: Plain) -> str:
    """Say what is wrong with one value, and what would be right."""
    keyword, at, value, schema, _ = refusal
    name = _name(at)
    if value is None:
        leave = "" if "leave" in schema["description"] else ", or leave the key out"
        return f"{name} has no value; {schema['description']}{leave}"
    if keyword in {"minItems", "minProperties"}:
        return f"{name} is empty; {schema['description']}"
    if keyword == "maxItems":
        return f"{name} has {len(value)} items, and {schema['maxItems']} is the most"
    right = advice(Wrong(name, value, _beside(tree, at), schema))
    if keyword == "type" and str(schema["type"]) in _CONTAINERS:
        owner = f"an item of {name}" if _in_list(at) else name
        return f"{owner} takes {_CONTAINERS[schema['type']]}, not {shown(value)}; {right}"
    if isinstance(value, dict | list):
        return f"{name} is {shown(value)}, not {schema['title']}; {right}"
    return f"{name} {shown(value)} is not {schema['title']}; {right}"


_CONTAINERS = {"object": "a map", "array": "a list"}


def _in_list(at: ValuePath) -> bool:
    return bool(at) and isinstance(at[-1], int)


def _name(at: ValuePath) -> str:
    return next((step for step in reversed(at) if isinstance(step, str)), "the file")


def _beside(tree: Plain, at: ValuePath) -> Mapping[str, Plain]:
    """Give the map that holds the value, or the nearest one around it."""
    holder: Mapping[str, Plain] = {}
    for step in at:
        if isinstance(tree, dict):
            holder, tree = tree, tree[str(step)]
        elif isinstance(tree, list):
            tree = tree[int(step)]
    return holder
