"""What the schemas of a chart and its subcharts refuse: words, places, and hostile schemas."""

import builtins
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshguard.chart_schema import formats
from meshguard.chart_schema.judge import findings, refusals
from meshguard.diagnostic import UserError
from meshguard.helm.layers import Chart
from meshguard.helm.values import Request, read
from meshguard.node import plain
from tests.tree import tree

DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def told(schema: object, values: str) -> list[str]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    chart = Chart("web", tree("{}"), schema=text.encode())
    return [
        f"{finding.at or '.'}{' key' if finding.on_key else ''}{'' if is_known else ' ?'}: {finding.message}"
        for finding, is_known in findings(chart, plain(tree(values)))
    ]


OF_CHART = "the chart's values.schema.json refuses"
UNJUDGED = ". ?: the chart's values.schema.json was not judged whole:"
OUTSIDE = "https://json-schema.org/draft/2020-12/meta/../../../etc/passwd"
NO_KEY = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
MESSAGES: list[tuple[object, str, list[str]]] = [
    ({"properties": {"a": {"type": "integer"}}}, "a: x", [f"a: {OF_CHART} 'a': it says `type: \"integer\"`"]),
    ({"additionalProperties": False}, "a: 1", [f"a key: {OF_CHART} 'a': it knows no such key here"]),
    ({"propertyNames": {"maxLength": 1}}, "ab: 1", [f"ab key: {OF_CHART} 'ab': it says `maxLength: 1`"]),
    ({"required": ["a", "b"]}, "a: 1", [f'.: {OF_CHART} the values: it says `required: ["b"]`']),
    ({"anyOf": [False, {"required": ["b"]}]}, "a: 1", [f".: {OF_CHART} the values: it fits none of the `anyOf`"]),
    ({"oneOf": [True, True]}, "a: 1", [f".: {OF_CHART} the values: it fits 2 of the `oneOf`"]),
    (False, "a: 1", [f".: {OF_CHART} the values: nothing is allowed here"]),
    (
        {"properties": {"a": {"enum": ["x" * 80]}}},
        "a: y",
        [f"a: {OF_CHART} 'a': it says `enum: [\"{'x' * 52}...`"],
    ),
    (
        {"$schema": "http://example.com/mine"},
        "a: 1",
        [f"{UNJUDGED} it refers to 'http://example.com/mine', which Helm fetches and meshguard does not"],
    ),
    (
        {"properties": {"a": {"$ref": "https://example.com/a#/b"}}},
        "a: 1",
        [f".: {OF_CHART} the values: it refers to 'https://example.com/a#/b', which is not there"],
    ),
    (
        {"$ref": "/etc/passwd"},
        "a: 1",
        [f".: {OF_CHART} the values: it refers to 'file:///etc/passwd', which no chart can hold"],
    ),
    (
        {"$schema": "draft-07"},
        "a: 1",
        [f".: {OF_CHART} the values: its `$schema` 'draft-07' is no draft of JSON Schema"],
    ),
    (
        {"$ref": OUTSIDE},
        "a: 1",
        [
            f"{UNJUDGED} it refers to '{OUTSIDE}', which Helm fetches and meshguard does not",
        ],
    ),
    (
        "{",
        "a: 1",
        [f".: {OF_CHART} the values: it is no JSON ({NO_KEY})"],
    ),
    ('{"a": NaN}', "a: 1", [f".: {OF_CHART} the values: it is no JSON (NaN is no JSON)"]),
    ('{"a": 1e400}', "a: 1", [f".: {OF_CHART} the values: it is no JSON (1e400 is too large)"]),
    (
        {"type": "int"},
        "a: 1",
        [f".: {OF_CHART} the values: it is no valid schema itself: at type, it fits none of the `anyOf`"],
    ),
    (
        {"$schema": "http://json-schema.org/draft-04/schema#", "patternProperties": {"(": {}}},
        "a: 1",
        [f".: {OF_CHART} the values: its pattern '(' is none that Go takes: missing ): ("],
    ),
    ({"$ref": "#"}, "a: 1", [f".: {OF_CHART} the values: it refers to itself without an end"]),
]


@pytest.mark.parametrize(("schema", "values", "expected"), MESSAGES)
def test_what_is_refused_is_told(schema: object, values: str, expected: list[str]) -> None:
    assert told(schema, values) == expected


def test_the_schema_of_a_subchart_sees_its_own_values() -> None:
    sub = Chart("db", tree("{}"), schema=b'{"required": ["size"], "properties": {"size": {"type": "integer"}}}')
    chart = Chart("web", tree("{}"), (sub, Chart("off", tree("{}"), schema=b"false")))

    assert [(finding.at, finding.message) for finding, _ in findings(chart, {"db": {"size": "x"}, "off": 1})] == [
        (
            ("db", "size"),
            "the chart's values.schema.json of the subchart 'db' refuses 'size': it says `type: \"integer\"`",
        )
    ]


def nested(levels: int) -> bytes:
    return (b'{"not":' * levels) + b"true" + b"}" * levels


def widening(levels: int) -> bytes:
    """Make a schema that doubles its work with every level."""
    steps = {f"s{level}": {"allOf": [{"$ref": f"#/$defs/s{level + 1}"}] * 2} for level in range(levels)}
    return json.dumps({"$ref": "#/$defs/s0", "$defs": {**steps, f"s{levels}": True}}).encode()


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nested": (nested(5000), "it is nested too deep"),
    "nested less": (nested(300), "it is nested too deep"),
    "widening": (widening(40), "it takes more than 200000 steps"),
    "no text": (b"\xff\xfe\x00", "it is no JSON (Expecting value: line 1 column 1 (char 0))"),
    "a large number": (b'{"maximum": ' + b"9" * 5000 + b"}", "it is no JSON"),
}


@pytest.mark.parametrize(("data", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_schemas_get_one_message(data: bytes, reason: str) -> None:
    (found,) = refusals(data, {"a": 1})

    assert found.reason.startswith(reason)


def test_values_may_be_nested_too_deep_for_a_schema() -> None:
    values: Any = 1
    for _ in range(sys.getrecursionlimit()):
        values = {"a": values}

    assert [found.reason for found in refusals(b'{"additionalProperties": {"$ref": "#"}}', values)] == [
        "it is nested too deep"
    ]


def test_a_hostile_pattern_is_quick() -> None:
    schema = {"properties": {"a": {"pattern": "^(a+)+$"}}}

    assert told(schema, f"a: {'a' * 5000}!") == [f"a: {OF_CHART} 'a': it says `pattern: \"^(a+)+$\"`"]


def test_refusals_are_bounded() -> None:
    assert len(told({"additionalProperties": False}, "\n".join(f"k{key}: 1" for key in range(300)))) == 200


def test_without_re2_patterns_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[..., object] = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name == "re2":
            raise ImportError
        return whole(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    formats.matcher.cache_clear()
    try:
        assert refusals(b'{"properties": {"a": {"pattern": "(?!x)y"}}}', {"a": "z"}) == ()
    finally:
        formats.matcher.cache_clear()


def test_a_schema_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: web, version: 0.1.0}")
    (tmp_path / "values.schema.json").write_bytes(b" " * (5 * 2**20 + 1))

    with pytest.raises(UserError, match="it is larger than 5 MiB"):
        read(Request(chart=str(tmp_path)))
