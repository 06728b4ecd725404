"""All values of one service: files, `--set` arguments and a chart in, one tree with places out, as Helm merges."""

import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from meshguard.diagnostic import Span, UserError
from meshguard.helm.layers import Chart, coalesce, merge, nulls_by_version
from meshguard.helm.loss import Loss
from meshguard.helm.version import NEWEST_4, Version
from meshguard.helm.yaml import LIMIT, load
from meshguard.node import Node

_FIELD = re.compile(r'(?:([^",\n]*)|"((?:[^"]|"")*)")(?=,|\n|\Z)')
SET_KINDS = ("set-json", "set", "set-string", "set-file", "set-literal")  # the order in which Helm applies them


def read_file(path: str, limit: int = LIMIT) -> bytes:
    """Read a regular file, or standard input for `-`; at most one byte more than the limit.

    Raises UserError for what cannot be opened, and for pipes, devices and directories.
    """
    if path.strip() == "-":
        if sys.stdin is None:  # its descriptor was closed before we started
            raise UserError("cannot read '-': standard input is closed")
        return sys.stdin.buffer.read(limit + 1)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read '{path}': {_reason(error)}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UserError(f"cannot read '{path}': it is no regular file")
    with os.fdopen(handle, "rb") as file:
        return file.read(limit + 1)


def split_files(value: str) -> tuple[str, ...]:
    """Give the paths of one `-f`, which Helm reads as the first line of a CSV file.

    Raises UserError where its quotes do not fit.
    """
    names: list[str] = []
    at = 0
    while value and (at == 0 or value[at - 1 : at] == ","):
        found = _FIELD.match(value, at)
        if not found:
            raise UserError(
                f"-f '{value}' is not what Helm takes: put a name that holds a quote or a comma in quotes"
            )
        plain, quoted = found.groups()
        names.append(plain if quoted is None else quoted.replace('""', '"'))
        at = found.end() + 1
    return tuple(names)


def list_folder(path: str) -> list[str] | None:
    """Give the names in a directory, in order; None if it is none. Raises UserError if it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except NotADirectoryError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read '{path}': {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "the name holds a NUL byte"


class Request(NamedTuple):
    """What the values are made of.

    `files` are paths, `-` is standard input. `sets` are pairs of a flag without its dashes and its expression, in
    the order of the command line. `chart` is a chart's directory or archive. All that is read from disk is read by
    `read_file` and `list_folder`.
    """

    files: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    chart: str | None = None
    helm: Version = NEWEST_4
    read_file: Callable[[str], bytes] = read_file
    list_folder: Callable[[str], list[str] | None] = list_folder


class Values(NamedTuple):
    """The merged values, what was lost on the way, and the text behind the file name of every span.

    `chart` is the chart as it takes part: its own values are those that were laid under the user's.
    """

    node: Node
    losses: tuple[Loss, ...]
    sources: Mapping[str, str]
    chart: Chart | None = None


def read(request: Request) -> Values:
    """Read, merge and override the values as Helm does.

    Raises SourceError where Helm refuses a source, and UserError where one cannot be read at all.
    """
    values = _files(request)
    if request.sets:
        values = _with_sets(request, values)
    return values if request.chart is None else _with_chart(request, request.chart, values)


def _files(request: Request) -> Values:
    node: Node | None = None
    losses: list[Loss] = []
    sources: dict[str, str] = {}
    for path in request.files:
        loaded = load(request.read_file(path), path, request.helm)
        losses += loaded.losses
        sources[path] = loaded.text
        if node is None:
            node = loaded.node
        else:
            node, lost = merge(node, loaded.node)
            losses += lost
    return Values(node or Node({}, Span("", 1, 1, 1, 1)), tuple(losses), sources)


def _with_sets(request: Request, values: Values) -> Values:
    from meshguard.helm.strvals import apply, source  # noqa: PLC0415 # most runs set nothing

    node, losses, sources = values.node, [*values.losses], {**values.sources}
    for kind in SET_KINDS:
        for expression in [expression for flag, expression in request.sets if flag == kind]:
            name, text = source(kind, expression)
            if not sources:
                node = node._replace(span=Span(name, 1, 1, 1, 1))
            sources[name] = text
            node, lost = apply(node, kind, expression, request.helm, request.read_file)
            losses += lost
    return Values(node, tuple(losses), sources)


def _with_chart(request: Request, path: str, values: Values) -> Values:
    from meshguard.helm.chart import Disk, read_chart  # noqa: PLC0415 # many runs have no chart
    from meshguard.helm.dependencies import process  # noqa: PLC0415 # the same

    packed = read_chart(path, request.helm, Disk(request.read_file, request.list_folder))
    node = values.node if request.files else values.node._replace(span=packed.chart.values.span)
    chart = process(packed.chart, node, request.helm)
    doubtful = nulls_by_version(chart, node)
    node, lost = coalesce(chart, node, request.helm)
    losses = (*values.losses, *doubtful, *packed.losses, *lost)
    return Values(node, losses, {**packed.sources, **values.sources}, chart)
