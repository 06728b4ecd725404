"""`validate`: judge the values of one service or of all, and say what is wrong, where, and what would be right."""

import argparse
import os
import sys
from collections.abc import Iterable

from meshguard import baseline
from meshguard.commands.arguments import Parser, add_inputs, inputs, parser
from meshguard.commands.output import write_whole
from meshguard.commands.reporting import ALL_RULES, add_fail_on, exit_code, run_of, text_report
from meshguard.commands.subject import Task, every
from meshguard.diagnostic import Severity, UserError, quoted
from meshguard.engine import is_locked, severity_of
from meshguard.engine_rules import ENGINE_RULES, UNUSED_BASELINE
from meshguard.fleet import judge_all
from meshguard.helm.values import read_file
from meshguard.pipeline import Verdict, conclude, judge_given
from meshguard.report import FORMATS
from meshguard.run import Run
from meshguard.schema import load_schema
from meshguard.source import relative

_BASELINE = 1 << 26  # bytes of a baseline that are read: those of some 200,000 findings


def run(argv: list[str]) -> int:
    """Judge the values; the report goes to stdout, further ones into files."""
    parsed = _flags().parse_intermixed_args(argv)
    reports = [_report_file(word) for word in parsed.report]
    _refuse_twins([path for path, _ in reports] + [word for word in (parsed.write_baseline,) if word is not None])
    task = every(inputs(parsed), ALL_RULES)
    judge_each = judge_all if task.is_fleet else judge_given
    outcomes = judge_each(task.subjects, ALL_RULES, load_schema("values"))
    verdict = conclude(outcomes, ALL_RULES, task.subjects[0].facts)
    verdict, notes = _with_baseline(verdict, task, parsed)
    found = run_of(verdict, task._replace(notes=(*task.notes, *notes)))
    for path, form in reports:
        write_whole(path, FORMATS[form](found))
    sys.stdout.write(_report(found, parsed.output))
    return exit_code(verdict.diagnostics, parsed.fail_on)


def _flags() -> Parser:
    flags = parser(
        "validate", "Judge values; without any file, those of all services of the policy in all environments."
    )
    add_inputs(flags)
    flags.add_argument("-o", "--output", choices=tuple(FORMATS), default="text", help="the form of the report")
    flags.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=FILE", help="write a report to a file (repeatable)"
    )
    flags.add_argument("--baseline", metavar="FILE", help="accept the findings that this file lists")
    flags.add_argument("--write-baseline", metavar="FILE", help="list today's findings, to be accepted")
    add_fail_on(flags)
    return flags


def _report_file(word: str) -> tuple[str, str]:
    form, equals, path = word.partition("=")
    if not equals or not path or form not in FORMATS:
        raise UserError(f"--report '{word}' must be FORMAT=FILE with one of {', '.join(FORMATS)}")
    return path, form


def _refuse_twins(paths: Iterable[str]) -> None:
    """Raise UserError where a file that is written would take the place of another one."""
    seen: set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise UserError(f"'{path}' is written twice: the later text would take the place of the earlier one")
        seen.add(real)


def _with_baseline(verdict: Verdict, task: Task, parsed: argparse.Namespace) -> tuple[Verdict, tuple[str, ...]]:
    """Apply or write the baseline; gives notes too. What the engine finds and what is locked is never accepted."""
    path = parsed.write_baseline or parsed.baseline
    if path is None:
        return verdict, ()
    facts = task.subjects[0].facts
    locked = {rule.id for rule in (*ENGINE_RULES, *(rule for rule in ALL_RULES if is_locked(rule, facts)))}
    found = baseline.acceptable(verdict, locked, task.top)
    notes: tuple[str, ...] = ()
    if parsed.write_baseline is not None:
        write_whole(path, baseline.written(found))
        errors = {diagnostic.rule for diagnostic in verdict.diagnostics if diagnostic.severity is Severity.ERROR}
        refused = sorted(errors & locked)
        if refused:
            notes = (f"{path} accepts no findings of {quoted(refused)}: they have to be mended",)
    entries = baseline.read(read_file(path, _BASELINE), path)
    unused = severity_of(UNUSED_BASELINE, facts)
    return baseline.accept(verdict, found, entries, _judged(verdict, task, entries), unused), notes


def _judged(verdict: Verdict, task: Task, entries: Iterable[baseline.Entry]) -> set[str]:
    """Give the files that were judged wholly; of all services these are all files, also those that are gone."""
    given = {relative(file, task.top) for subject in task.subjects for file in subject.request.files}
    listed = {entry.file for entry in entries} if task.is_fleet else given
    return listed - {relative(file, task.top) for file in verdict.unjudged}


def _report(found: Run, form: str) -> str:
    return text_report(found, sys.stdout) if form == "text" else FORMATS[form](found)
