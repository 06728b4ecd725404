"""The interpreter's own corners, and where a fault stands."""

from typing import Any

import pytest
from jsonschema import Draft7Validator

from meshguard.diagnostic import Finding, ValuePath
from meshguard.node import Plain, find
from meshguard.schema import accepts, check, load_schema, repeated, searcher
from tests.tree import tree

VALUES = load_schema("values")


def told(text: str, at: tuple[str | int, ...] = ()) -> list[Finding]:
    return list(check(VALUES, tree(text), ValuePath(at)))


# schema, value: whether it is valid
CORNERS: list[tuple[dict[str, Any], Plain, bool]] = [
    ({"type": "integer"}, 3.0, True),
    ({"type": "integer"}, 3.5, False),
    ({"type": "integer"}, True, False),
    ({"type": "integer"}, "3", False),
    ({"type": "number"}, 0.5, True),
    ({"type": "number"}, False, False),
    ({"type": "boolean"}, 0, False),
    ({"type": ["string", "integer"]}, 1, True),
    ({"type": ["string", "integer"]}, None, False),
    ({"type": "object"}, [], False),
    ({"const": 1}, 1.0, True),
    ({"const": 1}, True, False),
    ({"const": True}, 1, False),
    ({"enum": [301, "a"]}, 301.0, True),
    ({"enum": [301, "a"]}, "a", True),
    ({"enum": ["a"]}, "b", False),
    ({"enum": ["a"]}, ["a"], False),
    ({"minimum": 1}, 1, True),
    ({"minimum": 1}, 0, False),
    ({"minimum": 1}, False, True),
    ({"minimum": 1}, "0", True),
    ({"maximum": 2}, 3, False),
    ({"exclusiveMinimum": 0}, 0, False),
    ({"exclusiveMinimum": 0}, 0.1, True),
    ({"minLength": 1}, "", False),
    ({"minLength": 1}, [], True),
    ({"maxLength": 2}, "äöü", False),
    ({"maxLength": 3}, "äöü", True),
    ({"minItems": 1}, [], False),
    ({"maxItems": 1}, [1, 2], False),
    ({"minProperties": 1}, {}, False),
    ({"uniqueItems": True}, [1, 1.0], False),
    ({"uniqueItems": True}, [1, True], True),
    ({"uniqueItems": True}, [{"a": [1]}, {"a": [1.0]}], False),
    ({"uniqueItems": True}, [{"a": [1]}, {"a": [True]}], True),
    ({"uniqueItems": True}, "aa", True),
    ({"pattern": "^a$"}, "a", True),
    ({"pattern": "^a$"}, "a\n", False),
    ({"pattern": "^a$"}, 5, True),
    ({"pattern": "^[$]$"}, "$", True),
    ({"required": ["a"]}, {"a": None}, True),
    ({"required": ["a"]}, {}, False),
    ({"required": ["a"]}, [], True),
    ({"properties": {"a": {"type": "string"}}}, {"a": 1}, False),
    ({"properties": {"a": {"type": "string"}}}, {"b": 1}, True),
    ({"properties": {"a": {"type": "string"}}}, 1, True),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, False),
    ({"properties": {"a": {}}, "additionalProperties": {"type": "string"}}, {"a": 1, "b": 2}, False),
    ({"properties": {"a": {}}, "additionalProperties": {"type": "string"}}, {"a": 1, "b": "2"}, True),
    ({"additionalProperties": False}, {"b": 1}, False),
    ({"additionalProperties": False}, [], True),
    ({"propertyNames": {"pattern": "^a"}}, {"b": 1}, False),
    ({"propertyNames": {"pattern": "^a"}}, "b", True),
    ({"items": {"type": "string"}}, ["a", 1], False),
    ({"items": {"type": "string"}}, {"a": 1}, True),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 3, False),
    ({"not": {}}, 1, False),
    ({"not": {"type": "string"}}, 1, True),
    ({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}, "", False),
    ({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"minimum": 1}}, 0, False),
    ({"if": {"type": "string"}, "then": {"minLength": 1}}, 0, True),
    ({"if": {"type": "string"}, "else": {"minimum": 1}}, "", True),
    ({"$ref": "#/definitions/a", "type": "string", "definitions": {"a": {"type": "integer"}}}, 1, True),
    ({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"minimum": 1}}}, 0, False),
    ({"title": "says nothing", "description": "this neither"}, None, True),
]


@pytest.mark.parametrize(("schema", "value", "valid"), CORNERS)
def test_a_corner_is_judged_as_helm_and_jsonschema_do(schema: dict[str, Any], value: Plain, *, valid: bool) -> None:
    assert accepts(schema, value) is valid
    assert value == "a\n" or Draft7Validator(schema).is_valid(value) is valid  # Python's `$` takes a newline


@pytest.mark.parametrize(
    ("items", "index"),
    [
        ([], None),
        (["a", "b"], None),
        (["a", "b", "a", "b"], 2),
        ([1, "1", 1.0], 2),
        ([[], {}, []], 2),
        ([0, False], None),
    ],
)
def test_the_first_repeated_item_is_found(items: list[Plain], index: int | None) -> None:
    assert repeated(items) == index


def test_a_pattern_is_compiled_once() -> None:
    assert searcher("^once$") is searcher("^once$")


def test_a_schema_is_read_once() -> None:
    assert load_schema("values") is load_schema("values")


def test_valid_values_have_no_fault() -> None:
    assert told("externalRouting: {}\nreplicaCount: 2") == []


def test_values_that_are_no_map_are_one_fault() -> None:
    node = find(tree("a: [1]"), ValuePath(("a",)))
    assert node is not None
    (finding,) = check(VALUES, node)

    assert (finding.at, finding.on_key) == ((), False)
    assert finding.message.startswith("the contract takes a map, not a list; take the dashes away")


def test_faults_stand_where_the_contract_does() -> None:
    assert told("ports: [{number: 80, name: web}]", ("apps", "orders")) == [
        Finding(
            ValuePath(("apps", "orders", "ports", 0, "name")),
            "name 'web' is not a name that says its protocol; write http-web",
        )
    ]


def test_faults_come_in_the_order_of_the_values() -> None:
    text = """
resilience: {loadBalancing: x, colour: y}
ports:
  - {name: web, number: 0, colour: y}
  - {}
externalRouting: {timeout: 5, hosts: [b, a, c.example.com, c.example.com]}
"""

    assert [(str(finding.at), finding.on_key) for finding in told(text)] == [
        ("resilience.loadBalancing", False),
        ("resilience.colour", True),
        ("ports[0].name", False),
        ("ports[0].number", False),
        ("ports[0].colour", True),
        ("ports[1]", False),
        ("externalRouting.timeout", False),
        ("externalRouting.hosts[0]", False),
        ("externalRouting.hosts[1]", False),
        ("externalRouting.hosts[3]", False),
    ]


def test_a_refused_key_is_told_without_what_stands_below_it() -> None:
    text = """
internalRouting:
  pathConfiguration:
    - path: /a
      cors: {allowOrigin: 5, maxAge: 0}
upstreams:
  - {host: a.example.com, port: "80"}
externalRouting:
  pathConfiguration:
    - path: /a
      headers: {"x y": 5}
"""

    assert [(str(finding.at), finding.on_key) for finding in told(text)] == [
        ("internalRouting.pathConfiguration[0].cors", True),
        ("upstreams[0].port", True),
        ('externalRouting.pathConfiguration[0].headers["x y"]', True),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ports: [{number: 1, name: http, colour: 1}]",
            "unknown key 'colour' in a port; its keys are number, name, ",
        ),
        ("resilience: {outlierDetections: {}}", "did you mean 'outlierDetection'?"),
        ("resilience: {prefersamezone: true}", "did you mean 'preferSameZone'?"),
        ("resilience: {loadbalancng: random}", "did you mean 'loadBalancing'?"),
        ("resilience: {targetPort: 1}", "'targetPort' belongs to a port, not to resilience"),
        (
            "resilience: {retryOn: 5xx}",
            "belongs to an item of pathConfiguration or externalRouting, not to resilience",
        ),
        ("resilience: {sessionAffinities: {}}", "did you mean 'sessionAffinity'?"),
        ("externalRouting: {hosts: ['" + "a" * 70 + "_']}", "hosts '" + "a" * 60 + "...' is not a host name"),
    ],
)
def test_an_unknown_key_gets_the_nearest_answer(text: str, message: str) -> None:
    (finding,) = told(text)

    assert message in finding.message
