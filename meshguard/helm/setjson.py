"""JSON as Go reads it: a text and a place in it in, a tree with places out; for `--set-json`."""

import re
from typing import NamedTuple

from meshguard.diagnostic import Span
from meshguard.helm.loss import SourceError
from meshguard.helm.scalar import from_exact
from meshguard.node import Node

DEPTH = 200
_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)"')
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u(.{4})|(.))")
_WORDS = {"true": True, "false": False, "null": None}
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Source(NamedTuple):
    text: str
    file: str


def read_json(text: str, at: int, file: str, *, whole: bool) -> tuple[Node, int]:
    """Read the JSON value that begins at the place, and tell where it ends.

    With `whole` nothing but blanks may follow. Raises SourceError for what Go's decoder refuses.
    """
    source = _Source(text, file)
    node, end = _value(source, at, None, 0)
    if whole and _BLANK.match(text, end).end() != len(text):  # type: ignore[union-attr] # matches always
        raise _refuse(source, end, "nothing may follow the JSON value")
    return node, end


def _refuse(source: _Source, at: int, why: str) -> SourceError:
    return SourceError(f"this is not JSON: {why}", _span(source, at, min(at + 1, len(source.text))))


def _span(source: _Source, start: int, end: int) -> Span:
    text = source.text
    return Span(
        source.file,
        text.count("\n", 0, start) + 1,
        start - text.rfind("\n", 0, start),
        text.count("\n", 0, end) + 1,
        end - text.rfind("\n", 0, end),
    )


def _blank(source: _Source, at: int) -> int:
    while source.text[at : at + 1] in (" ", "\t", "\n", "\r"):
        at += 1
    return at


def _value(source: _Source, at: int, key: Span | None, depth: int) -> tuple[Node, int]:
    if depth > DEPTH:
        raise _refuse(source, at, f"it is nested more than {DEPTH} levels deep")
    at = _blank(source, at)
    first = source.text[at : at + 1]
    if first == "{":
        return _object(source, at, key, depth)
    if first == "[":
        return _array(source, at, key, depth)
    if first == '"':
        value, end = _string(source, at)
        return Node(value, _span(source, at, end), key), end
    return _literal(source, at, key)


def _literal(source: _Source, at: int, key: Span | None) -> tuple[Node, int]:
    for word, value in _WORDS.items():
        if source.text.startswith(word, at):
            end = at + len(word)
            return Node(value, _span(source, at, end), key), end
    found = _NUMBER.match(source.text, at)
    if not found:
        raise _refuse(source, at, "a value is missing here (text goes in double quotes)")
    end = found.end()
    following = source.text[end : end + 1]
    unfinished = following == "." and not (found[1] or found[2])
    if unfinished or (following in ("e", "E") and not found[2]):
        raise _refuse(source, end, "the number is not complete")
    number = float(found[0])
    if number in (float("inf"), float("-inf")):
        raise _refuse(source, at, "the number is too large")
    return Node(from_exact(number), _span(source, at, end), key), end


def _string(source: _Source, at: int) -> tuple[str, int]:
    found = _STRING.match(source.text, at)
    if not found:
        raise _refuse(source, at, "the text does not end, or holds an escape or a character that JSON lacks")
    return _ESCAPE.sub(_unescape, found[1]), found.end()


def _unescape(found: re.Match[str]) -> str:
    high, low, code, short = found.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if code:
        point = int(code, 16)
        return "\ufffd" if "\ud800" <= chr(point) <= "\udfff" else chr(point)
    return _SHORT.get(short, short)


def _object(source: _Source, start: int, key: Span | None, depth: int) -> tuple[Node, int]:
    items: dict[str, Node] = {}
    at = _blank(source, start + 1)
    while source.text[at : at + 1] != "}":
        if items:
            at = _blank(source, _expect(source, at, ","))
        if source.text[at : at + 1] != '"':
            raise _refuse(source, at, "a key in double quotes is missing here")
        name, end = _string(source, at)
        span = _span(source, at, end)
        at = _expect(source, _blank(source, end), ":")
        items[name], at = _value(source, at, span, depth + 1)
        at = _blank(source, at)
    return Node(items, _span(source, start, at + 1), key), at + 1


def _array(source: _Source, start: int, key: Span | None, depth: int) -> tuple[Node, int]:
    items: list[Node] = []
    at = _blank(source, start + 1)
    while source.text[at : at + 1] != "]":
        if items:
            at = _expect(source, at, ",")
        node, at = _value(source, at, None, depth + 1)
        items.append(node)
        at = _blank(source, at)
    return Node(items, _span(source, start, at + 1), key), at + 1


def _expect(source: _Source, at: int, mark: str) -> int:
    if source.text[at : at + 1] != mark:
        raise _refuse(source, at, f"`{mark}` is missing here")
    return at + 1
