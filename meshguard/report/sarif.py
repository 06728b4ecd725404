"""The report for code scanning: a run in, SARIF 2.1.0 out."""

from urllib.parse import quote

from meshguard.diagnostic import Span
from meshguard.escape import json_text, printable, printable_lines
from meshguard.fingerprint import fingerprints
from meshguard.report.words import Group, for_whom, grouped, in_file, lifted, place
from meshguard.rule import Rule
from meshguard.run import Run
from meshguard.source import is_argument, relative

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_KINDS = {"comment": "inSource", "exemption": "external", "baseline": "external"}


def render(run: Run) -> str:
    """Give the whole log, with one run."""
    standing, suppressed = grouped(run.diagnostics), lifted(run.ignored)
    groups = [*standing, *(group for group, _, _ in suppressed)]
    prints = fingerprints((group.diagnostic for group in groups), run.sources, run.top)
    results = [_result(group, run, mark) for group, mark in zip(groups, prints, strict=True)]
    for result, (_, by, reason) in zip(results[len(standing) :], suppressed, strict=True):
        result["suppressions"] = [{"kind": _KINDS[by], "justification": printable(reason)}]
    driver = {"name": "meshguard", "version": run.version, "rules": [_rule(rule) for rule in run.rules]}
    notes = [{"level": "note", "message": {"text": _unlinked(printable(note))}} for note in run.notes]
    log = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": results,
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [log]})


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.doc, "markdown": rule.doc},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(group: Group, run: Run, fingerprint: str) -> dict[str, object]:
    found = group.diagnostic
    related = [
        {"id": number, **_location(span, run), "message": {"text": _unlinked(printable(message))}}
        for number, (span, message) in enumerate(found.related)
    ]
    return {
        "ruleId": found.rule,
        "level": _LEVELS[found.severity],
        "message": {"text": _message(group)},
        "locations": [{**_location(found.span, run), "logicalLocations": [{"fullyQualifiedName": str(found.at)}]}],
        "relatedLocations": related,
        "partialFingerprints": {"meshguard/v1": fingerprint},
    }


def _message(group: Group) -> str:
    """Say all that a reader needs: code scanning shows no other text beside the source."""
    found = group.diagnostic
    argument = f"{place(found.span)}: " if is_argument(found.span) else ""
    message = f"{argument}{printable(found.message)}{for_whom(group)}"
    return _unlinked(f"{message}\n{printable_lines(found.help.rstrip())}" if found.help else message)


def _unlinked(text: str) -> str:
    """Keep brackets and parentheses from being a link, which plain messages may hold."""
    return text.replace("](", "]\\(")


def _location(span: Span, run: Run) -> dict[str, object]:
    """Give the place, of several lines the first: the end may be one that the file lacks, and hides the result."""
    at = in_file(span, run.sources)
    region = {"startLine": at.line, "startColumn": at.column}
    if at.end_line == at.line:
        region["endColumn"] = at.end_column
    uri = quote(relative(at.file, run.top), errors="surrogatepass")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
