"""The pages of rules for a terminal: a rule in, its page as text out; all rules in, a list out."""

import textwrap
from collections.abc import Iterable, Iterator

from meshguard.escape import json_text
from meshguard.rule import Rule

_WIDTH = 88
_FENCES = {"policy": ".meshguard.yaml"}  # what an example without a file name stands in


def page(rule: Rule, *, colour: bool = False) -> str:
    """Give the page of a rule, which is Markdown, as a terminal reads well."""
    title = f"{_bold(rule.id, colour=colour)} ({rule.kind})"
    return "\n".join((title, "", *_body(rule.doc, colour=colour))).rstrip() + "\n"


def _bold(text: str, *, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def _body(doc: str, *, colour: bool) -> Iterator[str]:
    """Give the lines: headings stand out, text is filled, examples are set in."""
    indent = ""
    for position, part in enumerate(doc.split("\n```")):
        if position % 2:
            info, _, code = part.partition("\n")
            kind, _, name = info.partition(" ")
            if name or kind in _FENCES:
                yield f"{indent}{name or _FENCES[kind]}:"
            yield from (f"{indent}  {line}".rstrip() for line in (*code.split("\n"), ""))
            continue
        for block in filter(None, part.strip("\n").split("\n\n")):
            if block.startswith("## "):
                indent = "  "
                yield _bold(block.removeprefix("## "), colour=colour)
            elif block.startswith("- "):
                yield textwrap.indent(block, indent)
            else:
                yield textwrap.fill(
                    block, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
                )
            yield ""


def listing(rules: Iterable[Rule]) -> str:
    """Give one line for each rule: id, severity, whether it is locked, summary."""
    rows = [(rule.id, str(rule.severity), "locked" if rule.locked else "", rule.summary) for rule in rules]
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in rows
    )


def listing_json(rules: Iterable[Rule]) -> str:
    """Give a JSON list with the same facts."""
    return json_text(
        [
            {"id": rule.id, "severity": rule.severity, "locked": rule.locked, "summary": rule.summary}
            for rule in rules
        ]
    )
