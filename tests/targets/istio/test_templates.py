"""Templates place, Python decides: no value can change the structure of what is rendered."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshguard.diagnostic import ValuePath
from meshguard.targets.istio.objects import Object
from meshguard.targets.istio.render import _text, objects
from tests.targets.istio.given import HERE, POLICY, facts_of, service_of

TEMPLATES = sorted((HERE.parents[2] / "meshguard/targets/istio/templates").glob("*.j2"))
PLACEHOLDER = re.compile(r"\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"\{%[+-]? (\w+)")
TAGS = {"if", "else", "endif", "for", "endfor", "include", "filter", "endfilter", "with", "endwith"}
FILTERED = re.compile(r"\{\{ [a-z_.]+ \| scalar \}\}")
CASES = ("contract", "cors", "headers", "redirect", "passthrough", "session-cookie", "session-header", "upstreams")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_placeholder_passes_the_encoder(path: Any) -> None:
    text = path.read_text()

    assert [found for found in PLACEHOLDER.findall(text) if not FILTERED.fullmatch(found)] == []
    assert set(TAG.findall(text)) <= TAGS


def all_objects() -> Iterator[Object]:
    for case in CASES:
        own = HERE / case / "policy.yaml"
        facts = facts_of(own.read_text() if own.exists() else POLICY)
        yield from objects(service_of((HERE / case / "values.yaml").read_text(), facts), facts)


def swapped(value: Any, swap: Callable[[str], str]) -> Any:
    """Give the object with every text changed, and every path of a comment."""
    if isinstance(value, str):
        return swap(value)
    if isinstance(value, ValuePath):
        return ValuePath(swap(step) if isinstance(step, str) else step for step in value)
    if isinstance(value, dict):
        return {swap(key): swapped(item, swap) for key, item in value.items()}
    if isinstance(value, tuple):
        parts = [swapped(item, swap) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Give what a reader made of the YAML with the texts that stand for markers."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict):
        return {renamed(key, names): renamed(item, names) for key, item in value.items()}
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def read(thing: Object) -> Any:
    return yaml.load(_text(type(thing).__name__, thing), Loader=yaml.CSafeLoader)


OBJECTS = tuple(all_objects())
TEXT = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=30)


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: f"{type(thing).__name__}-{thing.head.name}")
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_value_changes_the_structure(thing: Object, data: st.DataObject) -> None:
    names: dict[str, str] = {}
    texts: dict[str, str] = {}

    def mark(_text: str) -> str:
        marker = f"marker{len(names)}"
        names[marker] = f"{len(names)}" + data.draw(TEXT)
        return marker

    marked = swapped(thing, mark)
    texts.update(names)
    hostile = swapped(marked, lambda marker: texts[marker])

    assert read(hostile) == renamed(read(marked), names)
