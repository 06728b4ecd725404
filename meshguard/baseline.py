"""Findings that a repository accepts from before it had the gate: a file of fingerprints, and what it lifts."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, UserError
from meshguard.engine_rules import UNUSED_BASELINE
from meshguard.fingerprint import fingerprints
from meshguard.pipeline import Verdict
from meshguard.run import Ignored


class Entry(NamedTuple):
    """One accepted finding. `rule`, `file` and `message` are for people."""

    fingerprint: str
    rule: str
    file: str
    message: str
    span: Span


def written(verdict: Verdict, locked: Collection[str]) -> str:
    """Give the baseline that accepts what a run found, but what must never be accepted."""
    from meshguard.escape import json_text  # noqa: PLC0415 - only a baseline that is written needs it

    findings = [
        {"fingerprint": fingerprint, "rule": found.rule, "file": found.span.file, "message": found.message}
        for fingerprint, found in _acceptable(verdict, locked)
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
    entries: Collection[Entry],
    path: str,
    judged: Collection[str],
    locked: Collection[str],
    unused: Severity | None = UNUSED_BASELINE.severity,
) -> Verdict:
    """Lift what the baseline accepts; an entry of a judged file that nothing needs is a finding so severe."""
    accepted = {entry.fingerprint for entry in entries}
    matched = {fingerprint: found for fingerprint, found in _acceptable(verdict, locked) if fingerprint in accepted}
    lifted = set(matched.values())
    stale = [entry for entry in entries if entry.fingerprint not in matched and entry.file in judged]
    gone = () if unused is None else (_gone(entry, unused) for entry in stale)
    return verdict._replace(
        diagnostics=(*(found for found in verdict.diagnostics if found not in lifted), *gone),
        ignored=(*verdict.ignored, *(Ignored(found, "baseline", path) for found in matched.values())),
    )


def _gone(entry: Entry, severity: Severity) -> Diagnostic:
    message = f"the finding '{entry.rule}' of '{entry.file}' does not occur any more; take the entry out"
    return Diagnostic(UNUSED_BASELINE.id, severity, message, ROOT, entry.span)


def _acceptable(verdict: Verdict, locked: Collection[str]) -> list[tuple[str, Diagnostic]]:
    found = [diagnostic for diagnostic in verdict.diagnostics if diagnostic.rule not in locked]
    return list(zip(fingerprints(found, verdict.sources), found, strict=True))
