"""The report for GitLab's merge requests: a run in, a Code Quality document out."""

from meshguard.escape import json_text, printable
from meshguard.fingerprint import fingerprints
from meshguard.report.words import Group, for_whom, grouped, in_file, place
from meshguard.run import Run
from meshguard.source import is_argument, relative

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(run: Run) -> str:
    """Give the list of findings; what is ignored is none."""
    groups = grouped(run.diagnostics)
    prints = fingerprints((group.diagnostic for group in groups), run.sources, run.top)
    return json_text([_issue(group, run, mark) for group, mark in zip(groups, prints, strict=True)])


def _issue(group: Group, run: Run, fingerprint: str) -> dict[str, object]:
    found = group.diagnostic
    argument = f"{place(found.span)}: " if is_argument(found.span) else ""
    at = in_file(found.span, run.sources)
    return {
        "description": f"{argument}{printable(found.message)}{for_whom(group)}",
        "check_name": found.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[found.severity],
        "location": {"path": relative(at.file, run.top), "lines": {"begin": at.line}},
    }
