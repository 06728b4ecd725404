"""From a verdict to a report and an exit code."""

import argparse
import os
from collections.abc import Iterable
from typing import TextIO

from meshguard.commands.subject import Task
from meshguard.diagnostic import SEVERITIES, Diagnostic, Severity
from meshguard.engine_rules import ENGINE_RULES
from meshguard.pipeline import Verdict
from meshguard.plugin import version
from meshguard.report import FORMATS
from meshguard.run import Run
from validators import RULES

ALL_RULES = tuple(sorted((*ENGINE_RULES, *RULES)))


def add_fail_on(flags: argparse.ArgumentParser) -> None:
    """Add the flag that says from which severity on a run fails."""
    words = tuple(str(severity) for severity in SEVERITIES)
    flags.add_argument("--fail-on", choices=words, default="error", help="the least severity that fails the run")


def run_of(verdict: Verdict, task: Task) -> Run:
    """Give what a report sees of the run; of the policy only where a finding stands in it."""
    in_policy = any(found.span.file in task.sources for found in verdict.diagnostics)
    return Run(
        version=version(),
        rules=ALL_RULES,
        diagnostics=verdict.diagnostics,
        ignored=verdict.ignored,
        notes=task.notes,
        sources={**task.sources, **verdict.sources} if in_policy else verdict.sources,
        checked=len(task.subjects),
        refused=verdict.refused,
        top=task.top,
    )


def exit_code(diagnostics: Iterable[Diagnostic], fail_on: str) -> int:
    """Give 1 where a finding is at least as severe as `fail_on`, else 0."""
    failing = SEVERITIES[: SEVERITIES.index(Severity(fail_on)) + 1]
    return int(any(found.severity in failing for found in diagnostics))


def text_report(run: Run, stream: TextIO) -> str:
    """Give the report for people, in the width and the colour of the stream."""
    width = os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 120
    return FORMATS["text"](run, colour=has_colour(stream), width=width)


def has_colour(stream: TextIO) -> bool:
    """Tell whether the stream is a terminal that wants colour."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
