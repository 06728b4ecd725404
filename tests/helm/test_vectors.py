"""Helm's reading as it was recorded: every case, for values files, `--set` arguments and chart defaults."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from meshguard.diagnostic import Span
from meshguard.helm.layers import Chart, coalesce
from meshguard.helm.loss import SourceError
from meshguard.helm.strvals import apply
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version, parse_version
from meshguard.helm.yaml import load
from meshguard.node import Node, plain

VECTORS = Path(__file__).parent / "vectors"
NOWHERE = Span("test", 1, 1, 1, 1)


def cases(name: str, key: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / f"{name}.json").read_text())[key])


def typed(value: Any) -> Any:
    """Tell apart what Python holds equal: numbers are one kind to Helm, booleans another."""
    if isinstance(value, dict):
        return {key: typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [typed(below) for below in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("number", repr(float(value)))
    return value


YAML_CASES = [
    pytest.param(case, how, id=f"{case['name']} {how}")
    for case in cases("yaml", "cases")
    for how in ("v4_load", "first_doc")
    if how in case
]


@pytest.mark.parametrize(("case", "how"), YAML_CASES)
def test_yaml(case: dict[str, Any], how: str) -> None:
    data = base64.b64decode(case["b64"])
    helm = NEWEST_4 if how == "v4_load" else NEWEST_3

    if case[how]["ok"]:
        assert typed(plain(load(data, "values.yaml", helm).node)) == typed(case[how]["values"])
    else:
        with pytest.raises(SourceError):
            load(data, "values.yaml", helm)


SET_CASES = [
    *((case["expr"], kind, case[kind]) for case in cases("strvals", "strvals") for kind in ("set", "set_string")),
    *((case["expr"], "set_literal", case["set_literal"]) for case in cases("strvals", "strvals")),
    *((case["expr"], "set_json", case["set_json"]) for case in cases("strvals", "set_json")),
]


def no_file(path: str) -> bytes:
    raise AssertionError(path)


@pytest.mark.parametrize(("expression", "kind", "expected"), SET_CASES)
def test_set(expression: str, kind: str, expected: dict[str, Any]) -> None:
    # The recorded --set-json cases are those of its key=JSON form alone, which a leading brace selects in Helm 3.
    helm = NEWEST_3 if kind == "set_json" and expression.startswith("{") else NEWEST_4
    base = Node({}, NOWHERE)

    if expected["ok"]:
        found = plain(apply(base, kind.replace("_", "-"), expression, helm, no_file)[0])
        assert json.dumps(found, sort_keys=True) == json.dumps(expected["value"], sort_keys=True)
    else:
        with pytest.raises(SourceError):
            apply(base, kind.replace("_", "-"), expression, helm, no_file)


def tree(value: Any) -> Node:
    if isinstance(value, dict):
        return Node({key: tree(below) for key, below in value.items()}, NOWHERE)
    if isinstance(value, list):
        return Node([tree(below) for below in value], NOWHERE)
    return Node(value, NOWHERE)


# The inputs behind the numbered lines of coalesce-*.txt: the chart's values, the subchart's (or none), the user's.
COALESCE: dict[int, tuple[Any, Any, Any]] = {
    1: ({"a": 1}, None, {"a": None}),
    2: ({"m": {"a": 1, "b": 2}}, None, {"m": {"a": None}}),
    3: ({"m": {"a": 1}}, None, {"m": None}),
    4: ({"a": 1}, None, {"zz": None, "m": {"q": None}}),
    5: ({"m": {}}, None, {"m": {"q": None}}),
    6: ({"a": None, "m": {"x": None, "y": 1}}, None, {"m": {"z": 2}}),
    7: ({"a": None, "m": {"x": None}}, None, {}),
    8: ({}, {"x": 1, "m": {"p": 1, "q": 2}}, {"sub": {"x": None, "m": {"p": None}}}),
    9: ({"sub": {"x": None, "m": {"p": None}}}, {"x": 1, "m": {"p": 1, "q": 2}}, {}),
    10: ({"sub": {"x": 5}}, {"x": 1}, {"sub": {"x": None}}),
    11: ({"sub": {"x": 5}}, {"x": 1}, {"sub": None}),
    12: ({}, {"x": None, "m": {"p": None}}, {}),
    13: ({"global": {"r": "eu", "s": 1}}, {}, {"global": {"s": None}}),
    14: ({"l": [1, 2]}, None, {"l": [3]}),
    15: ({"m": {"a": 1}}, None, {"m": 5}),
    16: ({"m": 5}, None, {"m": {"a": 1}}),
}
RECORDED = [
    pytest.param(parse_version(path.stem.partition("-")[2]), number, answer, id=f"{path.stem} {name}")
    for path in sorted(VECTORS.glob("coalesce-*.txt"))
    for name, _, text in (line.partition("\t") for line in path.read_text().splitlines())
    for number, answer in [(int(name.split(" ", 1)[0]), json.loads(text))]
]


@pytest.mark.parametrize(("helm", "number", "expected"), RECORDED)
def test_coalesce(helm: Version, number: int, expected: Any) -> None:
    defaults, sub, user = COALESCE[number]
    charts = () if sub is None else (Chart("sub", tree(sub)),)

    found = plain(coalesce(Chart("top", tree(defaults), charts), tree(user), helm)[0])
    assert typed(found) == typed(expected)
