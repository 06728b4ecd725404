"""`values`: print the merged values exactly as templates would see them, or where each of them comes from."""

import sys
from collections.abc import Iterator

from meshguard.commands.arguments import add_inputs, inputs, parser
from meshguard.commands.reporting import ALL_RULES, run_of, text_report
from meshguard.commands.subject import one
from meshguard.diagnostic import ROOT, Span, ValuePath
from meshguard.escape import json_text, printable
from meshguard.node import Node, Plain, plain
from meshguard.pipeline import Outcome, Verdict, load
from meshguard.targets.istio.scalar import scalar


def run(argv: list[str]) -> int:
    """Print the values; what Helm refuses is reported on stderr."""
    flags = parser("values", "Print the merged values, exactly as templates would see them.")
    add_inputs(flags)
    flags.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="the form of the values")
    flags.add_argument("--origins", action="store_true", help="print where each value comes from")
    parsed = flags.parse_intermixed_args(argv)
    task = one(inputs(parsed), ALL_RULES)
    values = load(task.subjects[0].request)
    if isinstance(values, Outcome):
        sys.stderr.write(text_report(run_of(Verdict(values.diagnostics, (), values.sources), task), sys.stderr))
        return 1
    sys.stdout.write(document(values.node, parsed.output, origins=parsed.origins))
    return 0


def document(node: Node, form: str, *, origins: bool = False) -> str:
    """Write values as `yaml` or `json`, or where each of them comes from."""
    if form == "json":
        tree: object = plain(node)
        if origins:
            tree = [{"path": str(at), "value": value, "origin": place(span)} for at, value, span in leaves(node)]
        return json_text(tree)
    if origins:
        return "".join(
            f"{place(span)}: {printable(str(at))}: {_inline(value)}\n" for at, value, span in leaves(node)
        )
    return "".join(f"{line}\n" for line in _block(plain(node)))


def leaves(node: Node, at: ValuePath = ROOT) -> Iterator[tuple[ValuePath, Plain, Span]]:
    """Give each scalar, and each map or list that is empty, with its path and where it was written."""
    value = node.value
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(below, at / key)
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from leaves(below, at / index)
    else:
        yield at, plain(node), node.span


def place(span: Span) -> str:
    """Say where a value was written: a place in a file, or the whole argument."""
    if span.file.startswith("--set"):
        return printable(span.file)
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _inline(value: Plain) -> str:
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return "null" if value is None else scalar(value)


def _block(value: Plain) -> Iterator[str]:
    """Write lines of block YAML; every scalar passes the one encoder."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _entry(f"{scalar(key)}:", below)
    elif isinstance(value, list) and value:
        for below in value:
            yield from _entry("-", below)
    else:
        yield _inline(value)


def _entry(head: str, below: Plain) -> Iterator[str]:
    if isinstance(below, dict | list) and below:
        yield head
        yield from (f"  {line}" for line in _block(below))
    else:
        yield f"{head} {_inline(below)}"
