"""YAML as Helm reads it: bytes in, a map with a place for every key and value out, and what was lost on the way."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from yaml.error import YAMLError
from yaml.events import DocumentStartEvent, ScalarEvent, StreamEndEvent

from meshguard.diagnostic import ROOT, Span
from meshguard.helm.compose import compose
from meshguard.helm.events import Event, RefusalError, Source, with_events
from meshguard.helm.layers import merge
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.version import Version
from meshguard.node import Node

LIMIT = 5 * 2**20  # bytes; what Helm 3 takes of one file of a chart
DOCUMENTS = 1000  # in one source

_BOM = "\ufeff"
_BUFFER = 4096  # bytes; a last line as long as several of these was lost by Helm 4 before 4.3


class Loaded(NamedTuple):
    """A source that was read: its values (a map at the root), what was lost, and its text for excerpts.

    The lines of the text end with a line feed, whatever they end with in the source.
    """

    node: Node
    losses: tuple[Loss, ...]
    text: str


class _Part(NamedTuple):
    """The text of one document, and how many lines stand before it."""

    text: str
    line: int


def load(data: bytes, file: str, helm: Version) -> Loaded:
    """Read a values file as that version of Helm does.

    Raises SourceError, with the place, for what Helm refuses, and for more than 5 MiB, 200 levels, 1,000 documents.
    """
    if len(data) > LIMIT:
        raise SourceError(f"the file is larger than {LIMIT >> 20} MiB", Span(file, 1, 1, 1, 1))
    text = _decode(data, file, helm)
    losses: list[Loss] = []
    try:
        root = _documents(text, file, helm, losses)
    except SourceError as error:
        error.text = _lines(text.removeprefix(_BOM))
        lines = error.text.split("\n")
        error.span = _within(error.span, lines)
        if _is_template(lines[error.span.line - 1]):
            error.args = ("Helm fills no templates in values: write the text itself in place of `{{ }}`",)
        raise
    return Loaded(root, tuple(losses), _lines(text.removeprefix(_BOM)))


def _is_template(line: str) -> bool:
    """Tell whether the line is meant for Go's templates, which few such lines survive as YAML."""
    before, braces, _ = line.partition("{{")
    return bool(braces) and {*before}.isdisjoint("\"'#")


def _within(span: Span, lines: list[str]) -> Span:
    """Keep a fault at the end of a file in it: Helm 4 reads one more line feed than there is."""
    if span.line > len(lines):
        end = len(lines[-1]) + 1
        return Span(span.file, len(lines), end, len(lines), end)
    last = min(span.end_column, len(lines[span.end_line - 1]) + 1)
    return span._replace(end_column=last)


def _documents(text: str, file: str, helm: Version, losses: list[Loss]) -> Node:
    """Read the documents that this version of Helm reads, one laid over the other."""
    parts = [_Part(text, 0)]
    if helm >= (4,):
        parts = _split(_as_lines(text, file, helm, losses), file)
    root: Node | None = None
    for part in parts:
        node, lost = _document(part, file)
        losses += lost
        if root is None and part is not parts[-1] and _is_comment(part.text):
            continue
        if root is None or not node.value:
            root = root or node
            continue
        losses.append(_second_document(file, part.line, root.span))
        root, merged = merge(root, node)
        losses += merged
    return root or Node({}, Span(file, 1, 1, 1, 1))


def _second_document(file: str, line: int, first: Span) -> Loss:
    """Note a document after the first one, by the line of its `---`."""
    detail = "Helm 4 lays this document over the one before it, Helm 3 ignores it"
    return Loss("second-document", ROOT, Span(file, line, 1, line, 4), detail, first)


def _is_comment(text: str) -> bool:
    """Tell whether there is nothing but comments: before the first `---` that is no document."""
    return all(line.lstrip(" \t\r" + _BOM)[:1] in {"", "#"} for line in text.split("\n"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decode(data: bytes, file: str, helm: Version) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    if wide and helm >= (4,):  # which works on lines of bytes before it looks at the encoding
        data = (data + (b"" if data.endswith(b"\n") else b"\n")).replace(b"\r\n", b"\n")
    encoding = "utf-16" if wide else "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if wide:
            what = f"the file is UTF-16, which Helm {helm.major} cannot read: save it as UTF-8"
            raise SourceError(what, Span(file, 1, 1, 1, 1)) from None
        before = _lines(data[: error.start].decode(encoding, "ignore").removeprefix(_BOM))
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"the byte 0x{data[error.start]:02X} is not UTF-8: save the file as UTF-8"
        raise SourceError(what, Span(file, line, column, line, column + 1)) from None


def _as_lines(text: str, file: str, helm: Version, losses: list[Loss]) -> str:
    """End every line as Helm 4 does, and drop the one that it drops."""
    tail = text[text.rfind("\n") + 1 :]
    if tail and helm < (4, 3) and len(tail.encode()) % _BUFFER == 0:
        line = text.count("\n") + 1
        detail = "Helm 4 before 4.3 loses this last line: end it with a line feed"
        losses.append(Loss("unterminated-line", ROOT, Span(file, line, 1, line, len(tail) + 1), detail))
        text = text.removesuffix(tail)
    if text and text[-1] != "\n":
        text += "\n"
    return text.replace("\r\n", "\n")


def _split(text: str, file: str) -> list[_Part]:
    """Cut a stream into documents as Helm 4 does, line by line, before any YAML is read."""
    parts, start, line = [], 0, 0
    for at in _separators(text):
        end = text.index("\n", at) + 1
        here = line + text.count("\n", start, at) + text.count("\r", start, at)
        _check_separator(text[at + 3 : end - 1], file, here + 1)
        if start < at:
            parts.append(_Part(text[start:at], line))
            start, line = end, here + 1
        if len(parts) >= DOCUMENTS:
            raise SourceError(f"the file holds more than {DOCUMENTS} documents", Span(file, line, 1, line, 4))
    return [*parts, _Part(text[start:], line)]


def _separators(text: str) -> Iterator[int]:
    """Give where lines begin with `---`."""
    if text.startswith("---"):
        yield 0
    at = text.find("\n---")
    while at >= 0:
        yield at + 1
        at = text.find("\n---", at + 1)


def _check_separator(rest: str, file: str, line: int) -> None:
    """Refuse what stands on the line of a `---`; to Helm a lone carriage return does not end it."""
    blank = rest[: len(rest) - len(rest.lstrip())]
    word = rest.strip().split("\r")[0]
    if word and word[0] != "#":
        line += blank.count("\r")
        column = len(blank) - blank.rfind("\r") if "\r" in blank else 4 + len(blank)
        what = f"nothing but a comment may follow `---`, not '{word}'"
        raise SourceError(what, Span(file, line, column, line, column + len(word)))


def _document(part: _Part, file: str) -> tuple[Node, list[Loss]]:
    """Read the first document of the text; the root of an empty one is an empty map."""
    part = part._replace(text=part.text.removeprefix(_BOM))
    try:
        root, losses = with_events(part.text, partial(_first, part, file))
    except RefusalError as refusal:
        line, column = refusal.mark.line + part.line + 1, refusal.mark.column + 1
        raise SourceError(str(refusal), Span(file, line, column, line, column + 1)) from None
    if root.value is None:
        return Node({}, root.span), losses
    if not isinstance(root.value, dict):
        raise SourceError("the top level must be a map: lines of `key: value`", root.span)
    return root, losses


def _first(part: _Part, file: str, following: Source) -> tuple[Node, list[Loss]]:
    following()
    start = following()
    if not isinstance(start, DocumentStartEvent):
        line = part.line + 1
        return Node({}, Span(file, line, 1, line, 1)), []
    if start.version not in (None, (1, 1)):
        line = part.line + 1
        raise SourceError("Helm reads YAML 1.1: drop the `%YAML` line", Span(file, line, 1, line, 6))
    root, losses = compose(following, file, part.text, part.line)
    following()
    losses += _rest(part, file, following, root.span)
    return root, losses


def _rest(part: _Part, file: str, following: Source, first: Span) -> list[Loss]:
    """Note what stands after the first document of the text."""
    try:
        for _ in range(DOCUMENTS):
            event = following()
            if isinstance(event, StreamEndEvent):
                return []
            mark = event.start_mark
            if not _is_empty(following()):
                break
            following()
        else:
            return []
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        event = None
    line, column = (mark.line + part.line + 1, mark.column + 1) if mark else first[3:]
    if event and event.explicit:
        return [_second_document(file, line, first)]
    detail = "Helm stops reading before this and drops it"
    return [Loss("trailing-content", ROOT, Span(file, line, column, line, column + 1), detail, first)]


def _is_empty(event: Event) -> bool:
    return event.__class__ is ScalarEvent and event.value == "" and event.style == ""
