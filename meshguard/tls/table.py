"""Rows in, what is printed out: a table for people, plain data for programs."""

from collections.abc import Iterable, Sequence

from meshguard.escape import printable
from meshguard.node import Plain
from meshguard.tls import words
from meshguard.tls.check import Row
from meshguard.tls.client import Client
from meshguard.tls.explain import caller_sees, explain
from meshguard.tls.facts import Ref, Remark
from meshguard.tls.verdict import FAILING

COLUMNS = ("HOST:PORT", "STATUS", "SERVER", "CLIENT", "AUTHN POLICY", "DESTINATION RULE")


def table(rows: Sequence[Row], clients: Sequence[Client]) -> str:
    """Write a table; who calls is a column of its own only where that makes a difference."""
    differ = any(len(row.clients) < len(clients) for row in rows)
    lines: list[tuple[str, ...]] = [(*COLUMNS, "FROM") if differ else COLUMNS]
    lines += [tuple(printable(cell) for cell in _cells(row, differ=differ)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in text)


def _cells(row: Row, *, differ: bool) -> tuple[str, ...]:
    cells = (
        words.target(row),
        row.verdict.status,
        words.server(row),
        words.client(row),
        _placed(words.authn_policy(row)),
        _placed(words.destination_rule(row)),
    )
    return (*cells, words.callers(row.clients)) if differ else cells


def _placed(ref: Ref | None) -> str:
    return "-" if ref is None else words.place(ref)


def explanation(rows: Iterable[Row]) -> str:
    """Write the sentences of some rows, each row as a paragraph."""
    paragraphs = (tuple(printable(sentence) for sentence in explain(row)) for row in rows)
    return "\n".join(f"{told[0]}\n" + "".join(f"  {sentence}.\n" for sentence in told[1:]) for told in paragraphs)


def data(rows: Iterable[Row], clients: Iterable[Client], remarks: Iterable[Remark]) -> Plain:
    """Give everything as plain data, in version 1 of its form."""
    return {
        "version": 1,
        "clients": [_client(one) for one in clients],
        "rows": [_row(row) for row in rows],
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


def _row(row: Row) -> Plain:
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
        "from": [_client(one) for one in row.clients],
        "workloads": [_ref(ref) for ref in row.server.workloads],
        "explanation": list(explain(row)[1:]),
        "caller": None if seen is None else {"status": seen.status, "flags": seen.flags, "sees": seen.words},
    }


def _client(one: Client) -> Plain:
    return {"kind": one.kind, "namespace": one.namespace or None, "labels": dict(one.labels)}


def _ref(ref: Ref | None) -> Plain:
    if ref is None:
        return None
    place: Plain = {"file": ref.span.file, "line": ref.span.line} if ref.span.line else None
    return {"kind": ref.kind, "namespace": ref.namespace or None, "name": ref.name, "place": place}
