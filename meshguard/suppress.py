"""Ignore comments: findings and sources in; findings that stand, and findings that somebody took on, out."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

import yaml

from meshguard.diagnostic import ROOT, Diagnostic, Span
from meshguard.engine import is_locked, severity_of
from meshguard.engine_rules import (
    ENGINE_RULES,
    EXPIRED_IGNORE,
    LOCKED_RULE_IGNORED,
    MALFORMED_IGNORE,
    UNKNOWN_RULE,
    UNUSED_IGNORE,
)
from meshguard.policy import Facts
from meshguard.rule import Rule, no_such_rule
from meshguard.run import Ignored
from meshguard.source import lines

# Patterns stay text until a file has such a comment: compiling them would cost every run.
_INSIDE = r"#[ \t]*meshguard:?[ \t]*ignore[ \t]*\["  # where only the start of a comment is read
_OURS = rf"#[ \t]*meshguard(?::|[ \t]+ignore\b)|#.*{_INSIDE}"
_IGNORE = r"#[ \t]*meshguard:[ \t]*ignore\[([^\]]*)\](?:[ \t]+(.*))?"
_UNTIL = r"\buntil=([^\s,;).]*)"
_BLOCK_HEADER = r"[|>][-+0-9]*[ \t]+(#.*)"
_FORM = "write '# meshguard: ignore[rule-id] reason'"


class Ignore(NamedTuple):
    """One comment: the rules that it names, each with its place, and the line whose findings it takes on.

    `until` is the last day that it holds (`YYYY-MM-DD`). `fault` says what is wrong with it; then it names no rule.
    """

    span: Span
    line: int
    rules: tuple[tuple[str, Span], ...] = ()
    reason: str = ""
    until: str | None = None
    fault: str = ""


class _Comment(NamedTuple):
    """A comment as it stands in a file, places counted from 1; `alone` when nothing else is on its line."""

    text: str
    line: int
    column: int
    alone: bool


class _Claim(NamedTuple):
    """One rule of one comment: `span` is where the comment names it."""

    rule: str
    span: Span
    ignore: Ignore


def apply(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, str],
    rules: Iterable[Rule],
    facts: Facts,
    unjudged: Container[str] = (),
) -> tuple[tuple[Diagnostic, ...], tuple[Ignored, ...]]:
    """Sort findings into those that stand, followed by what is wrong with comments, and those that are ignored.

    A comment is unused only where no finding given here needs it, so all services and environments that share a
    file go through here together. In files that are `unjudged`, because not all rules ran, none is called unused.
    """
    comments = [ignore for file, text in sources.items() for ignore in ignores(text, file)]
    if not comments:
        return tuple(diagnostics), ()
    known = {rule.id: rule for rule in (*rules, *ENGINE_RULES)}
    claims, faults = _claims(comments, known, facts)
    kept, ignored, used = _sorted_out(diagnostics, claims, facts)
    for claim in claims:
        if claim.span in used:
            faults += _ended(claim, facts)
        elif claim.span.file not in unjudged and severity_of(known[claim.rule], facts) is not None:
            faults += _unused(claim, facts)
    return (*kept, *faults), tuple(ignored)


def ignores(text: str, file: str) -> tuple[Ignore, ...]:
    """Give the comments of a source that are meant for meshguard, the malformed ones too."""
    if "meshguard" not in text:
        return ()
    comments = list(_comments(text))
    alone = {comment.line for comment in comments if comment.alone}
    return tuple(_ignore(comment, file, alone) for comment in comments if re.match(_OURS, comment.text))


def _claims(
    comments: Iterable[Ignore], known: Mapping[str, Rule], facts: Facts
) -> tuple[list[_Claim], list[Diagnostic]]:
    """Give what the comments may take on, and what is wrong with the others."""
    claims: list[_Claim] = []
    faults: list[Diagnostic] = []
    for ignore in comments:
        if ignore.fault:
            faults += _fault(MALFORMED_IGNORE, ignore.span, ignore.fault, facts)
        for rule, span in ignore.rules:
            if rule not in known:
                faults += _fault(UNKNOWN_RULE, span, _no_rule(rule, known), facts)
            elif known[rule] in ENGINE_RULES:
                message = f"a finding of '{rule}' cannot be ignored; mend what it says"
                faults += _fault(LOCKED_RULE_IGNORED, span, message, facts)
            elif is_locked(known[rule], facts):
                message = f"'{rule}' is locked: only an exemption in the policy lifts it, no comment does"
                faults += _fault(LOCKED_RULE_IGNORED, span, message, facts)
            else:
                claims.append(_Claim(rule, span, ignore))
    return claims, faults


def _no_rule(name: str, known: Mapping[str, Rule]) -> str:
    if "until=" in name:
        return f"'{name}' names no rule; 'until=' stands behind the bracket: ignore[rule-id] until=2031-12-31"
    return no_such_rule(name, known)


def _sorted_out(
    diagnostics: Iterable[Diagnostic], claims: Iterable[_Claim], facts: Facts
) -> tuple[list[Diagnostic], list[Ignored], set[Span]]:
    """Give the findings that stand, those that a comment takes on, and the places of the comments that met one."""
    takers: dict[tuple[str, int, str], list[_Claim]] = {}
    for claim in claims:
        takers.setdefault((claim.span.file, claim.ignore.line, claim.rule), []).append(claim)
    kept, ignored = [], []
    used: set[Span] = set()
    for diagnostic in diagnostics:
        met = takers.get((diagnostic.span.file, diagnostic.span.line, diagnostic.rule), [])
        used.update(claim.span for claim in met)
        reason = next((claim.ignore.reason for claim in met if not _expired(claim.ignore, facts)), None)
        if reason is None:
            kept.append(diagnostic)
        else:
            ignored.append(Ignored(diagnostic, "comment", reason))
    return kept, ignored, used


def _fault(rule: Rule, span: Span, message: str, facts: Facts) -> Iterator[Diagnostic]:
    severity = severity_of(rule, facts)
    if severity is not None:
        yield Diagnostic(rule.id, severity, message, ROOT, span)


def _unused(claim: _Claim, facts: Facts) -> Iterator[Diagnostic]:
    message = (
        f"'{claim.rule}' finds nothing on line {claim.ignore.line};"
        " remove the comment, or put it on the line of the finding"
    )
    return _fault(UNUSED_IGNORE, claim.span, message, facts)


def _ended(claim: _Claim, facts: Facts) -> Iterator[Diagnostic]:
    if _expired(claim.ignore, facts):
        message = (
            f"the ignore of '{claim.rule}' ended on {claim.ignore.until}; mend the finding or agree on a new day"
        )
        yield from _fault(EXPIRED_IGNORE, claim.span, message, facts)


def _expired(ignore: Ignore, facts: Facts) -> bool:
    return ignore.until is not None and ignore.until < facts.today


def _comments(text: str) -> Iterator[_Comment]:
    """Find comments where YAML has them: between two tokens, and behind the header of a block scalar."""
    source = [*lines(text), ""]  # the scanner ends on a line of its own
    line = column = 0
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            start, end = token.start_mark, token.end_mark
            for number in range(line, start.line + 1):
                first = column if number == line else 0
                last = start.column if number == start.line else None
                yield from _comment(source, number, first, last)
            if getattr(token, "style", None) in ("|", ">"):
                yield from _header(source, start.line, start.column)
            line, column = end.line, end.column
    except yaml.YAMLError:  # said by whoever reads the values
        return


def _comment(source: list[str], number: int, first: int, last: int | None) -> Iterator[_Comment]:
    """Give the comment of one line in a stretch that holds nothing but space and comments."""
    start = source[number].find("#", first, last)
    if start >= 0:
        alone = not source[number][:start].strip(" \t")
        yield _Comment(source[number][start:].rstrip(), number + 1, start + 1, alone)


def _header(source: list[str], number: int, column: int) -> Iterator[_Comment]:
    """Give the comment behind `|` or `>`, which the scanner takes for a part of the scalar."""
    found = re.match(_BLOCK_HEADER, source[number][column:])
    if found:
        yield _Comment(found[1].rstrip(), number + 1, column + found.start(1) + 1, alone=False)


def _ignore(comment: _Comment, file: str, alone: Container[int]) -> Ignore:
    """Read one comment. Alone on its line it holds for the first line below that is not a comment too."""
    line = comment.line
    while line in alone:
        line += 1
    span = _span(comment, file, 0, len(comment.text))
    found = re.fullmatch(_IGNORE, comment.text)
    if found is None:
        return Ignore(span, line, fault=f"'{comment.text}' is no ignore comment; {_FORM}")
    rules = tuple(_rules(comment, file, found[1], found.start(1)))
    reason = (found[2] or "").strip()
    days = re.findall(_UNTIL, reason)
    fault = _faulty(rules, reason, days)
    if fault:
        return Ignore(span, line, fault=fault)
    return Ignore(span, line, rules, reason, days[0] if days else None)


def _rules(comment: _Comment, file: str, names: str, start: int) -> Iterator[tuple[str, Span]]:
    for part in names.split(","):
        name = part.strip()
        first = start + part.find(name)
        yield name, _span(comment, file, first, first + len(name))
        start += len(part) + 1


def _faulty(rules: tuple[tuple[str, Span], ...], reason: str, days: list[str]) -> str:
    """Say what is wrong with the parts of a comment, or ''."""
    if not all(name for name, _ in rules):
        return f"the ignore comment names no rule between its brackets; {_FORM}"
    if not re.sub(_UNTIL, "", reason).strip(" \t,;()"):
        return f"the ignore of '{rules[0][0]}' gives no reason; {_FORM}"
    if re.search(_INSIDE, reason):
        return f"the ignore of '{rules[0][0]}' holds another one; name several rules as in 'ignore[rule-a, rule-b]'"
    if len(days) > 1:
        return f"the ignore of '{rules[0][0]}' ends on several days; keep one 'until=YYYY-MM-DD'"
    if days and not _is_day(days[0]):
        return f"'until={days[0]}' is no day; write 'until=YYYY-MM-DD'"
    return ""


def _is_day(text: str) -> bool:
    from datetime import date  # noqa: PLC0415 - hardly any comment has an end

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _span(comment: _Comment, file: str, start: int, end: int) -> Span:
    return Span(file, comment.line, comment.column + start, comment.line, comment.column + end)
