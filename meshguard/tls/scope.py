"""What a proxy knows of the mesh: Sidecar objects and exports, and whether a service is within its sight."""

from collections.abc import Iterable

from meshguard.tls.facts import Labels, Service, Sidecar, World, covers, is_visible

_NOT = "~"


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


def imports(world: World, sidecar: Sidecar | None, service: Service, namespace: str) -> bool:
    """Tell whether the egress hosts of a namespace's Sidecar take a service in; without any it takes everything.

    What a VirtualService sends to is taken in with it.
    """
    if sidecar is None or not sidecar.egress:
        return True
    pairs = [host.partition("/")[::2] for host in sidecar.egress]
    excluded = [(place[1:] or "*", name) for place, name in pairs if place[:1] == _NOT]
    included = [(namespace if place == "." else place, name) for place, name in pairs if place[:1] != _NOT]
    if _is_named(included, service.ref.namespace, service.host):
        return not _is_named(excluded, service.ref.namespace, service.host)
    return any(
        route.is_of_mesh and route.host == service.host and _is_named(included, route.ref.namespace, host)
        for route in world.routes
        for host in route.hosts
    )


def _is_named(pairs: Iterable[tuple[str, str]], owner: str, host: str) -> bool:
    return any(place in {owner, "*"} and _matches(name, host) for place, name in pairs)


def _matches(pattern: str, host: str) -> bool:
    return pattern == host or (pattern[:1] == "*" and host.removeprefix("*").endswith(pattern[1:]))
