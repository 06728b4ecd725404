"""`accepts` and jsonschema always agree, and whatever is refused has a fault with a place."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from meshguard.diagnostic import ROOT
from meshguard.faults import faults
from meshguard.node import Plain, plain
from meshguard.schema import accepts, load_schema
from tests.tree import tree

HERE = Path(__file__).parent
CORPUS = {"values": "corpus", "policy": "policy"}


@cache
def documents(name: str) -> list[Plain]:
    return [plain(tree(path.read_text("utf-8"))) for path in sorted((HERE / CORPUS[name]).glob("*/*.yaml"))]


def words(part: Any) -> Iterator[str]:
    """Give every key and every word that a schema speaks of, which mutations like best."""
    if isinstance(part, dict):
        for key, below in part.items():
            yield key
            yield from words(below)
    elif isinstance(part, list):
        for below in part:
            yield from words(below)
    elif isinstance(part, str):
        yield part


def with_ends(part: Any) -> Any:
    """Give the schema in Python's own words: `$` would take a newline."""
    if isinstance(part, dict):
        ends = {key: with_ends(below) for key, below in part.items()}
        if isinstance(part.get("pattern"), str):
            ends["pattern"] = re.sub(r"\$(?=\)|$)", r"\\Z", part["pattern"])
        return ends
    return [with_ends(below) for below in part] if isinstance(part, list) else part


def paths(value: Plain, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [at]
    if isinstance(value, dict):
        for key, below in value.items():
            found += paths(below, (*at, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            found += paths(below, (*at, index))
    return found


def mutated(name: str, data: st.DataObject) -> Plain:
    """Put another value, another key or nothing in some places of a document."""
    pieces, keys = pool(name)
    document = copy.deepcopy(data.draw(st.sampled_from(documents(name))))
    for _ in range(data.draw(st.integers(0, 4))):
        ways = paths(document)
        way = ways[data.draw(st.integers(0, len(ways) - 1))]
        if not way:
            continue
        holder: Any = document
        for step in way[:-1]:
            holder = holder[step]
        match data.draw(st.sampled_from(("put", "put", "take", "add", "repeat"))):
            case "put":
                holder[way[-1]] = copy.deepcopy(pieces[data.draw(st.integers(0, len(pieces) - 1))])
            case "take":
                del holder[way[-1]]
            case "add" if isinstance(holder, dict):
                holder[keys[data.draw(st.integers(0, len(keys) - 1))]] = copy.deepcopy(
                    pieces[data.draw(st.integers(0, len(pieces) - 1))]
                )
            case _ if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[data.draw(st.integers(0, len(holder) - 1))]))
    return document


JUNK: list[Plain] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    2.5,
    80,
    443,
    70000,
    1e300,
    "",
    " ",
    "\n",
    "a\n",
    "ä",
    "0s",
    [],
    {},
]
JUNK += [["a", "a"], [1, 1.0], {"": 1}, "/a", "/a\n", "5s\n", "http\n", "*", "a.example.com", "%", "x" * 5000]


@cache
def pool(name: str) -> tuple[list[Plain], list[str]]:
    """Give what mutations put in: values of the corpus and of nobody, and keys."""
    keys = sorted({*words(load_schema(name)), "a", "A b"})
    return [*JUNK, *keys, *(node_at(whole, path) for whole in documents(name) for path in paths(whole))], keys


@cache
def reference(name: str) -> Draft7Validator:
    return Draft7Validator(with_ends(load_schema(name)))


@pytest.mark.parametrize("name", CORPUS)
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_both_ways_agree_and_every_refusal_has_a_place(name: str, data: st.DataObject) -> None:
    value = mutated(name, data)
    valid = reference(name).is_valid(value)
    found = faults(load_schema(name), value, ROOT)

    assert accepts(load_schema(name), value) is valid
    assert (found == ()) is valid
    assert {finding.at for finding in found} <= set(paths(value))
    assert all(re.fullmatch(r"[^\n].*[^.\s]", finding.message, re.DOTALL) for finding in found)


def node_at(value: Any, path: tuple[str | int, ...]) -> Plain:
    for step in path:
        value = value[step]
    return value  # type: ignore[no-any-return] # what a path of plain values leads to
