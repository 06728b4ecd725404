"""Values with places: one tree in which every value and every key keeps its span, through all layers."""

from typing import NamedTuple, TypeAlias, Union

from meshguard.diagnostic import Span, ValuePath

Scalar: TypeAlias = None | bool | int | float | str
Plain: TypeAlias = Union[Scalar, dict[str, "Plain"], list["Plain"]]


class Node(NamedTuple):
    """One value: a scalar, a map of nodes or a list of nodes; never changed once it is made.

    `span` is where the value stands. `key` is where its key stands; None in a list and at the root.
    """

    value: Union[Scalar, dict[str, "Node"], list["Node"]]
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
    if isinstance(value, dict):
        return value.get(step) if isinstance(step, str) else None
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


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
