"""Helm's verdicts as they were recorded: formats, patterns, and schemas of every draft with values."""

import json
from pathlib import Path
from typing import Any

import pytest

from meshguard.chart_schema.judge import refusals
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.node import Plain, plain

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "recorded.json").read_text())
VECTORS = json.loads((HERE.parent / "helm" / "vectors" / "schema.json").read_text())["cases"]
DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def accepts(schema: object, values: object) -> bool:
    """Give our verdict; a schema that is text is taken as it stands, and the values go through a values file."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    file = json.dumps(values, ensure_ascii=False).replace("\x7f", "\\x7f")
    read: Plain = plain(load(file.encode(), "values.yaml", NEWEST_4).node)
    return refusals(text.encode(), read) == ()


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_vectors(case: dict[str, Any]) -> None:
    assert accepts(case["schema"], case["values"]) == (case["helm"] == "OK")


@pytest.mark.parametrize("name", RECORDED["formats"])
def test_formats(name: str) -> None:
    schema = {"$schema": DRAFT_7, "properties": {"x": {"format": name}}}
    taken = [index for index, text in enumerate(RECORDED["texts"]) if accepts(schema, {"x": text})]

    assert [RECORDED["texts"][index] for index in taken] == [
        RECORDED["texts"][index] for index in RECORDED["formats"][name]
    ]


@pytest.mark.parametrize("pattern", RECORDED["patterns"])
def test_patterns(pattern: str) -> None:
    schema = {"$schema": DRAFT_7, "properties": {"x": {"pattern": pattern}}}
    texts = RECORDED["pattern_texts"]
    taken = [index for index, text in enumerate(texts) if accepts(schema, {"x": text})]

    assert (taken if accepts(schema, {}) else None) == RECORDED["patterns"][pattern]


def test_schemas() -> None:
    wrong = [case for case in RECORDED["schemas"] if accepts(*case[:2]) != case[2]]

    assert wrong == []
    assert len(RECORDED["schemas"]) > 400
