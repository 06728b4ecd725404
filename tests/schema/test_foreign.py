"""Every key of another system is answered by name, and only where it makes sense."""

from typing import Any

import pytest

from meshguard.diagnostic import ROOT, ValuePath
from meshguard.faults import faults
from meshguard.foreign import FOREIGN
from meshguard.schema import load_schema

CASES = [(title, key, answer) for title, keys in FOREIGN.items() for key, answer in keys.items()]


def section(title: str) -> dict[str, Any]:
    """Give the section with that title as a schema of its own; those of the values come first."""
    for name in ("values", "policy"):
        whole: Any = load_schema(name)
        for part in (*whole["definitions"].values(), whole):
            if part.get("title") == title and "properties" in part:
                return {**part, "definitions": whole["definitions"]}
    raise AssertionError(title)


@pytest.mark.parametrize(("title", "key", "answer"), CASES, ids=[f"{title}-{key}" for title, key, _ in CASES])
def test_a_foreign_key_is_answered_by_name(title: str, key: str, answer: str) -> None:
    schema = section(title)
    told = {found.at: found for found in faults(schema, {key: 1}, ROOT)}[ValuePath((key,))]

    assert told.on_key
    assert told.message == (f"'{key}' {answer}" if " " in answer else f"'{key}' is called '{answer}' here")
    assert key not in schema["properties"]
    assert " " in answer or answer in schema["properties"]


@pytest.mark.parametrize("answer", sorted({answer for _, _, answer in CASES}))
def test_an_answer_is_one_short_sentence(answer: str) -> None:
    assert len(answer) <= 110
    assert not answer.endswith(".")


@pytest.mark.parametrize("key", ["virtual_service", "VirtualService", "virtualservice"])
def test_the_style_of_a_foreign_key_does_not_matter(key: str) -> None:
    (told,) = faults(section("resilience"), {key: {}}, ROOT)

    assert told.message.startswith(f"'{key}' is raw Istio")


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("an item of pathConfiguration", {"prefix": "/a"}),
        ("a port", {"port": 80, "portName": "http"}),
        ("redirect", {"uri": "/a"}),
        ("sessionAffinity", {"cookieName": "SID"}),
        ("an upstream", {"hostname": "a.example.com"}),
        ("tls", {"sni": "a.example.com"}),
    ],
)
def test_a_key_that_stands_for_a_missing_one_is_told_once(title: str, value: dict[str, Any]) -> None:
    assert [found.at for found in faults(section(title), value, ROOT)] == [ValuePath((key,)) for key in value]
