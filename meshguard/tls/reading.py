"""Text of manifests in, the objects in it out: each a tree with places, and a remark for what cannot be read.

Kubernetes reads YAML with the same library as Helm, so that it is read here as values are.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from yaml.events import DocumentStartEvent

from meshguard.diagnostic import Span
from meshguard.helm.compose import compose
from meshguard.helm.events import RefusalError, Source, with_events
from meshguard.helm.loss import Loss, SourceError
from meshguard.node import Node, child
from meshguard.tls.facts import Remark

LIMIT = 64 * 2**20  # bytes of one file; the whole of a large cluster
VALUES = 5_000_000  # of one document, which may be a List of everything

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_NOTES = re.compile(r"^NOTES:\s*$.*", re.MULTILINE | re.DOTALL)  # Helm prints them behind the last object
_HEADER = re.compile(r"^\{|^(?:apiVersion|kind):", re.MULTILINE)


class Document(NamedTuple):
    """One object, with the group of its API (empty: Kubernetes' own) and its kind."""

    group: str
    kind: str
    node: Node


class Read(NamedTuple):
    """What a file holds."""

    documents: tuple[Document, ...]
    remarks: tuple[Remark, ...]


def objects_in(data: bytes, file: str) -> Read | None:
    """Read a file that holds objects of Kubernetes, or is to; None where it holds values, or nothing at all."""
    if not _HEADER.search(data[:LIMIT].decode("utf-8", "replace")):
        return None
    read = read_manifest(data, file)
    return read if read.documents or any(remark.is_error for remark in read.remarks) else None


def read_manifest(data: bytes, file: str) -> Read:
    """Read all documents of a file, Lists unfolded; what is no object of Kubernetes is passed over."""
    if len(data) > LIMIT:
        return _unread(file, 1, f"the file is larger than {LIMIT >> 20} MiB")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return _unread(file, data.count(b"\n", 0, error.start) + 1, "this is not UTF-8")
    documents: list[Document] = []
    remarks: list[Remark] = []
    for part, line in _parts(_NOTES.sub("", text)):
        try:
            node, losses = read_tree(part, file, line)
        except SourceError as error:
            remarks.append(Remark(error.span, f"this document cannot be read: {error}", is_error=True))
            continue
        found = tuple(_objects(node))
        documents += found
        remarks += _remarks(losses) if found else ()
    return Read(tuple(documents), tuple(remarks))


def _unread(file: str, line: int, message: str) -> Read:
    return Read((), (Remark(Span(file, line, 1, line, 1), message, is_error=True),))


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """Give each document with the number of lines before it; nothing but a separator can start with `---`."""
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text)), len(text)]
    line = 0
    for start, end in pairwise(starts):
        part = text[start:end]
        yield part, line
        line += part.count("\n")


def read_tree(part: str, file: str, line: int) -> tuple[Node, list[Loss]]:
    """Read one document of any kind; `line` lines of the file stand before it. Raises SourceError."""
    try:
        return with_events(part, partial(_compose, part, file, line))
    except RefusalError as refusal:
        at = refusal.mark.line + line + 1, refusal.mark.column + 1
        raise SourceError(str(refusal), Span(file, *at, at[0], at[1] + 1)) from None


def _compose(part: str, file: str, line: int, following: Source) -> tuple[Node, list[Loss]]:
    following()
    if not isinstance(following(), DocumentStartEvent):
        return Node(None, Span(file, line + 1, 1, line + 1, 1)), []
    node, losses = compose(following, file, part, line, VALUES)
    following()
    following()  # what stands behind the document and begins with no `---` is refused here
    return node, losses


def _objects(node: Node, of: str = "", group: str = "") -> Iterator[Document]:
    """Give an object, or the objects of a List; those of a typed list have its API and need not say their kind."""
    kind, version = _text(node, "kind") or of, _text(node, "apiVersion")
    items = child(node, "items")
    if kind.endswith("List") and items is not None and isinstance(items.value, list):
        for item in items.value:
            yield from _objects(item, kind.removesuffix("List"), _group(version))
    elif kind and (version or of) and isinstance(node.value, dict):
        yield Document(_group(version) if version else group, kind, node)


def _text(node: Node, key: str) -> str:
    found = child(node, key)
    return found.value if found is not None and isinstance(found.value, str) else ""


def _group(version: str) -> str:
    return version.rpartition("/")[0]


def _remarks(losses: list[Loss]) -> Iterator[Remark]:
    for loss in losses:
        if loss.kind in {"duplicate-key", "colliding-keys"}:
            yield Remark(loss.span, f"the key `{loss.at[-1]}` is there twice: the last one counts")
