"""`rules`: list all rules."""

import sys

from meshguard.commands.arguments import parser
from meshguard.commands.reporting import ALL_RULES
from meshguard.report.page import listing, listing_json


def run(argv: list[str]) -> int:
    """Print one line for each rule, or JSON."""
    flags = parser("rules", "List all rules with their severity and what they find.")
    flags.add_argument("-o", "--output", choices=("text", "json"), default="text", help="the form of the list")
    parsed = flags.parse_args(argv)
    sys.stdout.write(listing_json(ALL_RULES) if parsed.output == "json" else listing(ALL_RULES))
    return 0
