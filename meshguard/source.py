"""The text of sources and places in it: lines counted as spans count them."""

import os
import re
from collections.abc import Mapping

from meshguard.diagnostic import Span

_AT_REF = ":.meshguard.yaml"  # how the name of a policy ends that was read at a git ref
_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"  # what YAML takes for the end of a line


def lines(text: str) -> list[str]:
    """Give the lines without their ends; a byte order mark is no column."""
    return re.split(_BREAK, text.removeprefix("\ufeff"))


def is_argument(span: Span) -> bool:
    """Tell whether the place is an argument of the command line, such as `--set a.b=1`."""
    return span.file.startswith("--set")


def relative(file: str, top: str) -> str:
    """Give a file name as CI systems and other runs want it: from the directory `top`, without detours.

    Where `top` is '', or the file lies elsewhere, the name stays what it is. A policy of a git ref is the file that
    it was read from.
    """
    if file.endswith(_AT_REF):
        return _AT_REF[1:]
    name = os.path.normpath(file)
    if not top or name == "-":
        return name
    below = os.path.relpath(name, top)
    return name if below.startswith("..") else below


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
