"""Values with places: one tree in which every value and every key keeps its span, through all layers."""

from typing import NamedTuple, TypeAlias

from meshguard.diagnostic import Span, ValuePath

Scalar: TypeAlias = bool | int | float | str | None
Plain: TypeAlias = "Scalar | dict[str, Plain] | list[Plain]"


Value: TypeAlias = "Scalar | dict[str, Node] | list[Node]"


class Node(NamedTuple):
    """One value: a scalar, a map of nodes or a list of nodes; never changed once it is made.

    `span` is where the value stands. `key` is where its key stands; None in a list and at the root.
    """

    value: Value
    span: Span
    key: Span | None = None


def plain(node: Node) -> Plain:
    """Give the value without its places, as a template would see it."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain(child) for child in value]
    return value


def child(node: Node, step: str | int) -> Node | None:
    """Give what stands under a key or at an index, if anything does."""
    value = node.value
    below: Node | None = None
    if isinstance(value, dict):
        below = value.get(step) if isinstance(step, str) else None
    elif isinstance(value, list) and isinstance(step, int) and step < len(value):
        below = value[step]
    return below


def find(node: Node, path: ValuePath) -> Node | None:
    """Give the node at the path, or None."""
    for step in path:
        below = child(node, step)
        if below is None:
            return None
        node = below
    return node


def nearest(node: Node, path: ValuePath) -> Node:
    """Give the node at the path, or the deepest one on the way that exists."""
    for step in path:
        below = child(node, step)
        if below is None:
            return node
        node = below
    return node
