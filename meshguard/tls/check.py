"""Who speaks TLS to whom: the facts of a mesh and its clients in, one row for every port and kind of server out."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

from meshguard.tls.client import NONE, SIDECAR, Client, Sent, Target, looks_like_mesh, sent
from meshguard.tls.destination_rule import Rules, prepare
from meshguard.tls.facts import Labels, Port, Route, Service, Subset, World, covers
from meshguard.tls.peer_authentication import PERMISSIVE
from meshguard.tls.protocol import AUTO, MYSQL
from meshguard.tls.scope import is_exported
from meshguard.tls.server import Server, injection_of, injection_of_namespace, servers
from meshguard.tls.verdict import (
    APP_TLS,
    BLOCKED,
    CONFLICT,
    MESH,
    NOT_JUDGED,
    OK,
    OPENED,
    PLAINTEXT,
    UNSEEN,
    WAITING,
    Verdict,
    at_application,
    at_sidecar,
)
from meshguard.tls.ways import gateways_of, reaching, ways_to
from meshguard.wellknown import SERVER_FIRST

ANYWHERE = ""  # the namespace of a client that stands in none of those that are known
_TAKEN = {  # by which modes of a Gateway's TLS what is sent is taken for certain, and what it is then
    MESH: (frozenset({"ISTIO_MUTUAL", "AUTO_PASSTHROUGH"}), Verdict(OK, OPENED, ())),
    "": (frozenset({""}), Verdict(PLAINTEXT, OPENED, ())),
}
_TAKEN_TLS = (
    frozenset({"PASSTHROUGH", "AUTO_PASSTHROUGH", "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL"}),
    Verdict(APP_TLS, OPENED, ()),
)


class Row(NamedTuple):
    """One port of a host (or of a subset, where that is treated otherwise), as these clients and servers see it.

    `service` is what is dialled in the end, which `host` may be another name of.
    """

    host: str
    service: Service
    port: Port
    subset: str
    clients: tuple[Client, ...]
    sent: Sent
    server: Server
    verdict: Verdict


class _Dial(NamedTuple):
    """A port that is dialled by the name of a host; `named` has the name, `service` is what stands behind it."""

    host: str
    named: Service
    service: Service
    port: Port
    servers: tuple[Server, ...]


class _Way(NamedTuple):
    """What is asked for of a port: a subset, and the route that brings a client there, None where it dials."""

    subset: Subset | None
    route: Route | None


_DIALLED = _Way(None, None)


def check(world: World, clients: Iterable[Client]) -> tuple[Row, ...]:
    """Judge every port of every host for each client; clients that see the same share a row."""
    rules = prepare(world.rules, world.settings)
    asked = tuple(clients)
    hosts: dict[str, list[Service]] = {}
    for service in chain.from_iterable(world.services.values()):
        hosts.setdefault(service.host, []).append(service)
    rows: dict[Hashable, tuple[Row, list[Client]]] = {}
    for dial in _dials(world, hosts):
        for client in asked:
            if dial.named in _known(world, hosts[dial.host], client):
                for row in _rows(world, rules, dial, client):
                    rows.setdefault(_key(row), (row, []))[1].append(client)
    return tuple(sorted((row._replace(clients=tuple(seen)) for row, seen in rows.values()), key=_order))


def _order(row: Row) -> tuple[str, int, bool, str]:
    return row.host, row.port.number, row.port.is_udp, row.subset


def _key(row: Row) -> Hashable:
    """Give what two rows share that differ by their clients only."""
    found = row.sent.obeyed
    rule = None if found is None else (found.place, found.merged.policy_ref)
    said = None if row.sent.treatment is None else (row.sent.treatment.ref, row.sent.treatment.part)
    sent_ = (row.sent.layers, row.sent.why, row.sent.scope, row.sent.is_blocked, row.sent.route, rule, said)
    return (*_order(row), row.service.ref, row.server, row.verdict, sent_)


def _dials(world: World, hosts: Mapping[str, list[Service]]) -> Iterator[_Dial]:
    for host, sharing in hosts.items():
        for named in sharing:
            service = _alias_of(hosts, named)
            for port in service.ports:
                yield _Dial(host, named, service, port, servers(world, service, port))


def _known(world: World, named: list[Service], client: Client) -> list[Service]:
    """Give the services of a name that a client sees: those of one namespace, its own or that of a real Service.

    A real Service can be dialled by those, too, whose proxies do not see it.
    """
    seen = [one for one in named if is_exported(world, one, client.namespace)]
    seen = seen or [one for one in named if not one.is_entry]
    ranked = sorted(seen, key=lambda one: (one.ref.namespace != client.namespace, one.is_entry))
    return [one for one in seen if one.ref.namespace == ranked[0].ref.namespace]


def _alias_of(hosts: Mapping[str, list[Service]], service: Service) -> Service:
    """Follow a name for another host as far as it is known, and no further than anybody would."""
    for _ in range(10):
        if service.alias not in hosts:
            break
        service = hosts[service.alias][0]
    return service


def _rows(world: World, rules: Rules, dial: _Dial, client: Client) -> Iterator[Row]:
    """Give the rows of a port: of each kind of server, then of subsets that are treated otherwise."""
    ways = ways_to(world, client, dial.host, dial.port)
    make = partial(_row, world, rules, dial, client)
    whole = [make(server) for server in dial.servers]
    obeyed = whole[-1].sent.obeyed if whole else None
    apart = [
        row
        for subset in (() if obeyed is None else obeyed.merged.subsets)
        for server in servers(world, dial.service, dial.port, subset.labels)
        for row in (make(server, _Way(subset, route)) for route in reaching(ways, subset.name))
        if _differs(row, make(server))
    ]
    for route in reaching(ways, "", {row.subset for row in apart}):
        yield from whole if route is None else (make(server, _Way(None, route)) for server in dial.servers)
    yield from apart


def _differs(row: Row, whole: Row) -> bool:
    return (row.sent.layers, row.verdict) != (whole.sent.layers, whole.verdict)


def _row(world: World, rules: Rules, dial: _Dial, client: Client, server: Server, way: _Way = _DIALLED) -> Row:
    target = Target(dial.service, dial.port, way.subset, dial.servers, way.route)
    sent_ = sent(world, rules, client, target, server)
    return Row(
        host=dial.host,
        service=dial.service,
        port=dial.port,
        subset="" if way.subset is None else way.subset.name,
        clients=(client,),
        sent=sent_,
        server=server,
        verdict=_verdict(world, dial, client, sent_, server),
    )


def _verdict(world: World, dial: _Dial, client: Client, sent_: Sent, server: Server) -> Verdict:
    if dial.port.is_udp:
        return Verdict(PLAINTEXT, OPENED, ())
    if server.kind in {"ambient", "nobody"}:
        return Verdict(NOT_JUDGED, UNSEEN, ())
    if sent_.is_blocked or _waits(dial, client, sent_, server):
        return Verdict(CONFLICT, BLOCKED if sent_.is_blocked else WAITING, ())
    if server.kind == "sidecar" and server.accepted is not None:
        defect = looks_like_mesh(sent_, client, dial.port, world.settings.istio_version)
        return at_sidecar(
            sent_.layers, server.accepted.mode, server.listener, server.speaks, looks_like_mesh=defect
        )
    return _without_sidecar(world, dial, sent_, server)


def _waits(dial: _Dial, client: Client, sent_: Sent, server: Server) -> bool:
    """Tell whether a proxy finds out from the client's first bytes what is spoken, where the server speaks first.

    A server's sidecar does so for plaintext to a PERMISSIVE port, a client's where no protocol is declared. Source:
    `serverFirstTestCases` of Istio's integration tests.
    """
    if dial.port.protocol != MYSQL and not {dial.port.number, server.port} & SERVER_FIRST:
        return False
    if client.kind == SIDECAR and dial.port.protocol == AUTO:
        return True
    mode = None if server.accepted is None or server.kind != "sidecar" else server.accepted.mode
    return mode == PERMISSIVE and sent_.layers == () and server.listener != "http"


def _without_sidecar(world: World, dial: _Dial, sent_: Sent, server: Server) -> Verdict:
    """Judge what no sidecar takes: a gateway may take it, and so may an address that is said to be of the mesh."""
    if server.kind == "gateway":
        modes, verdict = _TAKEN.get("".join(sent_.layers[:1]), _TAKEN_TLS)
        return verdict if modes & _server_modes(world, server, dial.port) else Verdict(NOT_JUDGED, UNSEEN, ())
    is_of_mesh = not dial.service.is_external and (dial.service.is_entry or bool(server.workloads))
    if server.kind == "outside" and is_of_mesh and (sent_.layers[:1] == (MESH,) or not server.workloads):
        return Verdict(NOT_JUDGED, UNSEEN, ())
    return at_application(sent_.layers, server.speaks)


def _server_modes(world: World, server: Server, port: Port) -> set[str]:
    """Give the modes of TLS that Gateway objects say for a port of a gateway's pods."""
    pods = [one for one in chain.from_iterable(world.workloads.values()) if one.ref in server.workloads]
    return {
        mode
        for gateway in world.gateways
        if any(covers(gateway.selector, pod.labels) for pod in pods)
        for number, mode in gateway.servers
        if number in {port.number, server.port}
    }


def clients_of(world: World, gateways: Iterable[str] = ()) -> tuple[Client, ...]:
    """Give a sidecar in each namespace that is known to have any, and in one that is not known; then gateways.

    There are gateways where routes of theirs are known: in the namespaces where their pods are, else in those that
    are given, else in one that is not known.
    """
    known = tuple(dict.fromkeys(gateways))
    own, theirs = _namespaces(world, "sidecar"), _namespaces(world, "gateway")
    named = {*world.services, *world.sidecars, *(rule.ref.namespace for rule in world.rules)}
    injected = {place for place in named if injection_of_namespace(world, place).kind == "sidecar"}
    injected -= {world.settings.root_namespace, *known, *theirs}
    found = gateways_of(world)
    return (
        *(Client(SIDECAR, place) for place in (*sorted(injected | own), ANYWHERE)),
        *(Client(kind, place) for kind in found for place in sorted(theirs) or known or (ANYWHERE,)),
    )


def _namespaces(world: World, kind: str) -> set[str]:
    pods = chain.from_iterable(world.workloads.values())
    return {pod.ref.namespace for pod in pods if injection_of(world, pod).kind == kind}


def told_apart(world: World, client: Client) -> tuple[Client, ...]:
    """Give a client without labels also with those by which some pods of its namespace are treated otherwise."""
    if client.labels or client.kind == NONE:
        return (client,)
    found: list[Labels | None] = [rule.selector for rule in world.rules if rule.ref.namespace == client.namespace]
    if client.kind == SIDECAR:
        found += [one.selector for one in world.sidecars.get(client.namespace, ())]
    selectors = {tuple(sorted(labels.items())) for labels in found if labels}
    return (client, *(client._replace(labels=labels) for labels in sorted(selectors)))
