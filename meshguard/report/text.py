"""The report for people: a run in, lines with the source and the span underlined out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from meshguard.diagnostic import ROOT, Severity, Span
from meshguard.escape import cells, printable
from meshguard.report.words import Group, concerned, for_whom, grouped, lifted, place, summary, table
from meshguard.run import Ignored, Run
from meshguard.source import is_argument, line_at

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;36", "place": "1", "quiet": "2"}
_SHOWN = 10  # findings of one rule, further places of one finding, and ignored findings that are shown whole
_CUT = "..."


class _View(NamedTuple):
    """How things are shown: in which colours, how wide; and the lines of the files seen so far."""

    paint: Callable[[str, str], str]
    width: int
    sources: Mapping[str, str]
    seen: dict[str, list[str]]


def render(run: Run, *, colour: bool = False, width: int = 120) -> str:
    """Give the whole report; excerpts of the source take at most `width` columns.

    The first line of a finding stands alone, as compilers write it. An info is this line only, and so is a finding
    of a rule that was shown often enough.
    """
    view = _View(_painted if colour else _plain, max(width, 40), run.sources, {})
    groups = grouped(run.diagnostics)
    tail = [*_ignored(run.ignored, view), *_notes(run.notes, view)]
    return _joined([*_findings(groups, view), tail, table(groups), [summary(run)]])


def _joined(blocks: Iterable[Sequence[str]]) -> str:
    """Set blocks of several lines off with empty lines."""
    text, last = "", 0
    for block in blocks:
        if block and text and max(last, len(block)) > 1:
            text += "\n"
        text += "".join(f"{line}\n" for line in block)
        last = len(block) or last
    return text


def _plain(text: str, _: str) -> str:
    return text


def _painted(text: str, style: str) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if text else ""


def _findings(groups: Sequence[Group], view: _View) -> Iterator[list[str]]:
    shown: Counter[str] = Counter()
    for group in groups:
        rule = group.diagnostic.rule
        shown[rule] += 1
        if group.diagnostic.severity is Severity.INFO or shown[rule] > _SHOWN:
            yield [_headline(group, view) + for_whom(group)]
        else:
            yield [_headline(group, view), *_details(group, view, explain=shown[rule] == 1)]


def _headline(group: Group, view: _View) -> str:
    severity, message = group.diagnostic.severity, printable(group.diagnostic.message)
    return (
        f"{view.paint(place(group.diagnostic.span) + ':', 'place')} {view.paint(f'{severity}:', severity)} "
        f"{view.paint(message, 'place')} {view.paint(f'[{group.diagnostic.rule}]', 'quiet')}"
    )


def _details(group: Group, view: _View, *, explain: bool) -> Iterator[str]:
    found = group.diagnostic
    yield from _excerpt(found.span, view, found.severity)
    for span, message in found.related[:_SHOWN]:
        yield f"  {view.paint(place(span) + ':', 'place')} {printable(message)}"
        yield from _excerpt(span, view, "info")
    if len(found.related) > _SHOWN:
        yield f"  and {len(found.related) - _SHOWN} more places"
    yield from _help(found.help)
    names = concerned(group)
    where = (f"at {printable(str(found.at))}" if found.at != ROOT else "", f"in {names}" if names else "")
    if any(where):
        yield view.paint("  " + ", ".join(filter(None, where)), "quiet")
    if explain:
        yield view.paint(f"  see `helm meshguard explain {found.rule}`", "quiet")


def _help(text: str) -> Iterator[str]:
    """Give a sentence beside the word, and what has several lines below it."""
    told = text.rstrip("\n").split("\n")
    if len(told) > 1:
        yield "  help:"
        yield from (f"    {printable(line)}".rstrip() for line in told)
    elif text:
        yield f"  help: {printable(told[0])}"


def _excerpt(span: Span, view: _View, style: str) -> Iterator[str]:
    line = line_at(span, view.sources, view.seen)
    if line is None:
        return
    number = "" if is_argument(span) else str(span.line)
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else _content_end(line, start)
    text, before, marked = _clipped(line, start, end, view.width - len(number) - 5)
    blank = " " * len(number)
    yield f"  {view.paint(f'{number} |', 'quiet')} {text}".rstrip()
    yield f"  {view.paint(f'{blank} |', 'quiet')} {' ' * before}{view.paint('^' * marked, style)}"


def _content_end(line: str, start: int) -> int:
    """Find where the content of a line ends that goes on below: before a comment, as far as one can see."""
    comment = line.find(" #", start)
    return len((line if comment < 0 else line[:comment]).rstrip())


def _clipped(line: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Show the part of a line around a span: the text, the columns before the span, and the columns of the span."""
    first = max(0, start - room)
    shown = ["    " if cell == "\\t" else cell for cell in cells(line[first : start + room])]
    widths = [len(cell) if cell.isascii() else _width(cell) for cell in shown]
    begin = start - first
    left, right = 0, len(shown)
    if len(line) > room or sum(widths) > room:
        room -= 2 * len(_CUT)
        right = begin + _fitting(widths[begin:], room * 2 // 3)
        left = begin - _fitting(widths[:begin][::-1], room - sum(widths[begin:right]))
        right = begin + _fitting(widths[begin:], room - sum(widths[left:begin]))
    lead = _CUT if first + left else ""
    tail = _CUT if first + right < len(line) else ""
    before = len(lead) + sum(widths[left:begin])
    return lead + "".join(shown[left:right]) + tail, before, sum(widths[begin : min(right, end - first)]) or 1


def _fitting(widths: Sequence[int], room: int) -> int:
    """Count how many of the cells fit."""
    for count, width in enumerate(widths):
        room -= width
        if room < 0:
            return count
    return len(widths)


def _width(char: str) -> int:
    """Give the columns that a terminal needs for a character."""
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - most excerpts are ASCII

    if category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def _ignored(ignored: Sequence[Ignored], view: _View) -> Iterator[str]:
    found = lifted(ignored)
    for group, by, reason in found[:_SHOWN]:
        diagnostic = group.diagnostic
        said = f"{place(diagnostic.span)}: ignored by {by}: {printable(diagnostic.message)} [{diagnostic.rule}]"
        yield view.paint(f"{said}: {printable(reason)}{for_whom(group)}", "quiet")
    if len(found) > _SHOWN:
        yield view.paint(f"and {len(found) - _SHOWN} more ignored", "quiet")


def _notes(notes: Sequence[str], view: _View) -> Iterator[str]:
    return (f"{view.paint('note:', 'info')} {printable(note)}" for note in notes)
