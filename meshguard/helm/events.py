"""The parser's events of one document as go-yaml v2 would give them: text in, a source of events out.

libyaml 0.2.5 parses, because it is fast. Where it is younger than go-yaml's copy of it, characters of the text are
disguised, one for one so that no place moves, or the document is refused.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from yaml._yaml import CParser
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent, DocumentEndEvent, ScalarEvent

from meshguard.helm.problems import explain

Event: TypeAlias = Any  # PyYAML's own types leave open whether there are marks
Source: TypeAlias = Callable[[], Event]
Built = TypeVar("Built")

_BOM = "\ufeff"
_REPAIRS = 20  # characters of a document that are disguised, one run of the parser each
_SHORT_READ = 512  # bytes that go-yaml reads at once
# Patterns are compiled where they are used, because most runs use none.
_ANCHOR_AND_TAG = r"(?:&[0-9A-Za-z_-]*\s+)?!(?:<[^>\s]*>|[^\s,\[\]{}]*)"
_ESCAPE = r"(?s)\\."
_MARKER = r"(?m)^(?:---|\.\.\.)(?:\s|$)"
_CONTROL = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_FEEDS = "[\x85\u2028\u2029]"  # line breaks to YAML 1.1 alone
_UNENDED = (
    "could not find expected ':'",
    "found unexpected end of stream",
    "found unexpected document indicator",
)
_BREAKS = "\r\n|\r|\n"


class RefusalError(Exception):
    """What go-yaml refuses, or would read in another way than we can, and where."""

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.mark = mark


class _StricterError(Exception):
    """The character at the index must be disguised before libyaml may see it."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class _Disguise(NamedTuple):
    """The text as libyaml is to see it, and pairs of what stands in it and what is meant."""

    text: str
    meanings: tuple[tuple[str, str], ...] = ()


def with_events(text: str, build: Callable[[Source], Built]) -> Built:
    """Build something from the events of the text.

    Raises RefusalError. Building starts again whenever something in the text must be disguised.
    """
    disguise = _hide_marks(text)
    for _ in range(_REPAIRS):
        try:
            return build(_open(disguise))
        except _StricterError as stricter:
            disguise = _hide(disguise, stricter.index)
        except MarkedYAMLError as error:
            mark = _place(text, _index(error))
            if not _is_stricter(disguise.text, error, mark):
                message = explain(str(error.problem), text[mark.index : mark.index + 1])
                raise RefusalError(message, mark) from None
            disguise = _hide(disguise, mark.index)
        except YAMLError:
            raise _control(text) from None
    raise RefusalError("there is too much here that YAML parsers read differently: quote the text", _place(text, 0))


def _index(error: MarkedYAMLError) -> int:
    """Tell where the fault is: where the parser stopped, or where began what does not end."""
    mark = error.context_mark if error.problem in _UNENDED else error.problem_mark
    return mark.index if mark else 0


def _is_stricter(text: str, error: MarkedYAMLError, mark: Mark) -> bool:
    """Tell whether go-yaml takes what libyaml refuses here."""
    following = text[mark.index : mark.index + 2]
    if error.problem == "found unexpected ':'":
        return True
    if error.problem == "found unknown escape character":
        return following == "\\'"
    return error.context == "while scanning a tag" and following[:1] in (",", "[", "]")


def _hide_marks(text: str) -> _Disguise:
    """Hide byte order marks within the text: to go-yaml they are characters like any other.

    That holds as long as none of them happens to be the first character in its buffer.
    """
    if text.isascii() or _BOM not in text:
        return _Disguise(text)
    last = text.rindex(_BOM)
    if text[0] == _BOM or len(text.encode()) > _SHORT_READ:
        raise RefusalError("a byte order mark can only stand at the start of the file", _place(text, last))
    stand_in = _stand_in(text)
    return _Disguise(text.replace(_BOM, stand_in), ((stand_in, _BOM),))


def _hide(disguise: _Disguise, index: int) -> _Disguise:
    """Disguise what stands at the index; within a tag any character does, because the tag is unknown anyway."""
    text, meanings = disguise
    if text[index] in ",[]":
        return _Disguise(f"{text[:index]};{text[index + 1 :]}", meanings)
    stand_in = _stand_in(text)
    if text[index] == ":":
        return _Disguise(f"{text[:index]}{stand_in}{text[index + 1 :]}", (*meanings, (stand_in, ":")))
    return _Disguise(f"{text[:index]}{stand_in * 2}{text[index + 2 :]}", (*meanings, (stand_in * 2, "'")))


def _stand_in(text: str) -> str:
    """Give a character of a private area that the text does not hold."""
    free = (char for char in map(chr, range(0xE000, 0xF900)) if char not in text)
    found = next(free, "")
    if not found:
        raise RefusalError("the text holds every private character there is", _place(text, 0))
    return found


def _open(disguise: _Disguise) -> Source:
    """Begin to parse."""
    text = disguise.text
    source: Source = CParser(text).get_event
    if not text.isascii() and re.compile(_FEEDS).search(text):
        source = partial(next, _placed(source, text))
    if disguise.meanings:
        source = partial(next, _undisguised(source, disguise.meanings))
    if "?" in text and ("[" in text or "{" in text):
        source = partial(next, _flow_checked(source))
    if "!" in text:
        source = partial(next, _tags_checked(source, text))
    if "\\/" in text:
        source = partial(next, _slashes_checked(source, text))
    return source


def _placed(source: Source, text: str) -> Iterator[Event]:
    """Count lines and columns as editors do, where the text holds line breaks that only YAML 1.1 knows."""
    starts = [0, *(found.end() for found in re.compile(_BREAKS).finditer(text))]
    while True:
        event = source()
        event.start_mark = _counted(starts, event.start_mark.index)
        event.end_mark = _counted(starts, event.end_mark.index)
        yield event


def _counted(starts: list[int], index: int) -> Mark:
    line = bisect_right(starts, index) - 1
    return Mark("", index, line, index - starts[line], None, 0)


def _undisguised(source: Source, meanings: tuple[tuple[str, str], ...]) -> Iterator[Event]:
    while True:
        event = source()
        if event.__class__ is ScalarEvent:
            for stand_in, meaning in meanings:
                event.value = event.value.replace(stand_in, meaning)
        yield event


def _flow_checked(source: Source) -> Iterator[Event]:
    """Refuse a `?` in plain text of a flow collection: to go-yaml it begins a key, or ends the text."""
    flows = [False]
    while True:
        event = source()
        if isinstance(event, CollectionStartEvent):
            flows.append(bool(event.flow_style))
        elif isinstance(event, CollectionEndEvent):
            flows.pop()
        elif flows[-1] and _is_doubtful(event):
            what = "text with `?` must be quoted between brackets or braces: Helm ends it there"
            raise RefusalError(what, event.start_mark)
        yield event


def _is_doubtful(event: Event) -> bool:
    return event.__class__ is ScalarEvent and event.style == "" and "?" in event.value


def _tags_checked(source: Source, text: str) -> Iterator[Event]:
    """Keep together what go-yaml takes for one tag, commas and brackets included."""
    while True:
        event = source()
        if getattr(event, "tag", None) is not None:
            found = re.compile(_ANCHOR_AND_TAG).match(text, event.start_mark.index)
            if found and text[found.end() : found.end() + 1] in (",", "[", "]"):
                raise _StricterError(found.end())
        yield event


def _slashes_checked(source: Source, text: str) -> Iterator[Event]:
    """Refuse an escaped slash, which JSON has and YAML 1.1 lacks."""
    while True:
        event = source()
        start, end = event.start_mark.index, event.end_mark.index
        if _is_double_quoted(event):
            _check_slashes(text, start, end)
        elif event.__class__ is DocumentEndEvent:  # go-yaml reads ahead, but not beyond the next marker
            marker = re.compile(_MARKER).search(text, end)
            _check_slashes(text, end, marker.start() if marker else len(text))
        yield event


def _is_double_quoted(event: Event) -> bool:
    return event.__class__ is ScalarEvent and event.style == '"'


def _check_slashes(text: str, start: int, end: int) -> None:
    for found in re.compile(_ESCAPE).finditer(text, start, end):
        if found[0] == "\\/":
            raise RefusalError(explain("found unknown escape character", "/"), _place(text, found.start()))


def _control(text: str) -> RefusalError:
    found = re.compile(_CONTROL).search(text)
    at = found.start() if found else 0
    return RefusalError(
        f"the character U+{ord(text[at]):04X} is not allowed in YAML: escape it in double quotes", _place(text, at)
    )


def _place(text: str, index: int) -> Mark:
    return _counted([0, *(found.end() for found in re.compile(_BREAKS).finditer(text, 0, index))], index)
