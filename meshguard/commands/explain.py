"""`explain RULE`: show the page of a rule."""

import sys

from meshguard.commands.arguments import parser
from meshguard.commands.reporting import ALL_RULES, has_colour
from meshguard.diagnostic import UserError
from meshguard.plugin import program
from meshguard.report.page import page


def run(argv: list[str]) -> int:
    """Print the page; raise UserError for a rule that does not exist."""
    flags = parser("explain", "Show the page of a rule: what, why, examples, sources.")
    flags.add_argument("rule", metavar="RULE", help=f"the id of a rule, as `{program()} rules` lists it")
    parsed = flags.parse_args(argv)
    for rule in ALL_RULES:
        if rule.id == parsed.rule:
            sys.stdout.write(page(rule, colour=has_colour(sys.stdout)))
            return 0
    raise UserError(f"there is no rule '{parsed.rule}'{_hint(parsed.rule)}")


def _hint(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a typo pays for it

    close = get_close_matches(name, [rule.id for rule in ALL_RULES], 1)
    return f"; did you mean '{close[0]}'?" if close else f"; `{program()} rules` lists them"
