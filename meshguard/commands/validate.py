"""`validate`: judge the values of a service and say what is wrong, where, and what would be right."""

import sys

from meshguard.commands.arguments import add_inputs, inputs, parser
from meshguard.commands.reporting import ALL_RULES, add_fail_on, exit_code, has_colour, run_of
from meshguard.commands.subject import every
from meshguard.fleet import judge_all
from meshguard.pipeline import conclude, judge_given
from meshguard.report import FORMATS
from meshguard.schema import load_schema


def run(argv: list[str]) -> int:
    """Judge the values; the report goes to stdout."""
    flags = parser("validate", "Judge values: what is wrong, where, and what would be right.")
    add_inputs(flags)
    flags.add_argument("-o", "--output", choices=tuple(FORMATS), default="text", help="the form of the report")
    add_fail_on(flags)
    parsed = flags.parse_args(argv)
    task = every(inputs(parsed), ALL_RULES)
    judge_each = judge_all if task.is_fleet else judge_given
    verdict = conclude(judge_each(task.subjects, ALL_RULES, load_schema("values")), ALL_RULES)
    sys.stdout.write(FORMATS[parsed.output](run_of(verdict, task), colour=has_colour(sys.stdout)))
    return exit_code(verdict.diagnostics, parsed.fail_on)
