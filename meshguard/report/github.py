"""The report for a GitHub workflow: a run in, one log command for each finding and a summary out.

GitHub shows ten annotations of each severity per step, so each message names its place too, for the log.
"""

from meshguard.diagnostic import Span
from meshguard.escape import printable
from meshguard.report.words import Group, grouped, summary, table, told
from meshguard.run import Run
from meshguard.source import is_argument, relative

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(run: Run) -> str:
    """Give the lines of the log."""
    groups = grouped(run.diagnostics)
    commands = [_command(group, run.top) for group in groups]
    notes = [f"note: {printable(note)}" for note in run.notes]
    return "".join(f"{line}\n" for line in (*commands, *notes, *table(groups), summary(run)))


def _command(group: Group, top: str) -> str:
    found = group.diagnostic
    fields = ",".join(f"{name}={_property(value)}" for name, value in _fields(found.rule, found.span, top).items())
    message = "\n".join(told(group))
    return f"::{_COMMANDS[found.severity]} {fields}::{_data(message)}"


def _fields(rule: str, span: Span, top: str) -> dict[str, str]:
    if is_argument(span):
        return {"title": rule}
    return {  # no end: an annotation up to the end of the file is shown nowhere
        "title": rule,
        "file": printable(relative(span.file, top)),
        "line": str(span.line),
        "col": str(span.column),
    }


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
