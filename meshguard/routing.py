"""Routes and a request in, the route that takes it out: the order of rules and their conditions, once for all.

A path is what a proxy compares after it resolved dot segments: with its first slash and without the query.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from meshguard.diagnostic import ValuePath
from meshguard.model import Port, Route, Routing, Service, internal_ports, route_port
from meshguard.regex import takes

_TYPES = ("Exact", "Regex", "Prefix")  # first to last
_META = re.compile(r"[\\.+*?()|\[\]{}^$]")


class Request(NamedTuple):
    """One request: `path` without the query, header names in lower case."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    query_params: Mapping[str, str] = {}


class Hidden(NamedTuple):
    """A path that is answered with 404 from outside, with all below it, because metrics stand behind it.

    `at` is the port's `metrics`. `place` is the index in the table of the section before which it is answered.
    """

    at: ValuePath
    path: str
    place: int


def precedence(route: Route) -> tuple[int, ...]:
    """Give the rank of a route, the lowest first; two routes of one rank that take one request are a conflict."""
    return (
        _TYPES.index(route.path_type),
        -len(route.path),
        0 if route.methods else 1,
        -len(route.headers),
        -len(route.query_params),
    )


def ordered(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Sort by what is most specific, whatever the order in the file; the rest of a section is not sorted here."""
    return tuple(sorted(routes, key=_sort_key))


def _sort_key(route: Route) -> tuple[object, ...]:
    rank = precedence(route)
    group = "" if route.path_type == "Regex" else route.path  # other paths of one length never meet
    fields = (route.path, route.methods, sorted(route.headers), sorted(route.query_params))
    return (*rank[:2], group, *rank[2:], *fields)


def table(routing: Routing) -> tuple[Route, ...]:
    """Give what an external section serves, first match first; the rest ends it where unlisted paths are served."""
    routes = ordered(routing.routes or ())
    open_end = routing.routes is None or routing.unlisted_paths.value == "allow"
    return (*routes, routing.rest) if open_end and not any(map(is_everything, routes)) else routes


def port_table(service: Service, routing: Routing, port: Port) -> tuple[Route, ...]:
    """Give the rules of an internal section for calls to one port, without the rest, which is always served.

    An item that names a port holds for calls to that port only.
    """
    ruled = port in internal_ports(service, routing)
    return ordered(
        route for route in routing.routes or () if (ruled if route.port is None else route.port.value == port.name)
    )


def is_everything(route: Route) -> bool:
    """Tell whether the route takes whatever reaches it."""
    conditions = route.methods or route.headers or route.query_params
    return (route.path_type, route.path) == ("Prefix", "/") and not conditions


def match(routes: Iterable[Route], request: Request) -> Route | None:
    """Give the route that takes the request, if any.

    A preflight goes by path alone to the first path of its kind that has `cors`.
    """
    found = ordered(routes)
    preflight = is_preflight(request)
    for route in found:
        if not matches_path(route, request.path):
            continue
        owner = _cors_owner(found, route) if preflight else None
        if owner is not None:
            return owner
        if _meets_conditions(route, request):
            return route
    return None


def is_preflight(request: Request) -> bool:
    """Tell whether a browser asks here if it may send another request."""
    return request.method == "OPTIONS" and {"origin", "access-control-request-method"} <= set(request.headers)


def _cors_owner(routes: tuple[Route, ...], route: Route) -> Route | None:
    return next((found for found in routes if found.cors and same_path(found, route)), None)


def same_path(one: Route, other: Route) -> bool:
    """Tell whether two routes are of one path and kind, and differ in their conditions at most."""
    return (one.path_type, one.path) == (other.path_type, other.path)


def matches_path(route: Route, path: str) -> bool:
    """Tell whether the path is the route's; a Regex that RE2 refuses, or cannot check here, matches nothing."""
    if route.path_type == "Exact":
        return path == route.path
    if route.path_type == "Prefix":
        return is_below(path, route.path)
    return takes(route.path, path)


def is_below(path: str, prefix: str) -> bool:
    """Tell whether a path is the prefix or below it, by whole segments."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def takes_request(route: Route, request: Request) -> bool:
    """Tell whether the route's path and conditions are those of a request that is no preflight."""
    return matches_path(route, request.path) and _meets_conditions(route, request)


def _meets_conditions(route: Route, request: Request) -> bool:
    return (
        (not route.methods or request.method in route.methods)
        and all(request.headers.get(name.lower()) == value for name, value in route.headers)
        and all(request.query_params.get(name) == value for name, value in route.query_params)
    )


def rewritten(route: Route, path: str) -> str:
    """Give the path that the service sees of a path that the route takes."""
    if route.rewrite_path is None:
        return path
    new = route.rewrite_path.value
    return new if path == route.path else new.rstrip("/") + "/" + path[len(route.path.rstrip("/")) + 1 :]


def hidden(service: Service, routing: Routing) -> tuple[Hidden, ...]:
    """Give the paths from outside that would reach the metrics of a port that an external section routes to.

    They stand as far in front as no rule for another port needs them: there the path holds no metrics.
    """
    routes = table(routing)
    found = {}
    for index, route in enumerate(routes):
        port = route_port(service, routing, route)
        if route.redirect is not None or port is None:
            continue
        for at, inside in metrics_behind(service, port):
            path = outside_path(route, inside)
            if path is not None:
                place = _place(service, routing, routes[:index], port, path)
                found[place, path] = Hidden(at, path, place)
    return tuple(found[key] for key in sorted(found))


def hidden_from_forwarded(service: Service, routing: Routing, port: Port) -> tuple[str, ...]:
    """Give the paths by which the hosts that a proxy forwards, from outside, would reach metrics on a port."""
    routes = (*port_table(service, routing, port), routing.rest) if routing.forwarded_hosts else ()
    inside = [path for _, path in metrics_behind(service, port)]
    found = (outside_path(route, path) for route in routes for path in inside)
    return tuple(dict.fromkeys(path for path in found if path is not None))


def authority_pattern(host: str) -> str:
    """Give the regular expression of a Host header that names the host, or (`*.x`) one below it, and any port."""
    below = "[^:]+" if host.startswith("*") else ""
    return f"(?i){below}{escaped(host.removeprefix('*'))}(:[0-9]+)?"


def metrics_behind(service: Service, port: Port) -> Iterator[tuple[ValuePath, str]]:
    """Give the metrics that a port leads to, its own and those of other ports with the same container port."""
    for other in service.ports:
        if other.target == port.target and other.metrics is not None:
            yield other.at / "metrics", other.metrics


def serve(service: Service, routing: Routing, request: Request) -> Route | None:
    """Give the route of an external section that takes the request, or None where it is answered with 404."""
    routes = table(routing)
    route = match(routes, request)
    if route is None:
        return None
    first = is_preflight(request) and route.cors is not None
    index = next(i for i, found in enumerate(routes) if found is route or (first and same_path(found, route)))
    concealed = (
        found.place <= index and re.fullmatch(hidden_pattern(found.path), request.path)
        for found in hidden(service, routing)
    )
    return None if any(concealed) else route


def _place(service: Service, routing: Routing, before: tuple[Route, ...], port: Port, path: str) -> int:
    place = 0
    for index, route in enumerate(before):
        elsewhere = route.redirect is not None or route_port(service, routing, route) != port
        if elsewhere and may_reach(route, path):
            place = index + 1
    return place


def outside_path(route: Route, inside: str) -> str | None:
    """Give the path from outside by which the route reaches a path of the service, or None if it does not."""
    if route.rewrite_path is None:
        return inside if may_reach(route, inside) else None
    new = route.rewrite_path.value
    if hides(inside, new):
        return route.path
    if route.path_type == "Exact" or not hides(new, inside):
        return None
    return route.path.rstrip("/") + inside[len(new.rstrip("/")) :]


def may_reach(route: Route, path: str) -> bool:
    """Tell whether the route may take the path or one below it; of a Regex it is not known, so it may."""
    if route.path_type == "Regex" or hides(path, route.path):
        return True
    return route.path_type == "Prefix" and hides(route.path, path)


def hides(hidden_path: str, path: str) -> bool:
    """Tell whether a path is a hidden one or below it, as an application may read it that ignores case."""
    return is_below(path.lower(), hidden_path.lower())


def hidden_pattern(path: str) -> str:
    """Give the regular expression of a hidden path and everything below it, as applications may read them.

    Express and ASP.NET ignore case, servlets what follows a semicolon in a segment (so `/x/..;/` climbs, as
    istio/istio#27409 reports of Tomcat and Jetty), and many take repeated slashes for one and `%2F` for another.
    """
    segments = [escaped(segment) for segment in path.split("/") if segment]
    if not segments:
        return "/.*"
    below = "".join(f"((;[^/]*)?/|%2f)+{segment}" for segment in segments)
    return rf"(?i)(.*(/|%2f)\.\.(;[^/]*)?)?{below}([;/].*|%2f.*)?"


def escaped(text: str) -> str:
    """Give the regular expression (RE2) of exactly this text."""
    return _META.sub(r"\\\g<0>", text)
