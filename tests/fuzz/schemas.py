"""Made-up JSON Schemas: a source of randomness in, the text of a values.schema.json out, of every draft."""

import json
from random import Random
from typing import Any

DRAFTS = (
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    None,
)
NAMES = ("a", "b", "m", "l", "global", "sub", "enabled")
LEAVES: tuple[Any, ...] = (
    True,
    {},
    {"type": "string"},
    {"type": "integer"},
    {"const": 1},
    {"required": ["a"]},
    {"not": {}},
    False,
)
WORDS: tuple[Any, ...] = (1, 2, 1.5, "x", "y", True, False, None, [], {}, [1, None], {"k": None})
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
ONES = (
    *("not", "additionalProperties", "propertyNames", "contains", "items", "unevaluatedProperties"),
    *("unevaluatedItems", "additionalItems", "if", "then", "else"),
)
MAPS = ("properties", "properties", "properties", "dependentSchemas", "definitions", "$defs")
REFERENCES = (
    "#",
    "#/definitions/d",
    "#/$defs/d",
    "#/properties/a",
    "#d",
    "#/definitions/nope",
    "urn:a:b",
    "x.json",
)
ODD = ('{"type": "objekt"}', "{", "[]", '"x"', "true", "false", "\ufeff{}", '{"a": 1, "a": {}}', '{"enum": []}')


def schema(random: Random) -> bytes:
    """Make one schema."""
    if random.random() < 0.03:
        return random.choice(ODD).encode()
    made = {**_map(random, 0)}
    if random.random() < 0.5:
        made = {"definitions": {"d": _schema(random, 1)}, "$defs": {"d": _schema(random, 1)}, **made}
    draft = random.choice(DRAFTS)
    return json.dumps({"$schema": draft, **made} if draft else made).encode()


def _schema(random: Random, depth: int) -> Any:
    return random.choice(LEAVES) if depth > 3 or random.random() < 0.3 else _map(random, depth)


def _map(random: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(random.choice((1, 1, 2, 3))):
        made.update(_keyword(random, depth + 1))
    return made


def _keyword(random: Random, depth: int) -> dict[str, Any]:
    names = random.sample(NAMES, random.choice((0, 1, 2)))
    match random.randrange(8):
        case 0:
            return {random.choice(LISTS): [_schema(random, depth) for _ in range(random.choice((1, 2, 3)))]}
        case 1 | 2:
            return {random.choice(ONES): _schema(random, depth)}
        case 3 | 4:
            return {random.choice(MAPS): {name: _schema(random, depth) for name in names}}
        case 5:
            return random.choice(_reference_or_name(random))
        case 6:
            return _of_names(random, names, depth)
        case _:
            return _of_values(random)


def _reference_or_name(random: Random) -> tuple[dict[str, Any], ...]:
    return (
        {"$ref": random.choice(REFERENCES)},
        {"$ref": random.choice(REFERENCES), "type": "object"},
        {"$recursiveRef": "#"},
        {"$dynamicRef": random.choice(("#d", "#"))},
        {random.choice(("$id", "id")): random.choice(("sub", "http://x.test/y", "#d"))},
        {random.choice(("$anchor", "$dynamicAnchor", "$recursiveAnchor")): random.choice(("d", True))},
    )


def _of_names(random: Random, names: list[str], depth: int) -> dict[str, Any]:
    return random.choice(
        (
            {"required": names},
            {"dependentRequired": {name: ["a"] for name in names}},
            {"dependencies": {name: random.choice((["b"], _schema(random, depth))) for name in names}},
            {"patternProperties": {random.choice(("^a", "b|m", "", "^[ab]$", "(?!a)")): _schema(random, depth)}},
        )
    )


def _of_values(random: Random) -> dict[str, Any]:
    return random.choice(
        (
            {
                "type": random.choice(
                    ("string", "integer", "object", "array", ["string", "object"], "null", "number")
                )
            },
            {"const": random.choice(WORDS)},
            {"enum": random.sample(WORDS, 3)},
            {random.choice(("minimum", "maximum", "exclusiveMinimum")): random.choice((0, 1, 1.5))},
            {random.choice(("minItems", "maxItems", "minProperties", "maxLength")): random.choice((0, 1, 2))},
            {"multipleOf": random.choice((0.5, 1))},
            {"uniqueItems": True},
            {"contains": True, "minContains": random.choice((0, 2)), "maxContains": 2},
            {"pattern": random.choice(("^x$", "[[:alpha:]]"))},
            {"format": random.choice(("hostname", "ipv4", "nothing"))},
        )
    )
