"""What a proxy knows of the mesh: Sidecar objects and exports, and whether a service is within its sight."""

from collections.abc import Iterable

from meshguard.tls.facts import EVERYONE, OWN, Egress, Labels, Port, Service, Sidecar, World, covers, is_visible

_NOT = "~"
_EXCLUDES = (1, 31)  # before, a namespace with `~` is one that does not exist


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
    return is_visible(service.export_to or world.settings.service_export, service.ref.namespace, namespace)


def imports(world: World, sidecar: Sidecar | None, service: Service, port: Port, namespace: str) -> bool:
    """Tell whether one of the egress listeners of a namespace's Sidecar takes a port in; without any all are taken.

    What a VirtualService sends to is taken in with it.
    """
    if sidecar is None or not sidecar.egress:
        return True
    return any(
        one.port in {None, port.number} and _takes(world, one, service, port, namespace) for one in sidecar.egress
    )


def _takes(world: World, listener: Egress, service: Service, port: Port, namespace: str) -> bool:
    pairs = [host.partition("/")[::2] for host in listener.hosts]
    has_exclusions = world.settings.istio_version >= _EXCLUDES
    excluded = [(place[1:] or EVERYONE, name) for place, name in pairs if place[:1] == _NOT and has_exclusions]
    included = [(namespace if place == OWN else place, name) for place, name in pairs if place[:1] != _NOT]
    owner, host = service.ref.namespace, service.host
    if _is_named(included, owner, host) and not _is_named(excluded, owner, host):
        return True
    return any(
        _is_named(included, route.ref.namespace, name, both_ways=True)
        and not _is_named(excluded, route.ref.namespace, name)
        for route in world.routes
        if route.is_of_mesh and route.host == host and route.port in {None, port.number}
        if not route.export_to or is_visible(route.export_to, route.ref.namespace, namespace)
        for name in route.hosts
    )


def _is_named(pairs: Iterable[tuple[str, str]], owner: str, host: str, *, both_ways: bool = False) -> bool:
    """Tell whether a host is one of those named, or both ways: whether one of those is a host of a wildcard."""
    return any(
        place in {owner, EVERYONE} and (_matches(name, host) or (both_ways and _matches(host, name)))
        for place, name in pairs
    )


def _matches(pattern: str, host: str) -> bool:
    return pattern == host or (pattern[:1] == "*" and host.removeprefix("*").endswith(pattern[1:]))
