"""YAML as Helm reads it: bytes in, a map with a place for every key and value out, and what was lost on the way."""

import re
from collections.abc import Callable
from typing import NamedTuple

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import DocumentStartEvent, Event, ScalarEvent

from meshguard.diagnostic import ROOT, Span
from meshguard.helm.compose import Document, compose
from meshguard.helm.layers import merge
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.version import Version
from meshguard.node import Node

LIMIT = 5 * 2**20  # bytes; what Helm 3 takes of one file of a chart
_BOM = "\ufeff"
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATOR = re.compile(r"(?:\A|(?<=\n))---([^\n]*)\n?")


class Loaded(NamedTuple):
    """A source that was read: its values (a map at the root), what was lost, and its text for excerpts.

    The lines of the text end with a line feed, whatever they end with in the source.
    """

    node: Node
    losses: tuple[Loss, ...]
    text: str


def load(data: bytes, file: str, helm: Version) -> Loaded:
    """Read a values file as that version of Helm does.

    Raises SourceError, with the place, for what Helm refuses, for more than 5 MiB and for more than 200 levels.
    """
    if len(data) > LIMIT:
        raise SourceError(f"the file is larger than {LIMIT >> 20} MiB", Span(file, 1, 1, 1, 1))
    text = _decode(data, file)
    losses: list[Loss] = []
    root: Node | None = None
    documents = _split(text, file) if helm >= (4,) else [(0, text)]
    for line, part in documents:
        node = _document(part, file, line, losses)
        if root is None or not node.value:
            root = root or node
            continue
        detail = "Helm 4 lays this document over the one before it, Helm 3 ignores it"
        losses.append(Loss("second-document", ROOT, node.span, detail, root.span))
        root, lost = merge(root, node)
        losses += lost
    return Loaded(root or Node({}, Span(file, 1, 1, 1, 1)), tuple(losses), _lines(text))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decode(data: bytes, file: str) -> str:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        before = _lines(data[: error.start].decode("utf-16" if wide else "utf-8-sig", "replace"))
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        what = f"the byte 0x{data[error.start]:02X} is no {'UTF-16' if wide else 'UTF-8'}"
        raise SourceError(what, Span(file, line, column, line, column + 1)) from None
    return text


def _split(text: str, file: str) -> list[tuple[int, str]]:
    """Cut a stream into documents as Helm 4 does, line by line, before any YAML is read."""
    text = text.replace("\r\n", "\n")
    text += "\n" if text and text[-1] != "\n" else ""
    documents, start = [], 0
    for found in _SEPARATOR.finditer(text):
        rest = found[1].strip()
        if rest and rest[0] != "#":
            line = text.count("\n", 0, found.start()) + 1
            column = 4 + found[1].index(rest)
            what = f"nothing but a comment may follow `---`, not `{rest}`"
            raise SourceError(what, Span(file, line, column, line, column + len(rest)))
        if start < found.start():
            documents.append((text.count("\n", 0, start), text[start : found.start()]))
            start = found.end()
    return [*documents, (text.count("\n", 0, start), text[start:])]


def _events(text: str) -> Callable[[], Event | None]:
    if _BOM not in text:
        return CParser(text).get_event
    # To go-yaml a byte order mark within the text is a character like any other; libyaml skips it.
    stand_in = next(char for char in map(chr, range(0xE000, 0xF8FF)) if char not in text)
    following = CParser(text.replace(_BOM, stand_in)).get_event

    def restored() -> Event | None:
        event = following()
        if isinstance(event, ScalarEvent):
            event.value = event.value.replace(stand_in, _BOM)
        return event

    return restored


def _document(text: str, file: str, line: int, losses: list[Loss]) -> Node:
    """Read the first document of the text; the root of an empty one is an empty map."""
    try:
        following = _events(text)
        document = Document(following, file, text, line, losses, {}, [], [])
        following()
        start = following()
        if not isinstance(start, DocumentStartEvent):
            return Node({}, Span(file, line + 1, 1, line + 1, 1))
        if start.version not in (None, (1, 1)):
            raise SourceError("Helm reads YAML 1.1 only", Span(file, line + 1, 1, line + 1, 6))
        root = compose(document, following())
        following()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row, column = (mark.line + line + 1, mark.column + 1) if mark else (line + 1, 1)
        raise SourceError(str(error.problem), Span(file, row, column, row, column + 1)) from None
    except YAMLError as error:
        raise SourceError(str(error), Span(file, 1, 1, 1, 1)) from None
    if root.value is None:
        return Node({}, root.span)
    if not isinstance(root.value, dict):
        raise SourceError("the values must be a map: lines of `key: value`", root.span)
    return root
