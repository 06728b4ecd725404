"""Faults of shape in words: a value that a schema refused in, one finding per fault out, in the values' order."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from jsonschema import Draft7Validator, ValidationError, validators

from meshguard.diagnostic import Finding, ValuePath
from meshguard.foreign import FOREIGN, OTHERS, PLATFORM
from meshguard.node import Plain
from meshguard.schema import Part, repeated, searcher
from meshguard.spelling import LONGEST, Wrong, advice, letters, nearest, shown

_MOST = 200  # faults: what nobody reads is not looked for
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
    every = (fault for refusal in _refusals(schema, tree) for fault in _faults(refusal, tree, schema))
    found = list(islice(every, _MOST))
    told: dict[tuple[ValuePath, bool, tuple[str, ...]], _Fault] = {}
    for fault in sorted(found, key=lambda fault: fault.rank):
        told.setdefault((fault.at, fault.on_key, fault.missing), fault)
    order = {step: place for place, step in enumerate(_steps(tree))}
    kept = sorted(_once(told.values()), key=lambda fault: (order[fault.at], not fault.on_key))
    findings = [Finding(ValuePath((*at, *fault.at)), fault.message, on_key=fault.on_key) for fault in kept]
    if len(found) == _MOST:
        findings.append(
            Finding(at, f"there may be more faults than these {_MOST}; the others are told once they are mended")
        )
    return tuple(findings)


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


def _once(told: Iterable[_Fault]) -> Iterator[_Fault]:
    """Leave out what a refused key says already: all below it, and the missing keys that it stands for."""
    answers: dict[tuple[str | int, ...], list[str]] = {}
    refused = {fault.at: fault for fault in told if fault.rank == _REFUSED}
    for at, fault in refused.items():
        answers.setdefault(at[:-1], []).append(fault.message)
    for fault in told:
        depth = len(fault.at) + (fault.rank != _REFUSED)
        if any(fault.at[:length] in refused for length in range(depth)):
            continue
        message = _needs(fault, " ".join(answers.get(fault.at, ()))) if fault.missing else fault.message
        if message:
            yield fault._replace(message=message)


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
        yield _Fault(at, _wrong(refusal, tree, root), rank=_RANKS.get(keyword, 3))


def _stray(key: str, section: Part, root: Part) -> str:
    """Say what to do with a key that its section does not have."""
    title, own = section["title"], section["properties"]
    answer = _answer(key, FOREIGN.get(title, {}))
    if answer:
        return f"{shown(key)} is called '{answer}' here" if answer in own else f"{shown(key)} {answer}"
    close = nearest(key, own, _ALIKE)
    elsewhere = "" if close else _elsewhere(key, title, root)
    if elsewhere:
        return f"{shown(key)} {elsewhere}"
    close = close or nearest(key, own)
    if close:
        return f"unknown key {shown(key)} in {title}; did you mean {shown(close)}?"
    if OTHERS in FOREIGN.get(title, {}):
        return f"{shown(key)} {FOREIGN[title][OTHERS]}"
    return f"unknown key {shown(key)} in {title}; its keys are {', '.join(own)}"


def _answer(key: str, answers: Mapping[str, str]) -> str:
    """Look a key up, in whatever style it is written."""
    return {letters(foreign): answer for foreign, answer in answers.items()}.get(letters(key), "")


def _elsewhere(key: str, title: str, root: Part) -> str:
    """Say where a key belongs that this section has no answer for, or ''."""
    homes = _homes(key, root)
    if homes:
        return f"belongs to {' or '.join(homes[:2])}, not to {title}"
    if "pathItem" not in root["definitions"]:
        return ""
    of_item = _answer(key, FOREIGN[_ITEM])
    if of_item and (" " not in of_item or of_item.startswith("is written")):
        return f"belongs to {_ITEM}, where it " + (of_item if " " in of_item else f"is called '{of_item}'")
    return _answer(key, PLATFORM)


def _homes(key: str, root: Part) -> list[str]:
    """Give the sections that have the key, the items of paths first."""
    sections = [
        section
        for section in (root, *root["definitions"].values())
        if letters(key) in map(letters, section.get("properties", ()))
    ]
    return sorted(
        (section["title"] for section in sections if "title" in section), key=lambda title: title != _ITEM
    )


def _needs(fault: _Fault, answers: str) -> str:
    """Say which missing keys no other key stands for, or ''. A condition says it whole, with the keys in quotes."""
    answered = set(re.findall(r"\w+", answers))
    section = fault.section
    if "type" not in section:
        return "" if answered & set(re.findall(r"'(\w+)'", section["description"])) else section["description"]
    missing = [shown(key) for key in fault.missing if key not in answered]
    return f"{section['title']} needs {', '.join(missing)}; {section['description']}" if missing else ""


def _wrong(refusal: _Refusal, tree: Plain, root: Part) -> str:
    """Say what is wrong with one value, and what would be right."""
    keyword, at, value, schema, _ = refusal
    name = _name(at)
    if value is None and _in_list(at):
        return f"an item of {name} has no value; {schema['description']}"
    if value is None:
        needed = any(name in section.get("required", ()) for section in root["definitions"].values())
        leave = "" if needed or "leave" in schema["description"] else ", or leave the key out"
        return f"{name} has no value; {schema['description']}{leave}"
    if keyword in _SIZES:
        return f"{name} {_SIZES[keyword].format(shown(value), len(value), schema[keyword], schema['description'])}"
    right = advice(Wrong(name, value, _beside(tree, at), schema))
    if keyword == "type" and str(schema["type"]) in _CONTAINERS:
        owner = f"an item of {name}" if _in_list(at) else name
        return f"{owner} takes {_CONTAINERS[schema['type']]}, not {shown(value)}; {right}"
    if isinstance(value, dict | list):
        return f"{name} is {shown(value)}, not {schema['title']}; {right}"
    return f"{name} {shown(value)} is not {schema['title']}; {right}"


_SIZES = {
    "minItems": "is empty; {3}",
    "minProperties": "is empty; {3}",
    "maxItems": "has {1} items, and {2} is the most",
    "maxLength": "{0} has {1} characters, and {2} is the most",
}
_CONTAINERS = {"object": "a map", "array": "a list"}


def _in_list(at: ValuePath) -> bool:
    return bool(at) and isinstance(at[-1], int)


def _name(at: ValuePath) -> str:
    name = next((step for step in reversed(at) if isinstance(step, str)), "the contract")
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}..."


def _beside(tree: Part, at: ValuePath) -> Mapping[str, Plain]:
    """Give the map that holds the value, or the nearest one around it."""
    holder: Mapping[str, Plain] = {}
    for step in at:
        holder = tree if isinstance(tree, dict) else holder
        tree = tree[step]
    return holder
