"""`schema`: print the JSON Schema of the values or of the policy, as a chart or an editor uses it."""

import sys

from meshguard.commands.arguments import parser
from meshguard.plugin import schema_path


def run(argv: list[str]) -> int:
    """Print the schema file as it is."""
    flags = parser("schema", "Print the JSON Schema of the values (save it as values.schema.json of a chart).")
    flags.add_argument("which", nargs="?", choices=("values", "policy"), default="values")
    parsed = flags.parse_args(argv)
    with open(schema_path(parsed.which), encoding="utf-8") as file:
        sys.stdout.write(file.read())
    return 0
