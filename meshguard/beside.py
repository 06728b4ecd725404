"""What values hold beside the model: keys that are not the contract's, and where fields of a name stand."""

from collections.abc import Container, Iterator
from typing import NamedTuple

from meshguard.diagnostic import ValuePath
from meshguard.node import Node

SECTIONS = ("ports", "externalRouting", "internalRouting", "resilience", "upstreams")
_FREE = frozenset({"headers", "queryParams", "set", "add"})  # maps whose keys are names of the team's own
_BY_PATH = "pathOverrides"


class Stray(NamedTuple):
    """A key beside the sections of the contract that holds a map or a list; `keys` are those of the first map."""

    at: ValuePath
    key: str
    is_list: bool
    keys: frozenset[str]


def strays(contract: Node, at: ValuePath) -> Iterator[Stray]:
    """Give the keys beside the sections, as far as they hold something with keys."""
    for key, node in _items(contract):
        if key not in SECTIONS and isinstance(node.value, dict | list):
            first = node if isinstance(node.value, dict) else next(iter(node.value), None)
            keys = frozenset(name for name, _ in _items(first)) if first is not None else frozenset()
            yield Stray(at / key, key, isinstance(node.value, list), keys)


def places(contract: Node, at: ValuePath, names: Container[str]) -> Iterator[ValuePath]:
    """Give where the sections say fields of these names, not what stands below them; `false` says nothing."""
    for key, node in _items(contract):
        if key in SECTIONS:
            yield from _field(key, node, at / key, names)


def in_section(at: ValuePath, contract: ValuePath) -> bool:
    """Tell whether a place lies in a section of the contract, which stands below `contract`."""
    depth = len(contract)
    return at[:depth] == contract and at[depth : depth + 1] != () and at[depth] in SECTIONS


def _field(key: str, node: Node, at: ValuePath, names: Container[str]) -> Iterator[ValuePath]:
    if key in names and node.value is not None and node.value is not False:
        yield at
    elif key not in _FREE:
        for step, below in _below(node):
            known = "" if key == _BY_PATH or isinstance(step, int) else step
            yield from _field(known, below, at / step, names)


def _below(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node.value, list):
        yield from enumerate(node.value)
    else:
        yield from _items(node)


def _items(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node.value, dict):
        yield from node.value.items()
