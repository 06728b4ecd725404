"""How a client comes to a port: VirtualServices in, whether it dials the port or is brought there by routes out."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from meshguard.tls.client import GATEWAY, PASSTHROUGH, SIDECAR, Client
from meshguard.tls.facts import Port, Route, World
from meshguard.tls.protocol import OPENED_BY_APPLICATION, listener
from meshguard.tls.scope import is_route_exported

_KINDS = {GATEWAY: ("http", "tcp"), PASSTHROUGH: ("tls",)}  # of the routes that gateways obey, the first goes first


class Ways(NamedTuple):
    """The routes that bring a client to a port; `is_dialled` tells that it may come there without any, too."""

    routes: tuple[Route, ...]
    is_dialled: bool


_ANY = Ways((), is_dialled=True)


def gateways_of(world: World) -> tuple[str, ...]:
    """Give the kinds of gateways that routes are known of."""
    kinds = {route.kind for route in world.routes if route.is_of_gateway}
    return tuple(kind for kind, obeyed in _KINDS.items() if kinds.intersection(obeyed))


def ways_to(world: World, client: Client, host: str, port: Port) -> Ways:
    """Give the ways to a port of a host: where no route of a gateway is known, a gateway goes to every one."""
    if client.kind == SIDECAR and port.protocol not in OPENED_BY_APPLICATION:
        return _ANY
    leading = [route for route in world.routes if route.host == host and route.port in {None, port.number}]
    if client.kind == SIDECAR:
        return Ways(tuple(_of_mesh(world, leading, client)), is_dialled=True)
    is_opened = client.kind == PASSTHROUGH and listener(port.protocol) == "http"
    if client.kind not in _KINDS or not any(route.is_of_gateway for route in world.routes):
        return Ways((), is_dialled=not is_opened)
    obeyed = _KINDS[client.kind]
    routes = [route for route in leading if route.is_of_gateway and route.kind in obeyed]
    named = [route for route in routes if route.port is not None or not is_opened]
    return Ways(tuple(sorted(named, key=lambda route: obeyed.index(route.kind))), is_dialled=False)


def _of_mesh(world: World, routes: Iterable[Route], client: Client) -> Iterator[Route]:
    """Give what brings sidecars to a port that callers speak TLS to; HTTP routes do so from another port only."""
    for route in routes:
        is_seen = is_route_exported(world, route, client.namespace)
        is_elsewhere = route.port is not None and route.dialled != {route.port}
        if route.is_of_mesh and is_seen and (route.kind != "http" or is_elsewhere):
            yield route


def reaching(ways: Ways, subset: str, apart: Collection[str] = ()) -> tuple[Route | None, ...]:
    """Give what brings a client to a subset, or to the whole but for the subsets that stand apart.

    None is the way without surprise: dialled by sidecars, requests of gateways. A subset is dialled by nobody;
    where no route to it is known, it is treated as if one were.
    """
    routes = [one for one in ways.routes if one.subset == subset or (not subset and one.subset not in apart)]
    if not ways.is_dialled:
        return tuple(route if route.kind == "tcp" else None for route in routes[:1])
    opened = [route for route in routes if route.kind == "http"]
    is_dialled = not subset or opened != routes or not routes
    return (*opened[:1], *((None,) if is_dialled else ()))
