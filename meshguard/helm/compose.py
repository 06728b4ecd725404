"""One YAML document: the events of a parser in, a tree in which every key and value has its place out.

It builds what go-yaml v2 decodes (`decode.go`), in its order, and what `sigs.k8s.io/yaml` then makes of the keys.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from meshguard.diagnostic import Span, ValuePath
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.scalar import NO_KEY, Exact, from_exact, key_name, plain_key, plain_value, tagged_value
from meshguard.node import Node

DEPTH = 200  # levels; Helm takes 10,000, but nobody writes them

_Event: TypeAlias = Any  # PyYAML's own types leave open whether there are marks
_MERGE_TAG = "tag:yaml.org,2002:merge"


class Document(NamedTuple):
    """One document that is being read; `line` is how many lines of the file stand before it."""

    next: Callable[[], _Event]
    file: str
    text: str
    line: int
    losses: list[Loss]
    anchors: dict[str, "_Anchor"]
    path: list[str | int]
    doubts: list[Span]  # of what Helm refuses if it survives to the end


class _Anchor(NamedTuple):
    """What an anchor stands for; no node while that is still being read."""

    event: _Event
    node: Node | None


def compose(document: Document, event: _Event) -> Node:
    """Build the tree that begins with the event.

    Raises SourceError for what Helm refuses.
    """
    node = _node(document, event, None)
    if document.doubts:
        _check(node)
    return node


def _node(document: Document, event: _Event, key: Span | None) -> Node:
    if event.__class__ is ScalarEvent:
        return _scalar(document, event, key)
    if event.__class__ is AliasEvent:
        target = _target(document, event).node
        if target is None:
            raise SourceError(f"the anchor `{event.anchor}` contains itself", _span(document, event))
        return Node(target.value, target.span, key)
    if len(document.path) >= DEPTH:
        message = f"the values are nested more than {DEPTH} levels deep"
        raise SourceError(message, _span(document, event))
    building = _Anchor(event, None)
    if event.anchor is not None:
        document.anchors[event.anchor] = building
    node = _map(document, event, key) if event.__class__ is MappingStartEvent else _list(document, event, key)
    if event.anchor is not None and document.anchors[event.anchor] is building:
        document.anchors[event.anchor] = _Anchor(event, node)
    return node


def _target(document: Document, event: _Event) -> _Anchor:
    target = document.anchors.get(event.anchor)
    if target is None:
        raise SourceError(f"no anchor `&{event.anchor}` stands before this alias", _span(document, event))
    return target


def _scalar(document: Document, event: _Event, key: Span | None) -> Node:
    span = _span(document, event)
    if event.tag is not None:
        value = from_exact(_tagged(document, event))
    elif event.implicit[0]:
        value, kind = plain_value(event.value)
        if kind:
            document.losses.append(Loss(kind, ValuePath(document.path), span, event.value))
    else:
        value = event.value
    if value.__class__ is float and value - value != 0:
        document.doubts.append(span)
    node = Node(value, span, key)
    if event.anchor is not None:
        document.anchors[event.anchor] = _Anchor(event, node)
    return node


def _tagged(document: Document, event: _Event) -> Exact:
    try:
        return tagged_value(event.tag, event.value)
    except ValueError as error:
        raise SourceError(str(error), _span(document, event)) from None


def _list(document: Document, start: _Event, key: Span | None) -> Node:
    items: list[Node] = []
    path = document.path
    last = start
    while (event := document.next()).__class__ is not SequenceEndEvent:
        path.append(len(items))
        items.append(_node(document, event, None))
        path.pop()
        last = event
    return Node(items, _whole(document, start, event, last, items[-1] if items else None), key)


def _map(document: Document, start: _Event, key: Span | None) -> Node:
    items: dict[str, Node] = {}
    merged: set[str] = set()
    path = document.path
    node, last = None, start
    while (event := document.next()).__class__ is not MappingEndEvent:
        span = _span(document, event)
        if _is_merge(event):
            last = document.next()
            node = _merge(document, last, items, merged)
            continue
        name = _name(document, event, span)
        last = document.next()
        path.append(name)
        node = _node(document, last, span)
        path.pop()
        if name in items:
            _repeat(document, items, merged, name, node)
        items[name] = node
    return Node(items, _whole(document, start, event, last, node), key)


def _is_merge(event: _Event) -> bool:
    return event.__class__ is ScalarEvent and event.value == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG)


def _merge(document: Document, event: _Event, items: dict[str, Node], merged: set[str]) -> Node:
    """Take over the keys of one or several maps; what was there before gives way, whoever wrote it."""
    node = _node(document, event, None)
    sources = [node]
    if isinstance(node.value, list) and event.__class__ is not AliasEvent:
        sources = node.value[::-1]  # the first of them wins
    for source in sources:
        if not isinstance(source.value, dict):
            raise SourceError("`<<` takes a map or a list of maps", _span(document, event))
        for name, child in source.value.items():
            if name in items and name not in merged:
                detail = f"`<<` comes after `{name}` and overwrites it: Helm goes by the order in the file"
                _lose(document, "merge-after-keys", name, items[name], child, detail)
            merged.add(name)
            items[name] = child
    return node


def _name(document: Document, event: _Event, span: Span) -> str:
    """Give the name of a key."""
    if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
        if not event.implicit[0]:
            return event.value
        name, kind = plain_key(event.value)
        if kind:
            document.losses.append(Loss(kind, ValuePath((*document.path, name)), span, event.value))
    else:
        name = _odd_name(document, event)
    if name[:1] == NO_KEY:
        document.doubts.append(span)
    return name


def _odd_name(document: Document, event: _Event) -> str:
    """Give the name of a key with an anchor or a tag, or of one that is an alias."""
    if event.__class__ is AliasEvent:
        event = _target(document, event).event
    if event.__class__ is not ScalarEvent:
        raise SourceError("a key must be text, not a list or a map", _span(document, event))
    if event.anchor is not None:
        document.anchors[event.anchor] = _Anchor(event, _scalar(document, event, None))
    if event.tag is not None:
        return key_name(_tagged(document, event))
    return plain_key(event.value)[0] if event.implicit[0] else event.value


def _repeat(document: Document, items: dict[str, Node], merged: set[str], name: str, node: Node) -> None:
    """Note that a key is there a second time; over a key that came by `<<` that is its purpose."""
    if name in merged:
        merged.discard(name)
        return
    detail = f"the key `{name}` is there twice: Helm takes the last one"
    _lose(document, "duplicate-key", name, items[name], node, detail)


def _lose(document: Document, kind: str, name: str, lost: Node, kept: Node, detail: str) -> None:
    path = ValuePath((*document.path, name))
    document.losses.append(Loss(kind, path, lost.key or lost.span, detail, kept.key or kept.span))


def _check(node: Node) -> None:
    """Refuse what has no place in JSON, if it is still there."""
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            if name[:1] == NO_KEY:
                what = f"`{name[1:]}` is too large a number for a key" if name[1:] else "a key must not be null"
                raise SourceError(what, child.key or child.span)
            _check(child)
    elif isinstance(node.value, list):
        for child in node.value:
            _check(child)
    elif isinstance(node.value, float) and node.value - node.value != 0:
        raise SourceError("neither infinity nor NaN can be a value", node.span)


def _span(document: Document, event: _Event) -> Span:
    start, end = event.start_mark, event.end_mark
    line = document.line + 1
    if event.__class__ is ScalarEvent and event.style in ("|", ">"):
        return _block_span(document, event)
    return Span(document.file, start.line + line, start.column + 1, end.line + line, end.column + 1)


def _block_span(document: Document, event: _Event) -> Span:
    """Let a block scalar end after its last character: the parser's end is where the next token begins."""
    start, end = event.start_mark, event.end_mark
    at = end.index
    while at > start.index and document.text[at - 1] in "\r\n \t":
        at -= 1
    before = document.text.count("\n", 0, at)
    column = at - document.text.rfind("\n", 0, at)
    line = document.line + 1
    return Span(document.file, start.line + line, start.column + 1, before + line, column)


def _whole(document: Document, start: _Event, end: _Event, last: _Event, child: Node | None) -> Span:
    """Give the span of a map or list: in block style it ends with the last thing in it."""
    first = start.start_mark
    line = document.line + 1
    if start.flow_style or child is None or last.__class__ is AliasEvent:
        mark = end.end_mark if start.flow_style else last.end_mark
        return Span(document.file, first.line + line, first.column + 1, mark.line + line, mark.column + 1)
    end_line, end_column = child.span[3:]
    return Span(document.file, first.line + line, first.column + 1, end_line, end_column)
