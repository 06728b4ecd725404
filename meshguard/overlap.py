"""The items of a section in, requests that two of them claim, and items that no request ever gets to, out.

The order of items is that of `routing`. Regular expressions are compared exactly, as far as they are modelled; one
that is refused is not compared at all.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple, TypeAlias

from meshguard.diagnostic import ValuePath
from meshguard.language import Automaton, Unknown, accepts, automaton, shortest
from meshguard.model import Route, Routing, Service, sections
from meshguard.policy import Facts
from meshguard.regex import Part, Repeat, Sequence, is_checkable, literal, literal_head, parse, refusal
from meshguard.routing import Request, hidden, hidden_pattern, hides, ordered, port_table, precedence

_MOST_COMPARED = {"Regex": 30, "Exact": 300, "Prefix": 300}  # items of one rank: each is held against each

_Machines: TypeAlias = "Mapping[ValuePath, Automaton | None]"


class Clash(NamedTuple):
    """Two items of equal rank that take one request; None: it is not known whether there is one."""

    first: Route
    second: Route
    request: Request | None


class Dead(NamedTuple):
    """An item that nothing gets to. `request` is one that it is meant for, and `taker` the item that takes it.

    Without a taker metrics stand there, and it is answered with 404. Without a request no path is like the item's;
    where that is not `known`, nobody can tell.
    """

    route: Route
    request: Request | None = None
    taker: Route | None = None
    known: bool = True


def competing(service: Service, routing: Routing, *, regex: bool) -> tuple[tuple[Route, ...], ...]:
    """Give the items that one request may meet, first to last: all of them, or inside the mesh those of a port.

    Items with a regular expression are left out unless `regex` says that they are allowed.
    """
    said = [route for route in routing.routes or () if regex or route.path_type != "Regex"]
    if routing is service.internal and any(route.port is not None for route in said):
        part = routing._replace(routes=tuple(said))
        own = service._replace(internal=part)
        tables = (port_table(own, part, port) for port in service.ports)
        return tuple({tuple(route.at for route in table): table for table in tables if table}.values())
    return (ordered(said),)


def expressions(service: Service, facts: Facts) -> Iterator[tuple[Route, Part]]:
    """Give the items with a regular expression that is allowed, accepted by RE2 and modelled, with its parts."""
    if facts.limits.regex_paths == "deny":
        return
    for routing in sections(service):
        for route in routing.routes or ():
            part = _part(route) if route.path_type == "Regex" else None
            if part is not None:
                yield route, part


def are_equal(part: Part, path_type: str, path: str) -> bool:
    """Tell whether an expression takes exactly the paths of a Prefix or an Exact path, as far as it can be told."""
    try:
        one, other = automaton(part), automaton(_plain(path_type, path))
        more, less = shortest((one,), (other,)), shortest((other,), (one,))
        return (more, less) == (None, None) and shortest((one,)) is not None
    except Unknown:
        return False


def spoken(request: Request) -> str:
    """Write a request for a person: `GET /foo with header x-client: mobile`."""
    conditions = [f"header {name}: {value}" for name, value in request.headers.items()]
    conditions += [f"query {name}={value}" for name, value in request.query_params.items()]
    return f"{request.method} {request.path}" + (f" with {' and '.join(conditions)}" if conditions else "")


def request_for(route: Route, path: str) -> Request:
    """Give a request for a path that meets the conditions of an item."""
    headers = {name.lower(): value for name, value in route.headers}
    return Request(path, route.methods[0] if route.methods else "GET", headers, dict(route.query_params))


def is_same(one: Route, other: Route) -> bool:
    """Tell whether two items have one path, kind and set of conditions."""
    return _key(one) == _key(other)


def clashes(routes: tuple[Route, ...]) -> Iterator[Clash]:
    """Give for each item the first one, in the order of the file, of equal rank that takes a request of it."""
    groups: dict[tuple[object, ...], list[Route]] = {}
    for route in routes:
        text = "" if route.path_type == "Regex" else route.path
        groups.setdefault((text, *precedence(route)), []).append(route)
    for group in groups.values():
        if len(group) > 1:
            yield from _clashes(sorted(group, key=lambda route: route.at))


def dead(service: Service, routing: Routing, routes: tuple[Route, ...]) -> Iterator[Dead]:
    """Give the items whose requests all go to items of a higher rank, or are hidden, or do not exist.

    Without a regular expression no item takes all of another one: what comes first is narrower, or has more
    conditions. Metrics at the root of a port hide all of it: that is a fault of the port, not of its items.
    """
    roots = {port.at / "metrics" for port in service.ports if port.metrics == "/"}
    concealed = hidden(service, routing) if routing is service.external else ()
    regex = any(route.path_type == "Regex" for route in routes)
    machines = {route.at: _machine(route) for route in routes} if regex else {}
    for index, route in enumerate(routes):
        gone = tuple(found.path for found in concealed if found.place <= index and found.at not in roots)
        found = _concealed(route, gone) or (_covered(route, routes[:index], gone, machines) if regex else None)
        if found is not None:
            yield found


def _key(route: Route) -> tuple[object, ...]:
    headers, query = _pairs(route)
    return route.path_type, route.path, frozenset(route.methods), headers, query


def _pairs(route: Route) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """Give the conditions on headers and on query parameters."""
    return frozenset((name.lower(), value) for name, value in route.headers), frozenset(route.query_params)


def _clashes(group: list[Route]) -> Iterator[Clash]:
    firsts: dict[tuple[object, ...], Route] = {}
    for route in group:
        first = firsts.setdefault(_key(route), route)
        if first is not route:
            yield Clash(first, route, request_for(route, route.path))
    distinct = tuple(firsts.values())
    if len(distinct) > _MOST_COMPARED[distinct[0].path_type]:
        yield Clash(distinct[0], distinct[1], None)
        return
    met = set()
    for first, second in combinations(distinct, 2):
        clash = None if second.at in met else _clash(first, second)
        if clash is not None:
            met.add(second.at)
            yield clash


def _clash(first: Route, second: Route) -> Clash | None:
    request = _both(first, second)
    if request is None or first.path_type != "Regex":
        return None if request is None else Clash(first, second, request)
    one, other = _machine(first), _machine(second)
    if one is None or other is None:
        return None
    try:
        path = shortest((one, other))
    except Unknown:
        return Clash(first, second, None)
    return None if path is None else Clash(first, second, request._replace(path=path))


def _both(first: Route, second: Route) -> Request | None:
    """Give a request that meets the conditions of both, if they do not exclude each other."""
    one, other = request_for(first, first.path), request_for(second, first.path)
    methods = [method for method in first.methods if method in second.methods]
    agree = all(one.headers.get(name, value) == value for name, value in other.headers.items())
    agree &= all(one.query_params.get(name, value) == value for name, value in other.query_params.items())
    if not agree or (first.methods and not methods):
        return None
    headers, query = {**one.headers, **other.headers}, {**one.query_params, **other.query_params}
    return Request(first.path, methods[0] if methods else "GET", headers, query)


def _machine(route: Route) -> Automaton | None:
    """Make the machine of the item's path, or None where it is not modelled."""
    part = _part(route)
    try:
        return None if part is None else automaton(part)
    except Unknown:
        return None


def _part(route: Route) -> Part | None:
    if route.path_type == "Regex":
        return parse(route.path) if _is_usable(route) else None
    return _plain(route.path_type, route.path)


def _plain(path_type: str, path: str) -> Part:
    if path_type == "Prefix":
        return Sequence((*literal(path.rstrip("/")).parts, _below()))
    return literal(path)


def _is_usable(route: Route) -> bool:
    return is_checkable() and refusal(route.path) is None


def _below() -> Part:
    """Give what may follow the path of a prefix: nothing, or a slash and anything."""
    rest = parse("/.*")
    return Repeat(rest or literal(""), 0, 1)


def _concealed(route: Route, gone: tuple[str, ...]) -> Dead | None:
    """Tell whether a path without a pattern is hidden, with all below it."""
    if route.path_type == "Regex" or not any(hides(path, route.path) for path in gone):
        return None
    return Dead(route, request_for(route, route.path))


def _covered(route: Route, earlier: tuple[Route, ...], gone: tuple[str, ...], machines: _Machines) -> Dead | None:
    """Tell whether everything that an item takes goes to items before it, or is hidden."""
    own = machines[route.at]
    takers = [each for each in earlier if _takes_conditions(each, route) and _may_meet(each, route)]
    regex = route.path_type == "Regex"
    if own is None:
        return Dead(route, known=False) if _is_usable(route) and len(machines) > 1 else None
    if not regex and all(each.path_type != "Regex" for each in takers):
        return None
    known = [(each, machine) for each in takers if (machine := machines[each.at]) is not None]
    try:
        path = shortest((own,))
        others = [machine for _, machine in known] + [_wall(text) for text in gone if regex]
        left = None if path is None else shortest((own,), tuple(others))
    except Unknown:
        return Dead(route, known=False)
    if path is None or left is not None:
        return Dead(route) if path is None else None
    taker = next((each for each, machine in known if accepts(machine, path)), None)
    return Dead(route, request_for(route, path), taker)


def _wall(path: str) -> Automaton:
    return automaton(parse(hidden_pattern(path)) or literal(path))


def _takes_conditions(one: Route, other: Route) -> bool:
    """Tell whether an item of another rank takes every request that meets the conditions of the other one."""
    if precedence(one) == precedence(other):
        return False
    methods = not one.methods or (other.methods and set(other.methods) <= set(one.methods))
    mine, theirs = _pairs(one), _pairs(other)
    return bool(methods) and mine[0] <= theirs[0] and mine[1] <= theirs[1]


def _may_meet(one: Route, other: Route) -> bool:
    """Tell whether two paths begin alike, as far as they are plain text."""
    mine, theirs = _head(one), _head(other)
    return mine.startswith(theirs) or theirs.startswith(mine)


def _head(route: Route) -> str:
    return literal_head(route.path) if route.path_type == "Regex" else route.path
