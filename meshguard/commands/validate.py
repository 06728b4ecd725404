"""`validate`: judge the values of one service or of all, and say what is wrong, where, and what would be right."""

import argparse
import sys

from meshguard import baseline
from meshguard.commands.arguments import Parser, add_inputs, inputs, parser
from meshguard.commands.output import write_whole
from meshguard.commands.reporting import ALL_RULES, add_fail_on, exit_code, run_of, text_report
from meshguard.commands.subject import Task, every
from meshguard.diagnostic import UserError
from meshguard.engine import is_locked, severity_of
from meshguard.engine_rules import ENGINE_RULES, UNUSED_BASELINE
from meshguard.fleet import judge_all
from meshguard.helm.values import read_file
from meshguard.pipeline import Verdict, conclude, judge_given
from meshguard.report import FORMATS
from meshguard.run import Run
from meshguard.schema import load_schema


def run(argv: list[str]) -> int:
    """Judge the values; the report goes to stdout, further ones into files."""
    parsed = _flags().parse_intermixed_args(argv)
    reports = [_report_file(word) for word in parsed.report]
    if len(dict(reports)) < len(reports):
        raise UserError("--report names a file twice, and the later report would take the place of the earlier one")
    task = every(inputs(parsed), ALL_RULES)
    judge_each = judge_all if task.is_fleet else judge_given
    outcomes = judge_each(task.subjects, ALL_RULES, load_schema("values"))
    verdict = conclude(outcomes, ALL_RULES, task.subjects[0].facts)
    verdict = _with_baseline(verdict, task, parsed)
    found = run_of(verdict, task)
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


def _with_baseline(verdict: Verdict, task: Task, parsed: argparse.Namespace) -> Verdict:
    """Apply or write the baseline. What the engine finds and what is locked is never accepted."""
    if parsed.baseline is None and parsed.write_baseline is None:
        return verdict
    facts = task.subjects[0].facts
    locked = {rule.id for rule in (*ENGINE_RULES, *(rule for rule in ALL_RULES if is_locked(rule, facts)))}
    if parsed.write_baseline is not None:
        write_whole(parsed.write_baseline, baseline.written(verdict, locked))
    path = parsed.baseline or parsed.write_baseline
    judged = {file for subject in task.subjects for file in subject.request.files}
    unused = severity_of(UNUSED_BASELINE, facts)
    return baseline.accept(verdict, baseline.read(read_file(path), path), path, judged, locked, unused)


def _report(found: Run, form: str) -> str:
    return text_report(found, sys.stdout) if form == "text" else FORMATS[form](found)
