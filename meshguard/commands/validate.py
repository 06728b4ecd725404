"""`validate`: judge the values of a service and say what is wrong, where, and what would be right."""

import sys

from meshguard.commands.arguments import add_inputs, inputs, parser
from meshguard.commands.reporting import ALL_RULES, add_fail_on, exit_code, has_colour, run_of
from meshguard.commands.subject import subject
from meshguard.pipeline import validate
from meshguard.report import FORMATS
from meshguard.schema import load_schema


def run(argv: list[str]) -> int:
    """Judge the values; the report goes to stdout."""
    flags = parser("validate", "Judge values: what is wrong, where, and what would be right.")
    add_inputs(flags)
    flags.add_argument("-o", "--output", choices=tuple(FORMATS), default="text", help="the form of the report")
    add_fail_on(flags)
    parsed = flags.parse_args(argv)
    judged = subject(inputs(parsed), ALL_RULES)
    outcome = validate(judged.request, judged.at, judged.facts, ALL_RULES, load_schema("values"))
    sys.stdout.write(FORMATS[parsed.output](run_of(outcome, judged), colour=has_colour(sys.stdout)))
    return exit_code(outcome, parsed.fail_on)
