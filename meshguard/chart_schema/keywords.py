"""What a JSON Schema of any draft refuses: one function per keyword, as Helm's library reads it."""

import json
from collections.abc import Callable
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import Any, NamedTuple, TypeAlias

from meshguard.chart_schema.formats import FORMATS, Matcher, matcher
from meshguard.chart_schema.library import NEW, NEWEST, Library, Part, Resource, WrongError, resolve
from meshguard.diagnostic import ROOT, ValuePath
from meshguard.node import Plain
from meshguard.schema import repeated

_STEPS = 200_000  # schemas that are held against a value; nobody's values need that many
_LONGEST = 60  # characters of a schema that are shown


class Refusal(NamedTuple):
    """What the schema refuses: where in the values and why. `is_known` is false for what cannot be judged here."""

    at: ValuePath
    reason: str
    is_known: bool = True
    on_key: bool = False


class _Run(NamedTuple):
    library: Library
    asserts: bool  # whether formats are asserted whatever the draft
    left: list[int]


class _Visit(NamedTuple):
    """One schema held against one value; `seen` are the keys or indexes that something was said about."""

    schema: dict[str, Part]
    value: Plain
    at: ValuePath
    scope: tuple[Resource, ...]
    trail: tuple[int, ...]  # the schemas that lead here, all for this value
    run: _Run
    refusals: list[Refusal]
    seen: set[str | int]

    @property
    def draft(self) -> int:
        return self.scope[-1].draft


# How it is checked, since which draft, and before which.
_Keyword: TypeAlias = tuple[Callable[[_Visit, Part], None], int, int]


def pattern_of(pattern: str) -> Matcher:
    """Give the search for a pattern. Raises WrongError where Go refuses it."""
    found = matcher(pattern)
    if isinstance(found, str):
        raise WrongError(f"its pattern '{_short(pattern)}' is none that Go takes: {found}")
    return found


def hold(library: Library, schema: Part, value: Plain, *, asserts: bool) -> list[Refusal]:
    """Give what the schema refuses; with `asserts` formats count whatever the draft.

    Raises WrongError where the schema cannot be used, and RecursionError where it or the value is nested too deep.
    """
    run = _Run(library, asserts, [_STEPS])
    owner = library.owners[id(schema)]
    found = _visit(schema, value, ROOT, (owner,), (), run).refusals
    if run.left[0] < 0:
        return [Refusal(ROOT, f"it takes more than {_STEPS} steps", is_known=False)]
    return found


def _visit(
    schema: Part, value: Plain, at: ValuePath, scope: tuple[Resource, ...], trail: tuple[int, ...], run: _Run
) -> _Visit:
    """Hold a schema against a value."""
    owner = run.library.owners.get(id(schema))
    if owner is not None and owner is not scope[-1]:
        scope = (*scope, owner)
    said = schema if isinstance(schema, dict) else {}
    visit = _Visit(said, value, at, scope, (*trail, id(schema)), run, [], set())
    run.left[0] -= 1
    if schema is False:
        _refuse(visit, "nothing is allowed here")
    elif said and id(schema) in trail:
        _refuse(visit, "it refers to itself without an end")
    elif run.left[0] >= 0:
        _keywords(visit)
    return visit


def _keywords(visit: _Visit) -> None:
    draft, schema = visit.draft, visit.schema
    if draft < NEW and isinstance(schema.get("$ref"), str):
        _reference(visit, schema["$ref"])
        return
    for keywords in (KEYWORDS, LAST_KEYWORDS):
        for keyword, says in schema.items():
            check, since, until = keywords.get(keyword, _NONE)
            if since <= draft < until:
                check(visit, says)


def _refuse(visit: _Visit, reason: str) -> None:
    visit.refusals.append(Refusal(visit.at, reason))


def _says(keyword: str, says: Part) -> str:
    return f"it says `{_short(f'{keyword}: {json.dumps(says, ensure_ascii=False)}')}`"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _also(visit: _Visit, schema: Part, scope: tuple[Resource, ...] = ()) -> list[Refusal]:
    """Hold another schema against the same value, and note what it says something about if it is met."""
    found = _visit(schema, visit.value, visit.at, scope or visit.scope, visit.trail, visit.run)
    if not found.refusals:
        visit.seen.update(found.seen)
    return found.refusals


def _below(visit: _Visit, schema: Part, step: str | int, value: Plain) -> None:
    """Hold a schema against what stands below a key or at an index."""
    visit.seen.add(step)
    visit.refusals.extend(_visit(schema, value, visit.at / step, visit.scope, (), visit.run).refusals)


def _reference(visit: _Visit, says: Part) -> None:
    schema, resource = resolve(visit.run.library, visit.scope[-1], says)
    visit.refusals.extend(_also(visit, schema, (*visit.scope, resource)))


def _recursive_reference(visit: _Visit, says: Part) -> None:
    schema, resource = resolve(visit.run.library, visit.scope[-1], says)
    if isinstance(schema, dict) and schema.get("$recursiveAnchor") is True:
        outer = (
            one for one in visit.scope if isinstance(one.root, dict) and one.root.get("$recursiveAnchor") is True
        )
        resource = next(outer, resource)
        schema = resource.root
    visit.refusals.extend(_also(visit, schema, (*visit.scope, resource)))


def _dynamic_reference(visit: _Visit, says: Part) -> None:
    schema, resource = resolve(visit.run.library, visit.scope[-1], says)
    name = says.partition("#")[2]
    if isinstance(schema, dict) and schema.get("$dynamicAnchor") == name:
        resource = next((one for one in visit.scope if name in one.dynamic), resource)
        schema = resource.dynamic.get(name, schema)
    visit.refusals.extend(_also(visit, schema, (*visit.scope, resource)))


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: dict[str, Callable[[Plain], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),  # type: ignore[arg-type]
}


def _type(visit: _Visit, says: Part) -> None:
    names = says if isinstance(says, list) else [says]
    if not any(name in _TYPES and _TYPES[name](visit.value) for name in names):
        _refuse(visit, _says("type", says))


def _enum(visit: _Visit, says: Part) -> None:
    if not any(repeated([visit.value, item]) is not None for item in says):
        _refuse(visit, _says("enum", says))


def _const(visit: _Visit, says: Part) -> None:
    if repeated([visit.value, says]) is None:
        _refuse(visit, _says("const", says))


def _format(visit: _Visit, says: Part) -> None:
    asserted = visit.run.asserts or visit.draft < NEW
    if asserted and isinstance(visit.value, str) and not FORMATS.get(says, _anything)(visit.value):
        _refuse(visit, _says("format", says))


def _anything(_text: str) -> bool:
    return True


def _required(visit: _Visit, says: Part) -> None:
    if isinstance(visit.value, dict):
        missing = [name for name in says if name not in visit.value]
        if missing:
            _refuse(visit, _says("required", missing))


def _dependencies(visit: _Visit, says: Part) -> None:
    for name, wanted in says.items() if isinstance(visit.value, dict) else ():
        if name not in visit.value:  # type: ignore[operator] # it is a map
            continue
        if isinstance(wanted, list):
            _required(visit, wanted)
        else:
            visit.refusals.extend(_also(visit, wanted))


def _properties(visit: _Visit, says: Part) -> None:
    for name, value in visit.value.items() if isinstance(visit.value, dict) else ():
        if name in says:
            _below(visit, says[name], name, value)


def _pattern_properties(visit: _Visit, says: Part) -> None:
    matchers = [(pattern_of(pattern), schema) for pattern, schema in says.items()]
    for name, value in visit.value.items() if isinstance(visit.value, dict) else ():
        for matches, schema in matchers:
            if matches(name):
                _below(visit, schema, name, value)


def _additional_properties(visit: _Visit, says: Part) -> None:
    if not isinstance(visit.value, dict):
        return
    known = visit.schema.get("properties", {})
    matchers = [pattern_of(pattern) for pattern in visit.schema.get("patternProperties", ())]
    for name, value in visit.value.items():
        if name not in known and not any(matches(name) for matches in matchers):
            _stray(visit, says, name, value)


def _stray(visit: _Visit, says: Part, name: str | int, value: Plain) -> None:
    if says is False:
        visit.seen.add(name)
        visit.refusals.append(Refusal(visit.at / name, "it knows no such key here", on_key=True))
    else:
        _below(visit, says, name, value)


def _property_names(visit: _Visit, says: Part) -> None:
    for name in visit.value if isinstance(visit.value, dict) else ():
        found = _visit(says, name, visit.at / name, visit.scope, (), visit.run).refusals
        visit.refusals.extend(one._replace(on_key=True) for one in found)


def _items(visit: _Visit, says: Part) -> None:
    value = visit.value if isinstance(visit.value, list) else []
    if isinstance(says, list):
        for index, (schema, item) in enumerate(zip(says, value, strict=False)):
            _below(visit, schema, index, item)
        return
    prefix = visit.schema.get("prefixItems", ()) if visit.draft >= NEWEST else ()
    for index, item in list(enumerate(value))[len(prefix) :]:
        _below(visit, says, index, item)


def _additional_items(visit: _Visit, says: Part) -> None:
    first = visit.schema.get("items")
    if isinstance(first, list) and isinstance(visit.value, list):
        for index, item in list(enumerate(visit.value))[len(first) :]:
            _below(visit, says, index, item)


def _contains(visit: _Visit, says: Part) -> None:
    if not isinstance(visit.value, list):
        return
    found = [
        index
        for index, item in enumerate(visit.value)
        if not _visit(says, item, visit.at / index, visit.scope, (), visit.run).refusals
    ]
    counted = visit.draft >= NEW
    if visit.draft >= NEWEST:
        visit.seen.update(found)
    if len(found) < (visit.schema.get("minContains", 1) if counted else 1):
        _refuse(visit, _says("contains", says))
    if counted and len(found) > visit.schema.get("maxContains", len(found)):
        _refuse(visit, _says("maxContains", visit.schema["maxContains"]))


def _unique_items(visit: _Visit, says: Part) -> None:
    if says is True and isinstance(visit.value, list) and repeated(visit.value) is not None:
        _refuse(visit, _says("uniqueItems", says))


def _pattern(visit: _Visit, says: Part) -> None:
    if isinstance(visit.value, str) and not pattern_of(says)(visit.value):
        _refuse(visit, _says("pattern", says))


def _all_of(visit: _Visit, says: Part) -> None:
    for schema in says:
        visit.refusals.extend(_also(visit, schema))


def _any_of(visit: _Visit, says: Part) -> None:
    met = [not _also(visit, schema) for schema in says]  # every one is asked: each may have seen something
    if not any(met):
        _refuse(visit, "it fits none of the `anyOf`")


def _one_of(visit: _Visit, says: Part) -> None:
    met = [not _also(visit, schema) for schema in says].count(True)
    if met != 1:
        _refuse(visit, f"it fits {met or 'none'} of the `oneOf`")


def _not(visit: _Visit, says: Part) -> None:
    if not _also(visit, says):
        _refuse(visit, _says("not", says))


def _if(visit: _Visit, says: Part) -> None:
    branch = visit.schema.get("else" if _also(visit, says) else "then")
    if branch is not None:
        visit.refusals.extend(_also(visit, branch))


def _unevaluated(kind: type[dict[str, Any] | list[Any]]) -> Callable[[_Visit, Part], None]:
    def check(visit: _Visit, says: Part) -> None:
        value: Any = visit.value
        if isinstance(value, kind):
            for step, below in value.items() if isinstance(value, dict) else enumerate(value):
                if step not in visit.seen:
                    _stray(visit, says, step, below)

    return check


def _sized(
    kind: type[str | list[Any] | dict[str, Any]], fits: Callable[[int, int], bool], keyword: str
) -> Callable[[_Visit, Part], None]:
    def check(visit: _Visit, says: Part) -> None:
        value: Any = visit.value
        if isinstance(value, kind) and not fits(len(value), says):
            _refuse(visit, _says(keyword, says))

    return check


def _bounded(fits: Callable[[Fraction, Fraction], bool], keyword: str) -> Callable[[_Visit, Part], None]:
    """Compare numbers as they are written; in draft 4 `exclusive...` is a switch beside the bound."""
    strict = {"minimum": gt, "maximum": lt}.get(keyword)
    switch = f"exclusive{keyword.capitalize()}"

    def check(visit: _Visit, says: Part) -> None:
        if not _is_number(visit.value) or isinstance(says, bool):
            return
        compare = strict if strict and visit.schema.get(switch) is True else fits
        if not compare(Fraction(str(visit.value)), Fraction(str(says))):
            _refuse(visit, _says(keyword, says))

    return check


def _is_multiple(number: Fraction, of: Fraction) -> bool:
    return (number / of).denominator == 1


_ALL = 9999
_NONE: _Keyword = (lambda _visit, _says: None, _ALL, 0)
KEYWORDS: dict[str, _Keyword] = {
    "type": (_type, 4, _ALL),
    "const": (_const, 6, _ALL),
    "enum": (_enum, 4, _ALL),
    "format": (_format, 4, _ALL),
    "minProperties": (_sized(dict, ge, "minProperties"), 4, _ALL),
    "maxProperties": (_sized(dict, le, "maxProperties"), 4, _ALL),
    "required": (_required, 4, _ALL),
    "dependencies": (_dependencies, 4, _ALL),
    "properties": (_properties, 4, _ALL),
    "patternProperties": (_pattern_properties, 4, _ALL),
    "additionalProperties": (_additional_properties, 4, _ALL),
    "propertyNames": (_property_names, 6, _ALL),
    "dependentSchemas": (_dependencies, NEW, _ALL),
    "dependentRequired": (_dependencies, NEW, _ALL),
    "minItems": (_sized(list, ge, "minItems"), 4, _ALL),
    "maxItems": (_sized(list, le, "maxItems"), 4, _ALL),
    "uniqueItems": (_unique_items, 4, _ALL),
    "prefixItems": (_items, NEWEST, _ALL),
    "items": (_items, 4, _ALL),
    "additionalItems": (_additional_items, 4, NEWEST),
    "contains": (_contains, 6, _ALL),
    "minLength": (_sized(str, ge, "minLength"), 4, _ALL),
    "maxLength": (_sized(str, le, "maxLength"), 4, _ALL),
    "pattern": (_pattern, 4, _ALL),
    "minimum": (_bounded(ge, "minimum"), 4, _ALL),
    "maximum": (_bounded(le, "maximum"), 4, _ALL),
    "exclusiveMinimum": (_bounded(gt, "exclusiveMinimum"), 4, _ALL),
    "exclusiveMaximum": (_bounded(lt, "exclusiveMaximum"), 4, _ALL),
    "multipleOf": (_bounded(_is_multiple, "multipleOf"), 4, _ALL),
    "$ref": (_reference, NEW, _ALL),
    "$recursiveRef": (_recursive_reference, NEW, _ALL),
    "$dynamicRef": (_dynamic_reference, NEWEST, _ALL),
    "not": (_not, 4, _ALL),
    "allOf": (_all_of, 4, _ALL),
    "anyOf": (_any_of, 4, _ALL),
    "oneOf": (_one_of, 4, _ALL),
    "if": (_if, 7, _ALL),
}
LAST_KEYWORDS: dict[str, _Keyword] = {  # which look at what all others have seen
    "unevaluatedProperties": (_unevaluated(dict), NEW, _ALL),
    "unevaluatedItems": (_unevaluated(list), NEW, _ALL),
}
