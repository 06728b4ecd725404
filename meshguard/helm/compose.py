"""One YAML document: the events of a parser in, a tree in which every key and value has its place out.

It builds what go-yaml v2 decodes (`decode.go`), in its order, and what `sigs.k8s.io/yaml` then makes of the keys.
"""

import re
from typing import NamedTuple

from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from meshguard.diagnostic import Span, ValuePath
from meshguard.helm.events import Event, Source
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.scalar import FIRSTS, NO_KEY, Exact, from_exact, key_name, plain_key, plain_value, tagged_value
from meshguard.node import Node

DEPTH = 200  # levels; Helm takes 10,000, but nobody writes them
VALUES = 100_000  # in one document; Helm has no bound
LOSSES = 1000  # of one document; nobody reads more

_new = tuple.__new__  # what a NamedTuple is made by, without the call around it
_FEW = 100  # aliased nodes, and
_SMALL = 1000  # nodes, up to which nothing is refused
_LOW, _HIGH = 400_000, 4_000_000  # nodes, between which the share that aliases may have falls from 0.99 to 0.10
_BREAKS = "\r\n|\r|\n"
_MERGE_TAG = "tag:yaml.org,2002:merge"


class Document(NamedTuple):
    """One document that is being read; `line` is how many lines of the file stand before it."""

    next: Source
    file: str
    text: str
    line: int
    losses: list[Loss]
    anchors: dict[str, "_Anchor"]
    path: list[str | int]
    counts: list[int]  # how many nodes were decoded, from how many on to look closer, how many came by aliases
    doubts: list[Span]  # of what Helm refuses if it survives to the end
    odd_keys: dict[int, dict[str, Exact]]  # the keys that are not text, by the identity of their map
    limit: int


class _Anchor(NamedTuple):
    """What an anchor stands for; no node while that is still being read."""

    event: Event
    node: Node | None
    size: int  # nodes that are decoded whenever an alias leads here


class _Filling(NamedTuple):
    """A map that is being filled, which of its keys came by `<<`, and which are not text."""

    items: dict[str, Node]
    merged: set[str]
    odd: dict[str, Exact]


def compose(following: Source, file: str, text: str, line: int, limit: int = VALUES) -> tuple[Node, list[Loss]]:
    """Build the tree whose events follow, and tell what was lost; `line` lines of the file stand before the text.

    Raises SourceError for what Helm refuses, and for more keys and values than the limit.
    """
    # The document and its root are decoded, too.
    document = Document(following, file, text, line, [], {}, [], [2, limit, 0], [], {}, limit)
    node = _node(document, following(), None)
    if document.doubts:
        _check(node)
    return node, document.losses


def _node(document: Document, event: Event, key: Span | None) -> Node:
    if event.__class__ is ScalarEvent:
        return _scalar(document, event, key)
    if event.__class__ is AliasEvent:
        return _alias(document, event, key)
    if len(document.path) >= DEPTH:
        raise SourceError(f"the values are nested more than {DEPTH} levels deep", _span(document, event))
    building = _Anchor(event, None, 0)
    before = document.counts[0]
    if event.anchor is not None:
        document.anchors[event.anchor] = building
    node = _map(document, event, key) if event.__class__ is MappingStartEvent else _list(document, event, key)
    if event.anchor is not None and document.anchors[event.anchor] is building:
        document.anchors[event.anchor] = _Anchor(event, node, 1 + document.counts[0] - before)
    return node


def _alias(document: Document, event: Event, key: Span | None) -> Node:
    _, node, size = _target(document, event)
    if node is None:
        raise SourceError(f"the anchor '{event.anchor}' contains itself", _span(document, event))
    document.counts[0] += size
    document.counts[1] = 0
    document.counts[2] += size
    _check_counts(document, event)
    return Node(node.value, node.span, key)


def _target(document: Document, event: Event) -> _Anchor:
    target = document.anchors.get(event.anchor)
    if target is None:
        raise SourceError(f"no anchor '&{event.anchor}' stands before this alias", _span(document, event))
    return target


def _check_counts(document: Document, event: Event) -> None:
    """Refuse a document of too many values, or whose aliases unfold to too much by the measure of go-yaml."""
    decoded, _, aliased = document.counts
    if decoded - aliased > document.limit:
        what = f"the document holds more than {document.limit} keys and values"
        raise SourceError(what, _span(document, event))
    share = 0.99 - 0.89 * min(max((decoded - _LOW) / (_HIGH - _LOW), 0), 1)
    if aliased > _FEW and decoded > _SMALL and aliased / decoded > share:
        raise SourceError("the aliases up to here unfold to more than Helm allows", _span(document, event))


def _scalar(document: Document, event: Event, key: Span | None) -> Node:
    span = _span(document, event)
    if event.tag is not None:
        value = from_exact(_tagged(document, event))
    else:
        value = event.value
        if event.implicit[0] and value[:1] in FIRSTS:
            value, kind = plain_value(value)
            if kind:
                _note(document, Loss(kind, ValuePath(document.path), span, event.value))
    if value.__class__ is float and value - value != 0:
        document.doubts.append(span)
    node = _new(Node, (value, span, key))
    if event.anchor is not None:
        document.anchors[event.anchor] = _Anchor(event, node, 1)
    return node


def _tagged(document: Document, event: Event) -> Exact:
    try:
        return tagged_value(event.tag, event.value)
    except ValueError as error:
        raise SourceError(str(error), _span(document, event)) from None


def _list(document: Document, start: Event, key: Span | None) -> Node:
    items: list[Node] = []
    path, counts = document.path, document.counts
    last = start
    while (event := document.next()).__class__ is not SequenceEndEvent:
        counts[0] += 1
        if counts[0] > counts[1]:
            _check_counts(document, event)
        path.append(len(items))
        items.append(_node(document, event, None))
        path.pop()
        last = event
    return Node(items, _whole(document, start, event, last, items[-1] if items else None), key)


def _map(document: Document, start: Event, key: Span | None) -> Node:
    filling = _Filling({}, set(), {})
    items, _, odd = filling
    path, counts = document.path, document.counts
    node, last = None, start
    while (event := document.next()).__class__ is not MappingEndEvent:
        if event.__class__ is ScalarEvent and event.value == "<<" and _is_merge(event):
            last = document.next()
            node = _merge(document, last, filling)
            continue
        counts[0] += 2
        if counts[0] > counts[1]:
            _check_counts(document, event)
        span = _span(document, event)
        name, exact = _name(document, event, span)
        last = document.next()
        path.append(name)
        node = _node(document, last, span)
        path.pop()
        if name in items:
            _repeat(document, filling, name, exact, node)
        if exact is not name:
            odd[name] = exact
        items[name] = node
    if odd:
        document.odd_keys[id(items)] = odd
    return Node(items, _whole(document, start, event, last, node), key)


def _is_merge(event: Event) -> bool:
    return bool(event.implicit[0]) or event.tag == _MERGE_TAG


def _merge(document: Document, event: Event, filling: _Filling) -> Node:
    """Take over the keys of one or several maps; what was there before gives way, whoever wrote it."""
    document.counts[0] += event.__class__ is not SequenceStartEvent
    node = _node(document, event, None)
    sources = [node]
    if isinstance(node.value, list) and event.__class__ is SequenceStartEvent:
        sources = node.value[::-1]  # the first of them wins
    for source in sources:
        if not isinstance(source.value, dict):
            raise SourceError("`<<` takes a map or a list of maps", _span(document, event))
        _take_over(document, source.value, filling)
    return node


def _take_over(document: Document, source: dict[str, Node], filling: _Filling) -> None:
    odd = document.odd_keys.get(id(source), {})
    for name, node in source.items():
        before = filling.items.get(name)
        exact = odd.get(name, name)
        if before is not None and not _same(exact, filling.odd.get(name, name)):
            _collide(document, name, before, node)
        elif before is not None and name not in filling.merged:
            detail = f"`<<` comes after '{name}' and overwrites it: Helm goes by the order in the file"
            _lose(document, "merge-after-keys", name, before, node, detail)
        if exact is not name:
            filling.odd[name] = exact
        filling.merged.add(name)
        filling.items[name] = node


def _repeat(document: Document, filling: _Filling, name: str, exact: Exact, node: Node) -> None:
    """Note that a key is there a second time; over a key that came by `<<` that is its purpose."""
    before = filling.items[name]
    if not _same(exact, filling.odd.pop(name, name)):
        _collide(document, name, before, node)
    elif name in filling.merged:
        filling.merged.discard(name)
    else:
        detail = f"the key '{name}' is there twice: Helm takes the last one"
        _lose(document, "duplicate-key", name, before, node, detail)


def _same(one: Exact, other: Exact) -> bool:
    return one.__class__ is other.__class__ and one == other


def _collide(document: Document, name: str, before: Node, node: Node) -> None:
    detail = f"two keys become '{name}', one text and one not: which of them Helm takes is left to chance"
    _lose(document, "colliding-keys", name, before, node, detail)
    if document.doubts:  # Helm holds both of them while it writes JSON
        _check(before)


def _name(document: Document, event: Event, span: Span) -> tuple[str, Exact]:
    """Give the name of a key, and its exact value where that is not text."""
    if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
        if not event.implicit[0]:
            return event.value, event.value
        name, kind, exact = plain_key(event.value)
        if kind:
            _note(document, Loss(kind, ValuePath((*document.path, name)), span, event.value))
    else:
        exact = _odd_key(document, event)
        name = key_name(exact)
    if name[:1] == NO_KEY:
        document.doubts.append(span)
    return name, exact


def _odd_key(document: Document, event: Event) -> Exact:
    """Give the exact value of a key with an anchor or a tag, or of one that is an alias."""
    if event.__class__ is AliasEvent:
        document.counts[0] += 1
        document.counts[2] += 1
        event = _target(document, event).event
    if event.__class__ is not ScalarEvent:
        raise SourceError("a key must be text, not a list or a map", _span(document, event))
    if event.anchor is not None:
        document.anchors[event.anchor] = _Anchor(event, _scalar(document, event, None), 1)
    if event.tag is not None:
        return _tagged(document, event)
    return plain_key(event.value)[2] if event.implicit[0] else str(event.value)


def _note(document: Document, loss: Loss) -> None:
    if len(document.losses) < LOSSES:
        document.losses.append(loss)


def _lose(document: Document, kind: str, name: str, lost: Node, kept: Node, detail: str) -> None:
    path = ValuePath((*document.path, name))
    _note(document, Loss(kind, path, lost.key or lost.span, detail, kept.key or kept.span))


def _check(node: Node) -> None:
    """Refuse what has no place in JSON, if it is still there."""
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            if name[:1] == NO_KEY:
                what = f"'{name[1:]}' is too large a number for a key" if name[1:] else "a key must not be null"
                raise SourceError(what, child.key or child.span)
            _check(child)
    elif isinstance(node.value, list):
        for child in node.value:
            _check(child)
    elif isinstance(node.value, float) and node.value - node.value != 0:
        raise SourceError("neither infinity nor NaN can be a value", node.span)


def _span(document: Document, event: Event) -> Span:
    start, end = event.start_mark, event.end_mark
    line = document.line + 1
    if event.__class__ is ScalarEvent and event.style in ("|", ">"):
        return _block_span(document, event)
    return _new(Span, (document.file, start.line + line, start.column + 1, end.line + line, end.column + 1))


def _block_span(document: Document, event: Event) -> Span:
    """Let a block scalar end after its last character: the parser's end is where the next token begins."""
    start, end = event.start_mark, event.end_mark
    block = document.text[start.index : end.index]
    inked = block.rstrip("\r\n \t")
    line = document.line + 1
    last = end.line - len(re.findall(_BREAKS, block[len(inked) :]))
    column = len(inked) - 1 - max(inked.rfind("\n"), inked.rfind("\r"))
    if last == start.line:
        column += start.column
    return Span(document.file, start.line + line, start.column + 1, last + line, column + 1)


def _whole(document: Document, start: Event, end: Event, last: Event, child: Node | None) -> Span:
    """Give the span of a map or list: in block style it ends with the last thing in it."""
    first = start.start_mark
    line = document.line + 1
    if start.flow_style or child is None or last.__class__ is AliasEvent:
        mark = end.end_mark if start.flow_style else last.end_mark
        return Span(document.file, first.line + line, first.column + 1, mark.line + line, mark.column + 1)
    end_line, end_column = child.span[3:]
    return Span(document.file, first.line + line, first.column + 1, end_line, end_column)
