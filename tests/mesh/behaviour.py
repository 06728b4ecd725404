"""An accepted service in, witness requests out; and for each what the model says that becomes of it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import NamedTuple

from meshguard.exposure import exposures
from meshguard.model import (
    GRPC,
    HTTP_LIKE,
    RETRY_FIELDS,
    Cors,
    Port,
    Retry,
    Route,
    Routing,
    internal_ports,
    retry_shares,
    route_port,
)
from meshguard.policy import lists
from meshguard.routing import (
    Request,
    hidden,
    hidden_from_forwarded,
    hidden_pattern,
    is_preflight,
    match,
    port_table,
    rewritten,
    serve,
    table,
)
from tests.mesh.generate import REGEXES, Site

ELSEWHERE = "https://evil.example.com"


class Witness(NamedTuple):
    """One request. `entry` is a gateway of the policy, or `mesh` for a call to the service's port `number`."""

    entry: str
    host: str
    number: int
    request: Request
    sent: str  # the path as it is sent, with the query

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.request.headers)


class Expected(NamedTuple):
    """What becomes of a request.

    Without destinations it is answered on the way (`status`). `times` are the timeout and that of one try, in
    milliseconds; `retry` is None where a try is never repeated. `unsaid` names what the mesh decides by itself.
    """

    status: int
    location: str | None = None
    destinations: frozenset[tuple[str, int]] = frozenset()
    path: str = ""
    route: Route | None = None
    times: tuple[int | None, int | None] = (None, None)
    retry: Retry | None = None
    unsaid: frozenset[str] = frozenset()


NOT_FOUND = Expected(404)


def witnesses(random: Random, site: Site) -> Iterator[Witness]:
    """Give requests at the edges of every rule, from outside and from inside the mesh."""
    service = site.service
    if service.external is not None:
        requests = list(_requests(random, table(service.external), _hidden_paths(site, service.external)))
        for exposure in exposures(service.external, site.facts):
            if exposure.gateway is not None and exposure.gateway.tls == "terminate":
                for request in requests:
                    host = random.choice(exposure.hosts).replace("*", "any.thing")
                    yield Witness(exposure.gateway.name, host, 0, *request)
    name = f"{site.facts.identity.service}.{site.facts.identity.namespace}"
    for port in service.ports:
        if port.protocol in HTTP_LIKE:
            routes = () if service.internal is None else port_table(service, service.internal, port)
            forwarded = () if service.internal is None else service.internal.forwarded_hosts
            hosts = (f"{name}.svc.cluster.local", name, *(host.value for host in forwarded))
            more = () if service.internal is None else hidden_from_forwarded(service, service.internal, port)
            for request in _requests(random, routes, _spellings(more)):
                yield Witness("mesh", random.choice(hosts), port.number, *request)


def expected(site: Site, witness: Witness) -> Expected:
    """Give what the model says of a request."""
    if witness.entry == "mesh":
        return _inside(site, witness)
    routing = site.service.external
    assert routing is not None
    route = serve(site.service, routing, witness.request)
    if route is None:
        return NOT_FOUND
    if is_preflight(witness.request) and route.cors is not None:
        return Expected(200, route=route)
    if route.redirect is not None:
        target = route.redirect.host or witness.host
        path = route.redirect.path or witness.request.path
        return Expected(route.redirect.code, f"http://{target}{path}{_query(witness)}", route=route)
    port = route_port(site.service, routing, route)
    assert port is not None
    return _forwarded(site, witness, route, port, frozenset())


def _inside(site: Site, witness: Witness) -> Expected:
    service, routing = site.service, site.service.internal
    port = next(found for found in service.ports if found.number == witness.number)
    if routing is None:
        return Expected(
            200,
            destinations=frozenset({(str(site.facts.identity.service), port.number)}),
            path=witness.sent,
            unsaid=frozenset({"retries", "timeout"}),
        )
    concealed = map(hidden_pattern, hidden_from_forwarded(service, routing, port))
    listed = (host.value for host in routing.forwarded_hosts)
    if lists(listed, witness.host) and any(re.fullmatch(text, witness.request.path) for text in concealed):
        return NOT_FOUND
    route = match(port_table(service, routing, port), witness.request)
    if route is not None:
        return _forwarded(site, witness, route, port, frozenset())
    said = set(routing.written) if port in internal_ports(service, routing) else set()
    unsaid = {"timeout"} - said | (set() if said & set(RETRY_FIELDS) else {"retries"})
    return _forwarded(site, witness, routing.rest, port, frozenset(unsaid))


def _forwarded(site: Site, witness: Witness, route: Route, port: Port, unsaid: frozenset[str]) -> Expected:
    name = str(site.facts.identity.service)
    backends = [found for found in route.backends if len(route.backends) == 1 or found.weight]
    destinations = {(found.service, found.port or port.number) for found in backends} or {(name, port.number)}
    retry = next(
        share.retry
        for share in retry_shares(route, grpc=port.protocol in GRPC)
        if share.methods is None or witness.request.method in share.methods
    )
    timeout = None if route.streaming else route.treatment.timeout.value
    per_try = None if retry is None or retry.per_try_timeout is None else retry.per_try_timeout.value
    return Expected(
        200,
        destinations=frozenset(destinations),
        path=rewritten(route, witness.request.path) + _query(witness),
        route=route,
        times=(timeout, per_try),
        retry=retry,
        unsaid=unsaid,
    )


def _query(witness: Witness) -> str:
    _, mark, query = witness.sent.partition("?")
    return mark + query


def _hidden_paths(site: Site, routing: Routing) -> tuple[str, ...]:
    return _spellings(concealed.path for concealed in hidden(site.service, routing))


def _spellings(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        variant
        for path in paths
        for variant in (path, f"{path}/x", f"/{path}", f"{path}x", path.upper(), f"{path};x", f"{path}%2Fx")
    )


def _requests(random: Random, routes: tuple[Route, ...], more: tuple[str, ...]) -> Iterator[tuple[Request, str]]:
    for path in ("/", "/nope", *more):
        yield _request(path, "GET", {}, {})
    for route in routes:
        yield from _at_edges(random, route)


def _at_edges(random: Random, route: Route) -> Iterator[tuple[Request, str]]:
    """Give requests that meet a rule, and such that miss one of its conditions."""
    own, *others = _paths(random, route)
    headers, query = dict(route.headers), dict(route.query_params)
    methods = route.methods or ("GET", "POST", "PUT")
    for method in methods:
        yield _request(own, method, headers, query)
    for path in others:
        yield _request(path, random.choice(methods), headers, query)
    for method in sorted({"DELETE", "PATCH"} - set(methods)):
        yield _request(own, method, headers, query)
    for changed in _changed(headers):
        yield _request(own, methods[0], changed, query)
    for changed in _changed(query):
        yield _request(own, methods[0], headers, changed)
    if route.cors is not None:
        yield from _from_browsers(route, own)


def _changed(conditions: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for name, value in conditions.items():
        yield {**conditions, name: value + "x"}
        yield {key: other for key, other in conditions.items() if key != name}


def _paths(random: Random, route: Route) -> Iterator[str]:
    """Give a path of the route, and then such that lie close to it."""
    if route.path_type == "Regex":
        for text, sample in REGEXES:
            if route.path.endswith(text):
                head = route.path.removesuffix(text)
                yield from (head + sample(random), head + sample(random) + "/", head, head + "/", head + "?x=/y")
        return
    path = route.path
    bare = path.rstrip("/")
    yield from (path, bare + "/", bare + "/x", (bare or "/") + "x", bare + "/x/y/", bare + "//x", path[:-1] or "/x")
    yield from (f"/zz/..{path}", f"{bare}/./x", path.upper(), "/" + path)


def _from_browsers(route: Route, path: str) -> Iterator[tuple[Request, str]]:
    cors = route.cors
    assert cors is not None
    for origin in (*map(_example, cors.allow_origins), ELSEWHERE):
        asked = {"origin": origin, "access-control-request-method": "PUT"}
        yield _request(path, "OPTIONS", asked, {})
        plain = {**dict(route.headers), "origin": origin}
        yield _request(path, (*route.methods, "GET")[0], plain, dict(route.query_params))


def _example(origin: str) -> str:
    return ELSEWHERE if origin == "*" else origin.replace("*", "one.two")


def allows(cors: Cors, origin: str) -> bool:
    """Tell whether the pages of an origin may call."""
    for allowed in cors.allow_origins:
        scheme, wildcard, rest = allowed.partition("://*.")
        if allowed in {"*", origin}:
            return True
        if wildcard and origin.startswith(f"{scheme}://") and origin.endswith(f".{rest}"):
            return True
    return False


def _request(path: str, method: str, headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[Request, str]:
    """Give a request as the model sees it, and its path as it is sent."""
    bare, _, said = path.partition("?")
    parameters = [*([said] if said else []), *(f"{name}={value}" for name, value in query.items())]
    lower = {name.lower(): value for name, value in headers.items()}
    sent = bare + ("?" + "&".join(parameters) if parameters else "")
    return Request(_resolved(bare), method, lower, dict(query)), sent


def _resolved(path: str) -> str:
    """Resolve dot segments, as the proxy does before it compares."""
    found: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            found = found[:-1]
        elif segment != ".":
            found.append(segment)
            continue
        if last:
            found.append("")
    return "/" + "/".join(found)


def is_repeated(retry: Retry | None, answer: str) -> bool:
    """Tell whether a try is repeated that got this answer: a status, `reset`, `refused`, `grpc-14`, `no answer`."""
    if retry is None:
        return False
    conditions = set(retry.conditions.value)
    if answer.isdigit():
        status = int(answer)
        families = {"5xx"} if status >= 500 else set()
        families |= {"gateway-error"} if status in {502, 503, 504} else set()
        families |= {"retriable-4xx"} if status == 409 else set()
        return bool(conditions & (families | {answer}))
    lost = {"5xx", "gateway-error", "reset"}
    answers = {
        "reset": lost,
        "hang": lost,
        "refused": {*lost, "refused-stream"},
        "closed": {*lost, "connect-failure", "reset-before-request"},
        "grpc-14": {"unavailable"},
        "grpc-8": {"resource-exhausted"},
        "grpc-1": {"cancelled"},
        "grpc-4": {"deadline-exceeded"},
        "grpc-13": {"internal"},
    }
    return bool(conditions & answers[answer])


__all__ = ["Expected", "Witness", "allows", "expected", "is_repeated", "witnesses"]
