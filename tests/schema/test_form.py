"""The schemas keep to the form that every Helm 3 and 4, and Python, read alike."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from meshguard.schema import KEYWORDS, load_schema

DIRECTORY = Path(__file__).parents[2] / "schema"
SCHEMAS: dict[str, Any] = {name: load_schema(name) for name in ("values", "policy")}
ANNOTATIONS = {"$schema", "$ref", "definitions", "description", "title", "then", "else"}

# What RE2 and Python read alike: ASCII letters, escaped signs and codes, classes, groups without a name, repeats.
ESCAPED = r"\\[.*{}\\]|\\x[0-7][0-9a-f]"
CLASS = rf"\[\^?(?:{ESCAPED}|[^\[\]\\])+\]"
REPEAT = r"\{[0-9]{1,3}(?:,[0-9]{1,3})?\}"
PATTERN = re.compile(rf"(?:{ESCAPED}|{CLASS}|\(\?:|{REPEAT}|[A-Za-z0-9 /:,%_)|^$*+?-])+")


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Give the schema and all the schemas in it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
        yield from parts(schema.get(keyword))
    for below in (*schema.get("allOf", ()), *schema.get("properties", {}).values()):
        yield from parts(below)
    for below in schema.get("definitions", {}).values():
        yield from parts(below)


def conditions() -> list[dict[str, Any]]:
    """Give the parts that only decide what else holds: nobody is told of them."""
    found = [part[keyword] for part in ALL for keyword in ("if", "not") if keyword in part]
    return [below for part in found for below in parts(part)]


ALL = [part for schema in SCHEMAS.values() for part in parts(schema)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_draft_07(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])

    assert SCHEMAS[name]["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_only_keywords_that_the_interpreter_knows_are_used() -> None:
    used = {keyword for part in ALL for keyword in part}

    assert used - ANNOTATIONS == KEYWORDS.keys()


def test_only_types_that_the_interpreter_knows_are_used() -> None:
    said = [part["type"] for part in ALL if "type" in part]
    types = {name for says in said for name in (says if isinstance(says, list) else [says])}

    assert types == {"object", "array", "string", "boolean", "integer", "number"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_references_are_to_definitions_and_all_of_them_are_used(name: str) -> None:
    used = {part["$ref"].removeprefix("#/definitions/") for part in parts(SCHEMAS[name]) if "$ref" in part}

    assert used == SCHEMAS[name]["definitions"].keys()


def test_patterns_are_read_alike_by_re2_and_python() -> None:
    patterns = {part["pattern"] for part in ALL if "pattern" in part}

    assert [pattern for pattern in patterns if not PATTERN.fullmatch(pattern)] == []


@pytest.mark.parametrize(
    "pattern", [r"\d", "a.b", "(a)", "(?=a)", r"a\z", "[[:alpha:]]", "(?i)a", r"\w", "a{2000}", "é"]
)
def test_what_they_may_read_differently_is_no_such_pattern(pattern: str) -> None:
    assert not PATTERN.fullmatch(pattern)


def test_whatever_can_be_refused_has_words_for_people() -> None:
    silent = conditions()
    judging = {"type", "pattern", "enum", "const", "minimum", "maximum", "required", "not"}
    told = [part for part in ALL if judging & part.keys() and part not in silent]

    assert [part for part in told if "description" not in part] == []
    assert [part for part in told if "title" not in part and "required" not in part] == []


def test_every_key_of_a_section_is_described_for_editors() -> None:
    sections = [part for part in ALL if part.get("additionalProperties") is False]

    assert [
        says for section in sections for says in section["properties"].values() if "description" not in says
    ] == []


def test_descriptions_are_advice_without_a_full_stop() -> None:
    texts = [part[key] for part in ALL for key in ("title", "description") if key in part]

    assert [text for text in texts if text.endswith(".") or text != text.strip() or "please" in text.lower()] == []


def test_what_both_schemas_define_is_the_same() -> None:
    values, policy = (schema["definitions"] for schema in SCHEMAS.values())
    both = values.keys() & policy.keys() - {"retryMethods", "serviceName"}

    assert both >= {"retryOn", "resilience", "host", "duration"}
    assert {name: values[name] for name in both} == {name: policy[name] for name in both}


def test_a_policy_can_deny_every_key_of_the_contract_but_ports() -> None:
    keys = {key for part in parts(SCHEMAS["values"]) for key in part.get("properties", ())}

    assert set(SCHEMAS["policy"]["definitions"]["contractField"]["enum"]) == keys - {"ports"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_file_holds_ascii_and_no_key_twice(name: str) -> None:
    text = (DIRECTORY / f"{name}.schema.json").read_text("utf-8")
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice.extend(key for key in set(keys) if keys.count(key) > 1)
        return dict(pairs)

    assert json.loads(text, object_pairs_hook=once) == SCHEMAS[name]
    assert (twice, text.isascii()) == ([], True)
