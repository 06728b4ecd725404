"""The text of sources and places in it: lines counted as spans count them."""

import re
from collections.abc import Mapping

from meshguard.diagnostic import Span

_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"  # what YAML takes for the end of a line


def lines(text: str) -> list[str]:
    """Give the lines without their ends; a byte order mark is no column."""
    return re.split(_BREAK, text.removeprefix("\ufeff"))


def is_argument(span: Span) -> bool:
    """Tell whether the place is an argument of the command line, such as `--set a.b=1`."""
    return span.file.startswith("--set")


def line_at(span: Span, sources: Mapping[str, str], seen: dict[str, list[str]]) -> str | None:
    """Give the line where a span starts, or the expression of an argument; None where the source lacks it.

    `seen` keeps the lines of each source for the next call.
    """
    if is_argument(span):
        return span.file.partition(" ")[2] or None
    if span.file not in seen:
        seen[span.file] = lines(sources[span.file]) if span.file in sources else []
    known = seen[span.file]
    return known[span.line - 1] if span.line <= len(known) else None
