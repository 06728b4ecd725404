"""Typed access to the fields of an object: a tree in, plain values out; an error with a place for a wrong type."""

from collections.abc import Collection
from typing import NamedTuple

from meshguard.diagnostic import Span
from meshguard.node import Node, child


class MalformedError(Exception):
    """A field holds what the API would refuse: which, why, and where."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


class Field(NamedTuple):
    """A place in an object; `node` is None where nothing is written, `span` then that of what stands around."""

    node: Node | None
    path: str
    span: Span


def root(node: Node) -> Field:
    """Give the object itself."""
    return Field(node, "", node.span)


def below(field: Field, *keys: str) -> Field:
    """Go down to a field; what is null counts as absent, as in Kubernetes."""
    for key in keys:
        _expect(field, dict, "a map")
        found = None if field.node is None else child(field.node, key)
        path = f"{field.path}.{key}" if field.path else key
        present = found is not None and found.value is not None
        field = Field(found if present else None, path, found.span if found is not None and present else field.span)
    return field


def items(field: Field) -> tuple[Field, ...]:
    """Give the items of a list."""
    _expect(field, list, "a list")
    value = None if field.node is None else field.node.value
    listed = value if isinstance(value, list) else []
    return tuple(Field(item, f"{field.path}[{index}]", item.span) for index, item in enumerate(listed))


def entries(field: Field) -> tuple[tuple[str, Field], ...]:
    """Give the keys of a map with what stands there."""
    _expect(field, dict, "a map")
    value = None if field.node is None else field.node.value
    keys = value if isinstance(value, dict) else {}
    return tuple((key, below(field, key)) for key in keys)


def text(field: Field) -> str:
    """Give a text, empty where there is none."""
    _expect(field, str, "text")
    value = None if field.node is None else field.node.value
    return value if isinstance(value, str) else ""


def texts(field: Field) -> tuple[str, ...]:
    """Give a list of texts."""
    return tuple(text(item) for item in items(field))


def labels(field: Field) -> dict[str, str]:
    """Give a map of texts."""
    return {key: text(value) for key, value in entries(field)}


def flag(field: Field) -> bool:
    """Give a boolean, false where there is none."""
    _expect(field, bool, "true or false")
    return field.node is not None and field.node.value is True


def number(field: Field) -> int | None:
    """Give a whole number, None where there is none."""
    if field.node is None:
        return None
    value = field.node.value
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedError(f"{field.path} must be a whole number", field.span)
    return value


def port(field: Field) -> int:
    """Give a port number, which must be there."""
    value = number(field)
    if value is None:
        raise MalformedError(f"{field.path} is missing", field.span)
    return _in_range(value, field)


def port_key(key: str, field: Field) -> int:
    """Give the port number that a key of a map is."""
    if not key.isascii() or not key.isdigit() or len(key) > 5:  # noqa: PLR2004 - 65535
        raise MalformedError(f"'{key}' in {field.path.rpartition('.')[0]} is no port number", field.span)
    return _in_range(int(key), field)


def word(field: Field, allowed: Collection[str]) -> str:
    """Give one of the words that the API knows, empty where nothing is written."""
    said = text(field)
    if said and said not in allowed:
        raise MalformedError(f"{field.path} '{said}' must be one of {', '.join(allowed)}", field.span)
    return said


def _in_range(value: int, field: Field) -> int:
    if not 1 <= value <= 65535:  # noqa: PLR2004 - the port numbers there are
        raise MalformedError(f"{field.path} is {value}, and port numbers are 1 to 65535", field.span)
    return value


def _expect(field: Field, kind: type, name: str) -> None:
    if field.node is not None and not isinstance(field.node.value, kind):
        raise MalformedError(f"{field.path or 'the object'} must be {name}", field.span)
