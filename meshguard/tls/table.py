"""Rows in, what is printed out: a table for people, plain data for programs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from meshguard.escape import printable
from meshguard.node import Plain
from meshguard.tls import words
from meshguard.tls.check import Row
from meshguard.tls.client import Client
from meshguard.tls.explain import caller_sees, explain
from meshguard.tls.facts import Ref, Remark
from meshguard.tls.verdict import FAILING

_WIDTH = 1_000_000  # no line is broken
_GAP = "   "
COLUMNS = ("HOST:PORT", "STATUS", "SERVER", "CLIENT", "AUTHN POLICY", "DESTINATION RULE")


class Judged(NamedTuple):
    """The rows of one cluster, and all clients that were asked about; `cluster` is empty for the policy's own."""

    cluster: str
    clients: tuple[Client, ...]
    rows: tuple[Row, ...]


def table(judged: Judged, width: int) -> str:
    """Write a table; who calls is a column of its own only where that makes a difference.

    Where it is wider than what there is to print on, each row is a paragraph of its own.
    """
    merged: dict[tuple[str, ...], list[Client]] = {}
    for row in judged.rows:
        merged.setdefault(_cells(row), []).extend(row.clients)
    differ = any(set(clients) != set(judged.clients) for clients in merged.values())
    lines: list[tuple[str, ...]] = [(*COLUMNS, "FROM") if differ else COLUMNS]
    for cells, clients in merged.items():
        whose = "all" if set(clients) == set(judged.clients) else printable(words.callers(clients, judged.clients))
        lines.append((*cells, whose) if differ else cells)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    pairs = (zip(line, widths, strict=True) for line in lines)
    text = [_GAP.join(cell.ljust(wide) for cell, wide in cells).rstrip() for cells in pairs]
    return "".join(f"{line}\n" for line in (text if max(map(len, text)) <= width else _paragraphs(lines)))


def _paragraphs(lines: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Write what is dialled and the status on a line, and what else there is below it by its name."""
    for line in lines[1:]:
        named = [f"{name} {cell}" for name, cell in zip(lines[0][2:], line[2:], strict=True) if cell != "-"]
        yield _GAP.join(line[:2])
        yield f"  {', '.join(named[:2])}"
        yield from (f"  {words}" for words in named[2:])


def _cells(row: Row) -> tuple[str, ...]:
    cells = (
        words.target(row),
        row.verdict.status,
        words.server(row),
        words.client(row),
        _placed(words.authn_policy(row)),
        _placed(words.destination_rule(row)),
    )
    return tuple(printable(cell) for cell in cells)


def _placed(ref: Ref | None) -> str:
    return "-" if ref is None else words.place(ref)


def explanation(judged: Judged) -> str:
    """Write the sentences of the rows, each row as a paragraph."""
    paragraphs = (tuple(printable(sentence) for sentence in explain(row)) for row in judged.rows)
    return "\n".join(f"{told[0]}\n" + "".join(f"  {sentence}.\n" for sentence in told[1:]) for told in paragraphs)


def assumptions(judged: Iterable[Judged]) -> tuple[str, ...]:
    """Name what the rows take for granted, each with the first host and port that it is taken for."""
    hosts: dict[str, dict[str, None]] = {}
    for row in (row for one in judged for row in one.rows):
        for assumed in row.server.assumed:
            hosts.setdefault(assumed, {})[words.target(row)] = None
    return tuple(_taken(assumed, tuple(targets)) for assumed, targets in hosts.items())


def _taken(assumed: str, targets: Sequence[str]) -> str:
    more = f" and {len(targets) - 1} more" if len(targets) > 1 else ""
    return f"assumed for {targets[0]}{more}: {assumed}"


def data(judged: Iterable[Judged], remarks: Iterable[Remark]) -> Plain:
    """Give everything as plain data, in version 1 of its form."""
    found = tuple(judged)
    clients = dict.fromkeys(words.caller(client) for one in found for client in one.clients)
    return {
        "version": 1,
        "clients": list(clients),
        "rows": [{"cluster": one.cluster or None, **_row(row)} for one in found for row in one.rows],
        "remarks": [
            {
                "file": remark.span.file,
                "line": remark.span.line,
                "message": remark.message,
                "severity": "error" if remark.is_error else "info",
            }
            for remark in remarks
        ],
    }


def yaml_text(value: Plain) -> str:
    """Write data as YAML in ASCII, every text harmless in a log too."""
    import yaml  # noqa: PLC0415 - a table needs none of it

    return str(yaml.dump(_harmless(value), Dumper=yaml.CSafeDumper, sort_keys=False, width=_WIDTH))


def _harmless(value: Plain) -> Plain:
    if isinstance(value, dict):
        return {printable(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def _row(row: Row) -> dict[str, Plain]:
    seen = caller_sees(row) if row.verdict.status in FAILING else None
    return {
        "host": row.host,
        "port": row.port.number,
        "portName": row.port.name,
        "protocol": row.port.protocol,
        "subset": row.subset or None,
        "status": row.verdict.status,
        "server": words.server(row),
        "client": words.client(row),
        "authnPolicy": _ref(words.authn_policy(row)),
        "destinationRule": _ref(words.destination_rule(row)),
        "from": [words.caller(one) for one in row.clients],
        "workloads": [_ref(ref) for ref in row.server.workloads],
        "explanation": list(explain(row)[1:]),
        "caller": None if seen is None else {"status": seen.status, "flags": seen.flags, "sees": seen.words},
    }


def _ref(ref: Ref | None) -> Plain:
    if ref is None:
        return None
    place: Plain = {"file": ref.span.file, "line": ref.span.line} if ref.span.line else None
    return {"kind": ref.kind, "namespace": ref.namespace or None, "name": ref.name, "place": place}
