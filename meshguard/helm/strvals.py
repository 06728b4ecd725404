"""`--set` and its kin: a tree and one expression in, the tree with the expression's values in it out.

The grammar is that of Helm's `pkg/strvals`, oddities included: it is a hand-written reader of runes that edits the
values in place, so what it ignores, it ignores here too.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, cast

from meshguard.diagnostic import ROOT, Span, ValuePath
from meshguard.helm.layers import merge, replaced
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.scalar import go_text
from meshguard.helm.setjson import read_json
from meshguard.helm.version import Version
from meshguard.node import Node

MAX_INDEX = 65536  # Helm's own bounds
MAX_LEVELS = 30
DEPTH = 200  # ours: Helm bounds neither brackets
LIMIT = 5 * 2**20  # bytes of a file
PADDING = 1_000_000  # nor the nulls that an index fills in
SPACES = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

Reader: TypeAlias = Callable[[str, Span], Node]
Items: TypeAlias = dict[str, Node]


class _Line(NamedTuple):
    """One expression. `kind` is the flag without its dashes; `read` turns the text of a value into it."""

    text: str
    file: str
    kind: str
    read: Reader
    helm: Version
    losses: list[Loss]
    starts: list[int]  # of the lines, for places
    padding: list[int]  # how many nulls were filled in before an index


class _Step(NamedTuple):
    """Where reading stands: the next character, and whether the reader ran into the end on the way."""

    at: int
    ended: bool = False


def source(kind: str, expression: str) -> tuple[str, str]:
    """Give the file name that the spans of an argument have, and the text that they count in."""
    text = re.sub("[\ud800-\udfff]", "\ufffd", expression)  # Go reads bytes that are no UTF-8 so
    return f"--{kind} {text}", text


def apply(
    base: Node, kind: str, expression: str, helm: Version, read_file: Callable[[str], bytes]
) -> tuple[Node, tuple[Loss, ...]]:
    """Set what one `--set`, `--set-string`, `--set-json`, `--set-literal` or `--set-file` says, on the values.

    `kind` is the flag without its dashes. Raises SourceError for what Helm refuses.
    """
    file, text = source(kind, expression)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    line = _Line(text, file, kind, _reader(kind, read_file), helm, [], starts, [0])
    try:
        return _apply(line, base)
    except SourceError as error:
        error.text = text
        if kind == "set-json" and helm < (4,) and text.lstrip(SPACES).startswith("{"):
            error.args = ("Helm 3 takes KEY=JSON here; a whole object is for Helm 4 alone",)
        raise


def _apply(line: _Line, base: Node) -> tuple[Node, tuple[Loss, ...]]:
    blanks = len(line.text) - len(line.text.lstrip(SPACES))
    if line.kind == "set-json" and line.helm >= (4,) and line.text.startswith("{", blanks):
        return merge(base, read_json(line.text, blanks, line.file, whole=True)[0])
    items = dict(_items(base))
    step = _Step(0)
    while not step.ended:
        step = _key(line, step.at, items, 0, ROOT)
    return Node(items, base.span, base.key), tuple(line.losses)


def _items(node: Node) -> Items:
    return cast("Items", node.value)


def _list(node: Node | None) -> list[Node]:
    return list(node.value) if node and isinstance(node.value, list) else []


def _reader(kind: str, read_file: Callable[[str], bytes]) -> Reader:
    if kind == "set":
        return _typed
    if kind == "set-file":
        return lambda text, span: _content(read_file(text), text, span)
    return Node


def _content(data: bytes, path: str, span: Span) -> Node:
    if len(data) > LIMIT:
        raise SourceError(f"the file '{path}' is larger than {LIMIT >> 20} MiB", span)
    return Node(go_text(data), span)


def _typed(text: str, span: Span) -> Node:
    """Give the value as `--set` types it: true, false, null, an int64 or text."""
    folded = text.casefold()
    if folded in ("true", "false"):
        return Node(folded == "true", span)
    if folded == "null":
        return Node(None, span)
    if re.fullmatch(r"0|[-+]0*[0-9]{1,19}|[1-9][0-9]{0,18}", text) and -(2**63) <= int(text) < 2**63:
        return Node(int(text), span)
    return Node(text, span)


def _until(line: _Line, at: int, stops: str) -> tuple[str, str, int]:
    """Give the text up to one of the stops, the stop itself (`` at the end) and where to go on."""
    text, found, end = line.text, "", len(line.text)
    escapes = line.kind != "set-literal"
    while at < end:
        rune = text[at]
        at += 1
        if rune in stops:
            return found, rune, at
        if rune == "\\" and escapes:
            found += text[at : at + 1]
            at += 1
        else:
            found += rune
    return found, "", end


def _span(line: _Line, start: int, end: int) -> Span:
    first, last = bisect_right(line.starts, start), bisect_right(line.starts, end)
    return Span(line.file, first, start - line.starts[first - 1] + 1, last, end - line.starts[last - 1] + 1)


def _refuse(line: _Line, message: str, start: int, end: int) -> SourceError:
    return SourceError(message, _span(line, start, end))


def _key(line: _Line, start: int, items: Items, level: int, path: ValuePath) -> _Step:
    stops = "=[." if line.kind == "set-literal" else "=[,."
    name, stop, at = _until(line, start, stops)
    if not stop and not name:
        return _Step(at, ended=True)
    if not stop or stop == ",":
        raise _refuse(line, f"the key '{name}' has no value: write `{name}=VALUE`", start, at)
    span = _span(line, start, at - 1)
    if stop == "[":
        return _indexed(line, at, items, (name, span), level, path)
    if stop == ".":
        return _nested(line, at, items, (name, span), level, path)
    node, step = _value(line, at)
    _set(line, items, name, Node(node.value, node.span, span), path)
    return step


def _set(line: _Line, items: Items, name: str, node: Node, path: ValuePath) -> None:
    if not name:
        _ignore(line, path, node.key or node.span)
        return
    if name in items:
        line.losses.extend(replaced(items[name], node, path / name))
    items[name] = node


def _ignore(line: _Line, path: ValuePath, span: Span) -> None:
    """Note that Helm ignores an empty key, and what it would have set."""
    line.losses.append(
        Loss("ignored-argument", path / "", span, "Helm ignores a key without a name, and its value")
    )


def _nested(line: _Line, at: int, items: Items, key: tuple[str, Span], level: int, path: ValuePath) -> _Step:
    name, span = key
    if level >= MAX_LEVELS:
        raise _refuse(line, f"keys may be nested {MAX_LEVELS} levels deep, no more", 0, at)
    before = items.get(name)
    if before is not None and not isinstance(before.value, dict):
        raise SourceError(f"'{name}' is no map, so nothing can be set below it", span)
    inner = dict(_items(before)) if before else {}
    step = _key(line, at, inner, level + 1, path / name)
    if not step.ended and not inner:
        raise SourceError(f"the key '{name}' has no value", span)
    if before:
        items[name] = Node(inner, before.span, before.key)
    elif inner and name:
        items[name] = Node(inner, _span(line, at, step.at), span)
    elif inner:
        _ignore(line, path, span)
    return step


def _index(line: _Line, start: int) -> tuple[int, int] | None:
    """Give the index before the next `]` and where to go on; None where Helm runs into the end unnoticed."""
    text, stop, at = _until(line, start, "]")
    if not stop:
        if line.helm >= (4,):
            return None
        raise _refuse(line, "an index must end with `]`", start, at)
    if not re.fullmatch(r"[-+]?0*[0-9]{1,19}", text) or not -(2**63) <= int(text) < 2**63:
        raise _refuse(line, f"the index '{text}' is no number", start, at - 1)
    return int(text), at


def _indexed(line: _Line, at: int, items: Items, key: tuple[str, Span], level: int, path: ValuePath) -> _Step:
    name, span = key
    index = _index(line, at)
    if index is None:
        detail = "Helm 4 ignores this, because the index does not end with `]`"
        line.losses.append(Loss("ignored-argument", path / name, span, detail))
        return _Step(len(line.text), ended=True)
    before = items.get(name)
    if before is not None and not isinstance(before.value, list):
        raise SourceError(f"'{name}' is no list, so it has no index", span)
    known = _list(before)
    found, step = _item(line, index[1], known, index[0], level, path / name)
    if before:
        if name or len(found) == len(known):
            items[name] = Node(found, before.span, before.key)
    elif name:
        items[name] = Node(found, _span(line, at, step.at), span)
    else:
        _ignore(line, path, span)
    return step


def _item(
    line: _Line, start: int, known: list[Node], index: int, level: int, path: ValuePath
) -> tuple[list[Node], _Step]:
    """Read what follows `[index]`, and give the list with it."""
    if len(path) > DEPTH:
        raise _refuse(line, f"values may be nested {DEPTH} levels deep, no more", 0, start)
    if index < 0:
        raise _refuse(line, f"the index {index} is negative", start, start)
    text, stop, at = _until(line, start, "[.=")
    if text:
        raise _refuse(line, f"'{text}' cannot follow an index: write `=`, `.` or `[`", start, at)
    if not stop:
        return known, _Step(at, ended=True)
    if stop == "=":
        node, step = _value(line, at)
        return _put(line, known, index, node, path), _Step(step.at)
    if stop == ".":
        return _item_map(line, at, known, index, level, path)
    return _item_list(line, at, known, index, level, path)


def _put(line: _Line, known: list[Node], index: int, node: Node, path: ValuePath) -> list[Node]:
    if index < len(known):
        line.losses.extend(replaced(known[index], node, path / index))
        return [*known[:index], node, *known[index + 1 :]]
    if index > MAX_INDEX:
        raise SourceError(f"the index {index} is greater than {MAX_INDEX}", node.span)
    line.padding[0] += index - len(known)
    if line.padding[0] > PADDING:
        raise SourceError(f"the indexes fill in more than {PADDING} nulls", node.span)
    return [*known, *[Node(None, node.span)] * (index - len(known)), node]


def _item_map(
    line: _Line, at: int, known: list[Node], index: int, level: int, path: ValuePath
) -> tuple[list[Node], _Step]:
    before = known[index] if index < len(known) else None
    inner = dict(before.value) if before and isinstance(before.value, dict) else {}
    step = _key(line, at, inner, level, path / index)
    if step.ended and not before:
        return known, step  # Helm forgets the new map here
    kept = before and isinstance(before.value, dict)
    span = before.span if before and kept else _span(line, at, step.at)
    return _put(line, known, index, Node(inner, span), path), step


def _item_list(
    line: _Line, at: int, known: list[Node], index: int, level: int, path: ValuePath
) -> tuple[list[Node], _Step]:
    following = _index(line, at)
    if following is None:
        return known, _Step(len(line.text), ended=True)
    before = known[index] if index < len(known) else None
    if before and before.value is not None and not isinstance(before.value, list):
        raise _refuse(line, f"item {index} is no list, so it has no index", at, following[1])
    inner = _list(before)
    found, step = _item(line, following[1], inner, following[0], level, path / index)
    if step.ended and not (before and before.value is not None):
        return known, step
    span = before.span if before and before.value is not None else _span(line, at, step.at)
    return _put(line, known, index, Node(found, span), path), step


def _value(line: _Line, at: int) -> tuple[Node, _Step]:
    """Read a value after its `=`."""
    text = line.text
    if line.kind == "set-json":
        return _json_value(line, at)
    if line.kind == "set-literal":
        return Node(text[at:], _span(line, at, len(text))), _Step(len(text))
    if at == len(text):
        return Node("", _span(line, at, at)), _Step(at, ended=True)
    if text[at] == "{":
        return _list_value(line, at)
    found, stop, end = _until(line, at, ",")
    return line.read(found, _span(line, at, end - len(stop))), _Step(end)


def _list_value(line: _Line, start: int) -> tuple[Node, _Step]:
    items: list[Node] = []
    at, stop = start + 1, ","
    while stop == ",":
        found, stop, end = _until(line, at, ",}")
        if not stop:
            raise _refuse(line, "a list must end with `}`", start, end)
        items.append(line.read(found, _span(line, at, end - 1)))
        at = end
    node = Node(items, _span(line, start, at))
    return node, _Step(at + (line.text[at : at + 1] == ","))


def _json_value(line: _Line, start: int) -> tuple[Node, _Step]:
    at, empty = _skip(line.text, start)
    if empty:
        return Node(None, _span(line, start, start)), _Step(at)
    node, at = read_json(line.text, at, line.file, whole=False)
    return node, _Step(_skip(line.text, at)[0])


def _skip(text: str, at: int) -> tuple[int, bool]:
    """Skip blanks and one comma, and tell whether there was no value before it."""
    while at < len(text) and text[at] in SPACES:
        at += 1
    if text[at : at + 1] == ",":
        return at + 1, True
    return at, at == len(text)
