"""`explain RULE`: show the page of a rule."""

import sys

from meshguard.commands.arguments import parser
from meshguard.commands.reporting import ALL_RULES, has_colour
from meshguard.diagnostic import UserError
from meshguard.plugin import program
from meshguard.report.page import page
from meshguard.rule import no_such_rule


def run(argv: list[str]) -> int:
    """Print the page; raise UserError for a rule that does not exist."""
    flags = parser("explain", "Show the page of a rule: what, why, examples, sources.")
    flags.add_argument("rule", metavar="RULE", help=f"the id of a rule, as `{program()} rules` lists it")
    parsed = flags.parse_args(argv)
    for rule in ALL_RULES:
        if rule.id == parsed.rule:
            sys.stdout.write(page(rule, colour=has_colour(sys.stdout)))
            return 0
    raise UserError(no_such_rule(parsed.rule, [rule.id for rule in ALL_RULES]))
