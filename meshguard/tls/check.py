"""Who speaks TLS to whom: the facts of a mesh and its clients in, one row for every port and kind of server out."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, product
from typing import NamedTuple, TypeAlias

from meshguard.tls.client import NONE, SIDECAR, Client, Sent, Target, looks_like_mesh, sent, view_of
from meshguard.tls.destination_rule import Rules, prepare
from meshguard.tls.facts import Labels, Port, Route, Service, Subset, World, covers
from meshguard.tls.peer_authentication import PERMISSIVE
from meshguard.tls.protocol import AUTO, MYSQL
from meshguard.tls.scope import is_exported, is_kept_back, known
from meshguard.tls.server import Server, grouped, injection_of, injection_of_namespace, servers
from meshguard.tls.verdict import (
    APP_TLS,
    BLOCKED,
    CONFLICT,
    KEPT_BACK,
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


_Parts: TypeAlias = tuple[tuple[Service, Port], ...]


class _Dial(NamedTuple):
    """A port that a client dials by the name of a host, `service` what stands behind the name.

    `parts` are all services that have a share in the port, and `sharing` all that have the host in its namespace,
    the oldest first; `unknown` is why the client's proxy has nothing for it, empty where it has.
    """

    host: str
    service: Service
    port: Port
    sharing: tuple[Service, ...]
    parts: _Parts
    unknown: str


class _Mesh(NamedTuple):
    """A world, searched through: services by their host, the oldest first, and routes by where they lead.

    `servers` are those behind ports that were dialled before.
    """

    world: World
    rules: Rules
    hosts: dict[str, list[Service]]
    routes: dict[str, list[Route]]
    servers: dict[Hashable, tuple[Server, ...]]


class _Way(NamedTuple):
    """What is asked for of a port: a subset, and the route that brings a client there, None where it dials."""

    subset: Subset | None
    route: Route | None


_DIALLED = _Way(None, None)


def check(world: World, clients: Iterable[Client]) -> tuple[Row, ...]:
    """Judge every port of every host for each client; clients that see the same share a row."""
    mesh = _searched(world)
    rows: dict[Hashable, tuple[Row, list[Client]]] = {}
    for host, client in product(mesh.hosts, tuple(clients)):
        for dial in _dials(mesh, host, client):
            for row in _rows(mesh, dial, client):
                rows.setdefault(_key(row), (row, []))[1].append(client)
    return tuple(sorted((row._replace(clients=tuple(seen)) for row, seen in rows.values()), key=_order))


def _searched(world: World) -> _Mesh:
    mesh = _Mesh(world, prepare(world.rules, world.settings), {}, {}, {})
    everything = chain.from_iterable(world.services.values())
    for service in sorted(everything, key=lambda one: (not one.created, one.created, one.ref.namespace)):
        mesh.hosts.setdefault(service.host, []).append(service)
    for route in world.routes:
        mesh.routes.setdefault(route.host, []).append(route)
    return mesh


def _order(row: Row) -> tuple[str, int, bool, str]:
    return row.host, row.port.number, row.port.is_udp, row.subset


def _key(row: Row) -> Hashable:
    """Give what two rows share that differ by their clients only."""
    found = row.sent.obeyed
    rule = None if found is None else (found.place, found.merged.policy_ref)
    said = None if row.sent.treatment is None else (row.sent.treatment.ref, row.sent.treatment.part)
    sent_ = (row.sent.layers, row.sent.why, row.sent.scope, row.sent.is_blocked, row.sent.route, rule, said)
    return (*_order(row), row.service.ref, row.server, row.verdict, sent_)


def _dials(mesh: _Mesh, host: str, client: Client) -> Iterator[_Dial]:
    """Give what a client may dial by a host: what its proxy knows, and what can be dialled although it does not.

    That is a real Service, or another name for something.
    """
    target = _alias_of(mesh.hosts, host)
    sharing, view = mesh.hosts[target], view_of(mesh.world, client)
    service = known(mesh.world, view, sharing, mesh.routes.get(target, ()))
    dialled: set[tuple[int, bool]] = set()
    for one, unknown in _ranked(mesh.world, service, sharing, client.namespace):
        if unknown == "not-exported" and one.is_entry and target == host:
            continue
        for port in one.ports:
            if (port.number, port.is_udp) not in dialled:
                dialled.add((port.number, port.is_udp))
                mine = tuple(each for each in sharing if each.ref.namespace == one.ref.namespace)
                yield _Dial(host, one, port, mine, _parts(mine, port), unknown)


def _ranked(
    world: World, service: Service | None, sharing: Sequence[Service], own: str
) -> Iterator[tuple[Service, str]]:
    """Give what is known, then all that shares its host with why it is not."""
    if service is not None:
        yield service, ""
    for one in sorted(sharing, key=lambda one: (one.is_entry, one.ref.namespace != own)):
        unseen = "not-imported" if service is None or service.ref == one.ref else "hidden"
        yield one, unseen if is_exported(world, one, own) else "not-exported"


def _parts(sharing: Iterable[Service], port: Port) -> _Parts:
    """Give what stands behind a port: addresses of one host, namespace and name of a port are put together.

    What has no addresses but those that its host has counts only where the port itself is its own.
    """
    named = ((one, its) for one in sharing for its in one.ports if its.name == port.name)
    return tuple((one, its) for one, its in named if its is port or one.selector is not None or one.endpoints)


def _alias_of(hosts: dict[str, list[Service]], host: str) -> str:
    """Follow a name for another host as far as it is known, and no further than anybody would."""
    for _ in range(10):
        alias = hosts[host][0].alias
        if alias not in hosts:
            break
        host = alias
    return host


def _rows(mesh: _Mesh, dial: _Dial, client: Client) -> Iterator[Row]:
    """Give the rows of a port: of each kind of server, then of subsets that are treated otherwise."""
    ways = ways_to(mesh.world, client, dial.host, dial.port)
    behind = _behind(mesh, dial.parts)
    make = partial(_row, mesh, dial, client, _counted(mesh, dial))
    whole = [make(server) for server in behind]
    obeyed = whole[-1].sent.obeyed if whole else None
    apart = [
        row
        for subset in (() if obeyed is None else obeyed.merged.subsets)
        for server in _servers(mesh.world, dial.parts, subset.labels)
        for row in (make(server, _Way(subset, route)) for route in reaching(ways, subset.name))
        if _differs(row, make(server))
    ]
    for route in reaching(ways, "", {row.subset for row in apart}):
        yield from whole if route is None else (make(server, _Way(None, route)) for server in behind)
    yield from apart


def _differs(row: Row, whole: Row) -> bool:
    return (row.sent.layers, row.verdict) != (whole.sent.layers, whole.verdict)


def _behind(mesh: _Mesh, parts: _Parts) -> tuple[Server, ...]:
    key = tuple((one.ref, port) for one, port in parts)
    if key not in mesh.servers:
        mesh.servers[key] = _servers(mesh.world, parts)
    return mesh.servers[key]


def _counted(mesh: _Mesh, dial: _Dial) -> tuple[Server, ...]:
    """Give the servers that are asked where all of a port must have a sidecar.

    Addresses of ServiceEntries are those of the port's number, pods those of the name that the newest service has
    for it. Source: `initServiceRegistry` and `CopyEndpoints` of Istio 1.27 and 1.31.
    """
    for newest in reversed(dial.sharing):
        names = {port.name for port in newest.ports if port.number == dial.port.number}
        parts = tuple(
            (one, its)
            for one in (dial.sharing if names else ())
            for its in one.ports
            if (its.number == dial.port.number if one.is_entry else its.name in names)
        )
        found = _behind(mesh, tuple(part for part in parts if _has_addresses(part[0])))
        if answering := tuple(one for one in found if one.kind != "nobody"):
            return answering
    return ()


def _has_addresses(service: Service) -> bool:
    """Tell whether something may stand behind a service; behind a host of DNS it is the host itself."""
    is_plain = service.is_entry and service.selector is None and not service.endpoints
    return not is_plain or service.resolution == "dns"


def _servers(world: World, parts: _Parts, subset: Labels | None = None) -> tuple[Server, ...]:
    return grouped(chain.from_iterable(servers(world, *part, subset) for part in parts))


def _row(
    mesh: _Mesh, dial: _Dial, client: Client, counted: tuple[Server, ...], server: Server, way: _Way = _DIALLED
) -> Row:
    target = Target(dial.service, dial.port, way.subset, counted, dial.unknown, way.route)
    sent_ = sent(mesh.world, mesh.rules, client, target, server)
    return Row(
        host=dial.host,
        service=dial.service,
        port=dial.port,
        subset="" if way.subset is None else way.subset.name,
        clients=(client,),
        sent=sent_,
        server=server,
        verdict=_verdict(mesh.world, dial, client, sent_, server),
    )


def _verdict(world: World, dial: _Dial, client: Client, sent_: Sent, server: Server) -> Verdict:
    if dial.port.is_udp:
        return Verdict(PLAINTEXT, OPENED, ())
    if server.kind in {"ambient", "nobody"}:
        return Verdict(NOT_JUDGED, UNSEEN, ())
    if client.kind != NONE and not dial.unknown and is_kept_back(dial.service):
        return Verdict(NOT_JUDGED, KEPT_BACK, ())
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
