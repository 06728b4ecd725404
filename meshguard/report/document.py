"""The report for programs: a run in, one JSON document out, whose fields docs/reports.md explains."""

from meshguard.diagnostic import SEVERITIES, Diagnostic, Span
from meshguard.escape import json_text
from meshguard.run import Run
from meshguard.source import is_argument

VERSION = 1  # of the document; a field that is added does not change it


def render(run: Run) -> str:
    """Give the whole document."""
    severities = [diagnostic.severity for diagnostic in run.diagnostics]
    return json_text(
        {
            "version": VERSION,
            "meshguard": run.version,
            "diagnostics": [_diagnostic(diagnostic) for diagnostic in run.diagnostics],
            "ignored": [
                {**_diagnostic(diagnostic), "ignoredBy": by, "reason": reason}
                for diagnostic, by, reason in run.ignored
            ],
            "notes": list(run.notes),
            "summary": {
                **{f"{severity}s": severities.count(severity) for severity in SEVERITIES},
                "ignored": len(run.ignored),
                "checked": run.checked,
                "refused": run.refused,
            },
        }
    )


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "at": str(diagnostic.at),
        "path": list(diagnostic.at),
        **_place(diagnostic.span),
        "related": [{**_place(span), "message": message} for span, message in diagnostic.related],
        "help": diagnostic.help,
        "service": diagnostic.service,
        "environments": list(diagnostic.environments),
    }


def _place(span: Span) -> dict[str, object]:
    argument = is_argument(span)
    return {
        "file": None if argument else span.file,
        "argument": span.file if argument else None,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
