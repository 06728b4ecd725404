"""`tls-check`: is it mutual TLS or plaintext? For every host and port: who decides, and what cannot work."""

import argparse
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence

from meshguard.commands.arguments import Parser, add_inputs, inputs, parser
from meshguard.commands.tls_sources import Found, Refused, find_meshes, report
from meshguard.diagnostic import UserError
from meshguard.escape import json_text, printable
from meshguard.policy import Facts, version
from meshguard.tls.check import Row, check, clients_of, told_apart
from meshguard.tls.client import GATEWAY, NONE, PASSTHROUGH, SIDECAR, Client
from meshguard.tls.facts import Remark
from meshguard.tls.remarks import remarks_on
from meshguard.tls.table import Judged, assumptions, data, explanation, table, yaml_text
from meshguard.tls.verdict import FAILING
from meshguard.tls.words import callers

_KINDS = (SIDECAR, GATEWAY, PASSTHROUGH, NONE)
_FILES = "a values file, or a file or directory of manifests; - reads either (repeatable)"
_MOST = 10  # hosts and ports that a message names


def run(argv: list[str]) -> int:
    """Print the table; what does not count goes to stderr. Exit code 1: something cannot work, or is malformed."""
    parsed = _flags().parse_intermixed_args(argv)
    found = find_meshes(inputs(parsed), _version(parsed.istio_version))
    if isinstance(found, Refused):
        sys.stderr.write(report(found, sys.stderr))
        return 1
    meshes = [_without_auto_mtls(mesh) if parsed.no_auto_mtls else mesh for mesh in found]
    remarks = tuple(remark for mesh in meshes for remark in (*mesh.remarks, *remarks_on(mesh.world)))
    sys.stderr.writelines(f"meshguard: {_told(remark)}\n" for remark in remarks)
    judged = [_judged(mesh, parsed) for mesh in meshes]
    if not any(one.rows for one in judged):
        raise UserError(_nothing(found, judged))
    if parsed.explain is not None:
        judged = _chosen(judged, parsed.explain)
    if parsed.output == "table" and parsed.explain is None:
        sys.stderr.writelines(f"meshguard: {printable(words)}\n" for words in assumptions(judged))
    sys.stdout.write(_printed(judged, remarks, parsed))
    failing = any(row.verdict.status in FAILING for one in judged for row in one.rows)
    return int(failing or any(remark.is_error for remark in remarks))


def _nothing(meshes: Sequence[Found], judged: Iterable[Judged]) -> str:
    """Say why there is no row at all."""
    services = (service for mesh in meshes for listed in mesh.world.services.values() for service in listed)
    if any(service.ports for service in services):
        asked = callers(dict.fromkeys(client for one in judged for client in one.clients))
        return f"there is nothing to check: no host is called by {asked}"
    left_out = any(remark.is_error for mesh in meshes for remark in mesh.remarks)
    objects = "the objects that could be read" if left_out else "the objects"
    return f"there is nothing to check: no Service and no ServiceEntry with a port is among {objects}"


def _flags() -> Parser:
    flags = parser(
        "tls-check",
        "Say for every host and port what the client sends, what the server takes, and who decides: of values, of"
        " manifests, or without any file of all services of the policy.",
    )
    add_inputs(flags, _FILES)
    flags.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="the form")
    flags.add_argument("--explain", metavar="HOST:PORT", help="tell in sentences who decides, and what callers see")
    flags.add_argument(
        "--client",
        action="append",
        default=[],
        metavar="KIND[=NAMESPACE][,LABEL=VALUE]",
        help="who calls: sidecar=NAMESPACE, gateway=NAMESPACE (or the name of the policy's), passthrough=NAMESPACE"
        " for a gateway that does not open TLS, or none for no sidecar (repeatable; default: sidecars everywhere,"
        " and gateways where routes of theirs are known)",
    )
    flags.add_argument(
        "--client-namespace", action="append", default=[], metavar="NAMESPACE", help="short for --client sidecar="
    )
    flags.add_argument("--istio-version", metavar="X.Y", help="judge as this Istio does (default: the policy's)")
    flags.add_argument("--no-auto-mtls", action="store_true", help="enableAutoMtls is false in MeshConfig")
    return flags


def _without_auto_mtls(mesh: Found) -> Found:
    settings = mesh.world.settings._replace(auto_mtls=False)
    return mesh._replace(world=mesh.world._replace(settings=settings))


def _version(said: str | None) -> tuple[int, int] | None:
    if said is None:
        return None
    if not re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?", said):
        raise UserError(f"--istio-version '{said}' is not a version such as 1.30")
    return version(said)


def _judged(mesh: Found, parsed: argparse.Namespace) -> Judged:
    said = [client for word in parsed.client for client in _clients(word, mesh.facts)]
    said += [Client(SIDECAR, namespace) for namespace in parsed.client_namespace]
    gateways = (gateway.workload_namespace for gateway in mesh.facts.gateways.values())
    asked = said or clients_of(mesh.world, gateways)
    clients = tuple(dict.fromkeys(one for client in asked for one in told_apart(mesh.world, client)))
    return Judged(mesh.cluster, clients, check(mesh.world, clients))


def _clients(word: str, facts: Facts) -> Iterator[Client]:
    """Read a `--client`; the name of one of the policy's gateways stands for the namespace of its pods."""
    kind, _, rest = word.partition("=")
    place, *pairs = rest.split(",")
    labels = tuple(tuple(pair.partition("=")[::2]) for pair in pairs)
    if kind not in _KINDS or (kind != NONE and not place) or (kind == NONE and rest) or not all(map(all, labels)):
        raise UserError(
            f"--client '{word}' must be none, or sidecar=NAMESPACE, gateway=NAMESPACE or passthrough=NAMESPACE,"
            " each with ,LABEL=VALUE or without"
        )
    gateway = facts.gateways.get(place)
    if kind == GATEWAY and gateway is not None:
        kind = GATEWAY if gateway.tls == "terminate" else PASSTHROUGH
        place = gateway.workload_namespace
    yield Client(kind, place, tuple(sorted((key, value) for key, value in labels)))


def _chosen(judged: Iterable[Judged], asked: str) -> list[Judged]:
    """Keep the rows of one HOST:PORT; the host may be a short name, and the port a name."""
    host, _, port = asked.rpartition(":")
    everything = list(judged)
    chosen = [
        one._replace(rows=tuple(row for row in one.rows if _is_meant(row, host.lower(), port)))
        for one in everything
    ]
    if any(one.rows for one in chosen):
        return chosen
    known = dict.fromkeys(f"{row.host}:{row.port.number}" for one in everything for row in one.rows)
    more = ", ..." if len(known) > _MOST else ""
    raise UserError(f"there is no '{asked}' to explain; there is {', '.join(list(known)[:_MOST])}{more}")


def _is_meant(row: Row, host: str, port: str) -> bool:
    known = row.host.lower()
    is_host = known == host or (bool(host) and not row.service.is_entry and known.startswith(f"{host}."))
    return is_host and port in {str(row.port.number), row.port.name}


def _printed(judged: Sequence[Judged], remarks: Sequence[Remark], parsed: argparse.Namespace) -> str:
    if parsed.output == "json":
        return json_text(data(judged, remarks))
    if parsed.output == "yaml":
        return yaml_text(data(judged, remarks))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    parts = [
        _heading(one, judged) + (table(one, width) if parsed.explain is None else explanation(one))
        for one in judged
        if one.rows
    ]
    return "\n".join(parts)


def _heading(one: Judged, judged: Sequence[Judged]) -> str:
    return f"cluster {printable(one.cluster or 'of the policy')}:\n" if len(judged) > 1 else ""


def _told(remark: Remark) -> str:
    span = remark.span
    place = f"{span.file}:{span.line}:{span.column}: " if span.line else ""
    return printable(f"{place}{remark.message}")
