"""What a proxy knows of the mesh: Sidecar objects and exports, and whether a service is within its sight."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple, TypeAlias

from meshguard.tls.facts import (
    EVERYONE,
    NOBODY,
    OWN,
    Egress,
    Labels,
    Ref,
    Route,
    Service,
    Sidecar,
    World,
    covers,
    is_visible,
)

_NOT = "~"
_EXCLUDES = (1, 31)  # before, a namespace with `~` is one that does not exist
_LOOKS_UP = (1, 31)  # before, hosts without a wildcard were searched for among all services
_PICKS_BEST = (1, 31)  # before, the first namespace by name
_SORTS_BY_AGE = (1, 31)  # before, what only the own namespace sees came first
_DEFAULTS_NAME = (1, 31)  # before, a default named no namespaces, and `.` beside `*` was `.`
_EVERYTHING = Egress((f"{EVERYONE}/{EVERYONE}",), None)


class View(NamedTuple):
    """From where a mesh is seen: a namespace, and the Sidecar object that the proxy there obeys, if any."""

    namespace: str
    sidecar: Sidecar | None
    is_gateway: bool


def sidecar_of(world: World, namespace: str, labels: Labels) -> Sidecar | None:
    """Give the Sidecar object that pods obey: one that selects them, the namespace's, or that of the mesh."""
    mine = world.sidecars.get(namespace, ())
    of_mesh = world.sidecars.get(world.settings.root_namespace, ())
    ranked = (
        *(one for one in mine if one.selector is not None and covers(one.selector, labels)),
        *(one for one in mine if one.selector is None),
        *(one for one in of_mesh if one.selector is None),
    )
    return next(iter(ranked), None)


def is_exported(world: World, service: Service, namespace: str) -> bool:
    """Tell whether the owner of a service lets a namespace see it."""
    exports = _exports(world, service)
    if NOBODY in exports and EVERYONE not in exports:
        return False
    return is_visible(exports, service.ref.namespace, namespace)


def is_kept_back(service: Service) -> bool:
    """Tell whether a Service of Kubernetes is exported to nobody, among others: proxies are not told of its pods.

    What sends them its pods for another reason sends those that there are by then. Source: `serviceNeedsPush` of
    Istio 1.27 and 1.31.
    """
    return not service.is_entry and NOBODY in service.export_to


def _exports(world: World, service: Service) -> frozenset[str]:
    return service.export_to or _default(world, world.settings.service_export)


def _default(world: World, exports: frozenset[str]) -> frozenset[str]:
    """Give what a default of the mesh means."""
    if world.settings.istio_version >= _DEFAULTS_NAME:
        return exports
    return exports & {OWN} or exports & {EVERYONE}


def known(world: World, view: View, sharing: Sequence[Service], routes: Iterable[Route]) -> Service | None:
    """Give what a proxy knows by a host, of all services that share it, with the ports that it knows of it.

    Services of one namespace that are alike become one. `routes` are those to the host: what a VirtualService sends
    to is taken in with it.
    """
    seen = _exported(world, sharing, view.namespace)
    if view.is_gateway:
        return reduce(_joined, seen) if seen else None
    sidecar, mine = view.sidecar, tuple(routes)
    listeners = sidecar.egress if sidecar is not None and sidecar.egress else (_EVERYTHING,)
    found = [one for listener in listeners for one in _taken(world, listener, view, (sharing, seen, mine))]
    return reduce(_joined, found) if found else None


def _exported(world: World, sharing: Sequence[Service], own: str) -> list[Service]:
    """Give what a namespace may see: what is for some before what is for all, once the own before both."""
    has_own_first = world.settings.istio_version < _SORTS_BY_AGE
    seen = [one for one in sharing if is_exported(world, one, own)]
    public = [one for one in seen if EVERYONE in _exports(world, one)]
    some = [one for one in seen if one not in public]
    return sorted(some, key=lambda one: has_own_first and one.ref.namespace != own) + public


_Candidates: TypeAlias = tuple[Sequence[Service], list[Service], tuple[Route, ...]]


def _taken(world: World, listener: Egress, view: View, candidates: _Candidates) -> Iterator[Service]:
    """Give what one egress listener takes in: by its name, then what VirtualServices send to."""
    sharing, seen, routes = candidates
    names = _names(world, listener, view.namespace)
    if names.is_exact and world.settings.istio_version >= _LOOKS_UP:
        seen = [one for one in _by_namespace(sharing).values() if one in seen]
    named = (one for one in seen if _is_taken(names, one.ref.namespace, one.host))
    yield from _of_one_namespace(list(_narrowed(named, {listener.port})), view.namespace)
    ports: dict[Ref, set[int | None]] = {}
    for route in routes:
        if route.is_of_mesh and is_route_exported(world, route, view.namespace) and _is_listed(names, route):
            ports.setdefault(route.ref, set()).add(route.port)
    owner = _sent_to(world, sharing, view.namespace) if ports else []
    for numbers in ports.values():
        yield from _narrowed(owner, numbers if listener.port is None else {listener.port})


def _narrowed(services: Iterable[Service], numbers: Collection[int | None]) -> Iterator[Service]:
    """Leave services the ports of these numbers, all where one of them is None; none of a service without any."""
    for one in services:
        ports = one.ports if None in numbers else tuple(port for port in one.ports if port.number in numbers)
        if ports:
            yield one._replace(ports=ports)


def _of_one_namespace(named: list[Service], own: str) -> list[Service]:
    """Leave those of one namespace: the own, else one that has a real Service, else that of the first."""
    ranked = sorted(named, key=lambda one: (one.ref.namespace != own, one.is_entry))
    return [one for one in named if one.ref.namespace == ranked[0].ref.namespace]


def _sent_to(world: World, sharing: Sequence[Service], own: str) -> list[Service]:
    """Give what a VirtualService means by a host, if anything: the own namespace's, whoever it is exported to.

    Elsewhere it is what names the namespace, also beside `~`.
    """
    by_namespace = _by_namespace(sharing)
    if own in by_namespace:
        return [by_namespace[own]]
    seen = [one for one in by_namespace.values() if is_visible(_exports(world, one), one.ref.namespace, own)]
    if world.settings.istio_version < _PICKS_BEST:
        seen.sort(key=lambda one: one.ref.namespace)
    return seen[:1]


def _by_namespace(sharing: Sequence[Service]) -> dict[str, Service]:
    """Give what counts where one of a namespace does: a real Service, else the oldest. Real Services come first."""
    found: dict[str, Service] = {}
    for one in sorted(sharing, key=lambda one: one.is_entry):
        found.setdefault(one.ref.namespace, one)
    return found


def _joined(found: Service, one: Service) -> Service:
    """Add to what is known what comes later: its ports, where the two are alike but for those."""
    if found.is_entry != one.is_entry:
        return one if found.is_entry else found
    if not are_alike(found, one):
        return found
    numbers = {port.number for port in found.ports}
    return found._replace(ports=(*found.ports, *(port for port in one.ports if port.number not in numbers)))


def are_alike(one: Service, other: Service) -> bool:
    """Tell whether Istio makes one of two services of one host."""
    first, second = (
        (each.ref.namespace, each.resolution, each.labels, each.selector, each.export_to) for each in (one, other)
    )
    return first == second


class _Names(NamedTuple):
    """What an egress listener names, as pairs of a namespace and a host; `is_exact`: no wildcard among them."""

    included: list[tuple[str, str]]
    excluded: list[tuple[str, str]]
    is_exact: bool


def _names(world: World, listener: Egress, own: str) -> _Names:
    pairs = [host.partition("/")[::2] for host in listener.hosts]
    has_exclusions = world.settings.istio_version >= _EXCLUDES
    excluded = [(place[1:] or EVERYONE, name) for place, name in pairs if place[:1] == _NOT and has_exclusions]
    included = [(own if place == OWN else place, name) for place, name in pairs if place[:1] != _NOT]
    return _Names(included, excluded, all(place != EVERYONE and name[:1] != "*" for place, name in included))


def _is_taken(names: _Names, owner: str, host: str) -> bool:
    return _is_named(names.included, owner, host) and not _is_named(names.excluded, owner, host)


def _is_listed(names: _Names, route: Route) -> bool:
    owner = route.ref.namespace
    return any(
        _is_named(names.included, owner, name, both_ways=True) and not _is_named(names.excluded, owner, name)
        for name in route.hosts
    )


def is_route_exported(world: World, route: Route, namespace: str) -> bool:
    """Tell whether the owner of a VirtualService lets a namespace obey it."""
    return is_visible(
        route.export_to or _default(world, world.settings.route_export), route.ref.namespace, namespace
    )


def _is_named(pairs: Iterable[tuple[str, str]], owner: str, host: str, *, both_ways: bool = False) -> bool:
    """Tell whether a host is one of those named, or both ways: whether one of those is a host of a wildcard."""
    return any(
        place in {owner, EVERYONE} and (_matches(name, host) or (both_ways and _matches(host, name)))
        for place, name in pairs
    )


def _matches(pattern: str, host: str) -> bool:
    return pattern == host or (pattern[:1] == "*" and host.removeprefix("*").endswith(pattern[1:]))
