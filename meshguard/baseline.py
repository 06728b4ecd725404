"""Findings that a repository accepts from before it had the gate: a file of fingerprints, and what it lifts."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, UserError
from meshguard.engine_rules import UNUSED_BASELINE
from meshguard.fingerprint import fingerprints
from meshguard.pipeline import Verdict
from meshguard.run import Ignored
from meshguard.source import relative


class Candidate(NamedTuple):
    """A finding that may be accepted, as each service says it that has it."""

    fingerprint: str
    file: str
    findings: Sequence[Diagnostic]


class Entry(NamedTuple):
    """One accepted finding. `rule` and `message` are for people."""

    fingerprint: str
    rule: str
    file: str
    message: str
    span: Span


def acceptable(verdict: Verdict, locked: Collection[str], top: str) -> tuple[Candidate, ...]:
    """Give what a baseline may accept, once for all services that share it; `top` is what file names start from."""
    findings: dict[Diagnostic, list[Diagnostic]] = {}
    for found in verdict.diagnostics:
        if found.rule not in locked:
            findings.setdefault(found._replace(service=None, environments=()), []).append(found)
    prints = fingerprints(findings, verdict.sources, top)
    return tuple(map(Candidate, prints, (relative(found.span.file, top) for found in findings), findings.values()))


def written(candidates: Iterable[Candidate]) -> str:
    """Give the baseline that accepts all of them."""
    from meshguard.escape import json_text  # noqa: PLC0415 - only a baseline that is written needs it

    findings = [
        {"fingerprint": fingerprint, "rule": found[0].rule, "file": file, "message": found[0].message}
        for fingerprint, file, found in candidates
    ]
    return json_text({"version": 1, "findings": findings})


def read(data: bytes, path: str) -> tuple[Entry, ...]:
    """Read a baseline; raise UserError for anything but what `written` gives."""
    import json  # noqa: PLC0415 - only a run with a baseline needs it

    try:
        text = data.decode()
        tree = json.loads(text)
        listed = {1: tree["findings"]}[tree["version"]]
        places = {line.strip(): number for number, line in enumerate(text.splitlines(), 1)}
        return tuple(_entry(item, path, places) for item in listed)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"'{path}' is no baseline of version 1; write it with --write-baseline") from None


def _entry(item: dict[str, str], path: str, places: Mapping[str, int]) -> Entry:
    line = places.get(f'"fingerprint": "{item["fingerprint"]}",', 1)
    return Entry(item["fingerprint"], item["rule"], item["file"], item["message"], Span(path, line, 1, line, 1))


def accept(
    verdict: Verdict,
    candidates: Iterable[Candidate],
    entries: Collection[Entry],
    judged: Container[str],
    unused: Severity | None = UNUSED_BASELINE.severity,
) -> Verdict:
    """Lift what the entries accept; an entry of a judged file that nothing needs is a finding so severe."""
    places = {entry.fingerprint: entry.span.file for entry in entries}
    matched = {
        candidate.fingerprint: candidate.findings for candidate in candidates if candidate.fingerprint in places
    }
    lifted = {found: places[fingerprint] for fingerprint, findings in matched.items() for found in findings}
    stale = [entry for entry in entries if entry.fingerprint not in matched and entry.file in judged]
    gone = () if unused is None else (_gone(entry, unused) for entry in stale)
    return verdict._replace(
        diagnostics=(*(found for found in verdict.diagnostics if found not in lifted), *gone),
        ignored=(*verdict.ignored, *(Ignored(found, "baseline", path) for found, path in lifted.items())),
    )


def _gone(entry: Entry, severity: Severity) -> Diagnostic:
    message = f"the finding '{entry.rule}' of '{entry.file}' does not occur any more; take the entry out"
    return Diagnostic(UNUSED_BASELINE.id, severity, message, ROOT, entry.span)
