"""The routing of a service in, its VirtualServices out: one for gateways, one for callers in the mesh."""

from collections.abc import Iterable, Iterator

from meshguard.diagnostic import UserError, ValuePath
from meshguard.duration import duration
from meshguard.exposure import passthrough_port
from meshguard.model import (
    GRPC,
    HTTP_LIKE,
    METHODS,
    RETRY_FIELDS,
    Cors,
    HeaderRules,
    Port,
    Retry,
    Route,
    Routing,
    Service,
    internal_ports,
    retry_shares,
    route_port,
)
from meshguard.needed import Reach, namespace_of, reach, service_name
from meshguard.policy import SAFE_PAIR, Facts
from meshguard.routing import (
    authority_pattern,
    escaped,
    hidden,
    hidden_from_forwarded,
    hidden_pattern,
    is_everything,
    port_table,
    same_path,
    table,
)
from meshguard.targets.istio import since
from meshguard.targets.istio.names import host_of, object_name
from meshguard.targets.istio.objects import (
    Cause,
    CorsPolicy,
    Destination,
    Head,
    HttpRule,
    Match,
    Redirect,
    Retries,
    Text,
    VirtualService,
)

_PREFLIGHT_HEADERS = (("access-control-request-method", None), ("origin", None))


def gateway_virtual_service(service: Service, facts: Facts) -> VirtualService | None:
    """Build what gateways, and only they, route to the service; None where it is not reachable from outside."""
    routing = service.external
    if routing is None:
        return None
    reached = reach(routing, facts)
    terminating = tuple(found for found in reached if found.gateway.tls == "terminate")
    passing = tuple(found for found in reached if found.gateway.tls == "passthrough")
    return VirtualService(
        head=_head(facts, routing.at, service_name(facts)),
        hosts=_hosts(reached),
        gateways=tuple(dict.fromkeys(found.gateway.gateway for found in reached)),
        export_to=tuple(sorted({found.gateway.workload_namespace for found in reached})),
        http=tuple(_reachable(_gateway_rules(service, routing, facts))) if terminating else (),
        sni_hosts=_hosts(passing),
        sni=_sni_destination(service, routing, facts) if passing else None,
    )


def mesh_virtual_service(service: Service, facts: Facts) -> VirtualService | None:
    """Build how callers in the mesh reach the service, every HTTP-like port by itself; None where nothing says."""
    routing = service.internal
    ports = sorted((port for port in service.ports if port.protocol in HTTP_LIKE), key=lambda port: port.number)
    if routing is None or not ports:
        return None
    name = service_name(facts)
    hosts = (host_of(name, facts), *(host.value for host in routing.forwarded_hosts))
    return VirtualService(
        head=_head(facts, routing.at, object_name(name, "mesh")),
        hosts=tuple(dict.fromkeys(hosts)),
        gateways=("mesh",),
        export_to=("*",),
        http=tuple(_reachable(rule for port in ports for rule in _mesh_rules(service, routing, port, facts))),
    )


def _head(facts: Facts, at: ValuePath, name: str) -> Head:
    return Head((Cause(at),), since.api_version(facts, "networking"), namespace_of(facts), name)


def _hosts(reached: tuple[Reach, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(host for found in reached for host in found.hosts))


def _sni_destination(service: Service, routing: Routing, facts: Facts) -> Destination:
    port = passthrough_port(service, routing)
    if port is None:
        raise UserError(f"'{routing.at}' does not say which port a passthrough gateway hands connections to")
    return Destination(host_of(service_name(facts), facts), port.number)


def _gateway_rules(service: Service, routing: Routing, facts: Facts) -> Iterator[HttpRule]:
    """Give the rules in order: hidden metrics, and before the first rule of a path its preflight."""
    routes = table(routing)
    concealed = hidden(service, routing)
    for index, route in enumerate(routes):
        for path in dict.fromkeys(found.path for found in concealed if found.place == index):
            yield HttpRule((Match(uri=Text("regex", hidden_pattern(path))),), status=404)
        owner = next((found for found in routes if found.cors and same_path(found, route)), None)
        if owner is not None and not any(same_path(found, route) for found in routes[:index]):
            yield from _preflight_rules(owner, _port(service, routing, owner), facts)
        if route.redirect is not None:
            yield _redirect_rule(route, facts)
        else:
            yield from _route_rules(route, _port(service, routing, route), facts)


def _reachable(rules: Iterable[HttpRule]) -> Iterator[HttpRule]:
    """Leave out comparisons that an earlier rule takes whole, which Istio would warn of.

    The half of a prefix that is the path itself is one beside an Exact item of that path.
    """
    taken: set[Match] = set()
    for rule in rules:
        matches = tuple(match for match in rule.matches if taken.isdisjoint((match, _of_all(match))))
        if matches:
            yield rule._replace(matches=matches)
        taken.update(matches)


def _of_all(match: Match) -> Match:
    """Give the same comparison without conditions."""
    return Match(port=match.port, uri=match.uri)


def _port(service: Service, routing: Routing, route: Route) -> Port:
    port = route_port(service, routing, route)
    if port is None:
        raise UserError(f"'{route.at}' does not say which port its requests go to; write `port` with a port's name")
    return port


def _mesh_rules(service: Service, routing: Routing, port: Port, facts: Facts) -> Iterator[HttpRule]:
    """Give the rules of one port, ended by a catch-all, so that nothing is cut that works today."""
    routes = port_table(service, routing, port)
    for path in hidden_from_forwarded(service, routing, port):
        uri = Text("regex", hidden_pattern(path))
        hosts = [Text("regex", authority_pattern(host.value)) for host in routing.forwarded_hosts]
        yield HttpRule(tuple(Match(port=port.number, uri=uri, authority=host) for host in hosts), status=404)
    for route in routes:
        yield from _route_rules(route, port, facts, in_mesh=True)
    if any(map(is_everything, routes)):
        return
    said = set(routing.written) if port in internal_ports(service, routing) else set()
    retries_said = not said.isdisjoint(RETRY_FIELDS)
    rules = tuple(_route_rules(routing.rest, port, facts, in_mesh=True))
    for rule in rules if retries_said else rules[-1:]:
        yield rule._replace(
            timeout=rule.timeout if "timeout" in said else None, retries=rule.retries if retries_said else None
        )


def _preflight_rules(owner: Route, port: Port, facts: Facts) -> Iterator[HttpRule]:
    """Give what answers a browser's question: it carries none of the conditions of the rules of its path."""
    asked = owner._replace(methods=("OPTIONS",), headers=(), query_params=())
    if since.has(facts, since.UNMATCHED_PREFLIGHTS):  # then the gateway answers each of them itself
        asked = asked._replace(
            rewrite_path=None, mirror=None, backends=(), request_headers=None, response_headers=None
        )
    for rule in _route_rules(asked, port, facts):
        yield rule._replace(matches=tuple(match._replace(headers=_PREFLIGHT_HEADERS) for match in rule.matches))


def _redirect_rule(route: Route, facts: Facts) -> HttpRule:
    redirect = route.redirect
    return HttpRule(
        _matches(route, _uris(route), route.methods, None),
        redirect=redirect and Redirect(redirect.code, redirect.path, redirect.host),
        cors=route.cors and _cors(route.cors, facts),
        response_headers=_headers(route.response_headers),
    )


def _route_rules(route: Route, port: Port, facts: Facts, *, in_mesh: bool = False) -> Iterator[HttpRule]:
    """Give the rules of a route to Services: one for each way of retrying and each half of a rewritten prefix."""
    match_port = port.number if in_mesh else None
    timeout = None if route.streaming else route.treatment.timeout.value
    for share in retry_shares(route, grpc=port.protocol in GRPC):
        methods = share.methods if share.methods is not None else route.methods
        for uris, rewrite in _halves(route):
            yield HttpRule(
                matches=_matches(route, uris, methods, match_port),
                rewrite=rewrite,
                destinations=_destinations(route, port, facts),
                mirror=_mirror(route, port, facts),
                timeout=None if timeout is None else duration(timeout),
                retries=_retries(share.retry, facts),
                cors=route.cors and _cors(route.cors, facts),
                request_headers=_headers(route.request_headers),
                response_headers=_headers(route.response_headers),
            )


def _halves(route: Route) -> tuple[tuple[tuple[Text, ...], str | None], ...]:
    """Give the paths with what they are rewritten to.

    The path itself and what is below it are rewritten apart: one rule for both would turn `/a/x` into `/newx`.
    """
    uris = _uris(route)
    new = route.rewrite_path
    if new is None or (route.path_type, route.path, new.value) == ("Prefix", "/", "/"):
        return ((uris, None),)
    if route.path_type != "Prefix":
        return ((uris, new.value),)
    below = ((Text("prefix", f"{route.path.rstrip('/')}/"),), f"{new.value.rstrip('/')}/")
    if route.path == "/" and new.value.endswith("/"):
        return (below,)
    return ((Text("exact", route.path),), new.value), below


def _uris(route: Route) -> tuple[Text, ...]:
    """Give what the whole path is compared with; a prefix of whole segments is two comparisons."""
    if route.path_type != "Prefix":
        return (Text(route.path_type.lower(), route.path),)
    if route.path == "/":
        return (Text("prefix", "/"),)
    return Text("exact", route.path), Text("prefix", f"{route.path}/")


def _matches(route: Route, uris: tuple[Text, ...], methods: tuple[str, ...], port: int | None) -> tuple[Match, ...]:
    everything = port is not None and uris == (Text("prefix", "/"),) and route.rewrite_path is None
    return tuple(
        Match(
            port=port,
            uri=uri,
            method=_method(methods),
            headers=tuple(sorted(route.headers)),
            query_params=tuple(sorted(route.query_params)),
        )
        for uri in ((None,) if everything else uris)
    )


def _method(methods: tuple[str, ...]) -> Text | None:
    if len(methods) > 1:
        return Text("regex", "|".join(sorted(methods, key=METHODS.index)))
    return Text("exact", methods[0]) if methods else None


def _destinations(route: Route, port: Port, facts: Facts) -> tuple[Destination, ...]:
    if not route.backends:
        return (Destination(host_of(service_name(facts), facts), port.number),)
    several = len(route.backends) > 1
    return tuple(
        Destination(
            host_of(backend.service, facts),
            backend.port or port.number,
            weight=backend.weight if several else None,
        )
        for backend in route.backends
    )


def _mirror(route: Route, port: Port, facts: Facts) -> Destination | None:
    mirror = route.mirror
    if mirror is None:
        return None
    return Destination(host_of(mirror.service, facts), mirror.port or port.number, percent=mirror.percent)


def _retries(retry: Retry | None, facts: Facts) -> Retries:
    if retry is None:
        return Retries(0)
    backoff = retry.backoff if since.has(facts, since.BACKOFF) else None
    return Retries(
        attempts=retry.attempts.value,
        retry_on=",".join(retry_conditions(retry, facts)),
        per_try_timeout=retry.per_try_timeout and duration(retry.per_try_timeout.value),
        backoff=backoff and duration(backoff.value),
    )


def retry_conditions(retry: Retry, facts: Facts) -> tuple[str, ...]:
    """Give the conditions that this version of the mesh knows, each once; the safe pair where it knows none."""
    known = (
        condition
        for condition in retry.conditions.value
        if condition != "reset-before-request" or since.has(facts, since.RESET_BEFORE_REQUEST)
    )
    return tuple(dict.fromkeys(known)) or SAFE_PAIR


def _cors(cors: Cors, facts: Facts) -> CorsPolicy:
    return CorsPolicy(
        origins=tuple(map(_origin, cors.allow_origins)),
        methods=_allowed_methods(cors, facts),
        allow_headers=cors.allow_headers,
        expose_headers=cors.expose_headers,
        credentials=cors.allow_credentials,
        max_age=None if cors.max_age is None else duration(cors.max_age),
        ignore_unmatched=since.has(facts, since.UNMATCHED_PREFLIGHTS),
    )


def _allowed_methods(cors: Cors, facts: Facts) -> tuple[str, ...]:
    """Give the methods, all of them by name where the mesh may not know a star; browsers see no difference."""
    return METHODS if "*" in cors.allow_methods and not since.has(facts, since.ANY_METHOD) else cors.allow_methods


def _origin(origin: str) -> Text:
    """Compare an origin; `https://*.x` is one or more whole labels under x."""
    scheme, wildcard, rest = origin.partition("://*.")
    if not wildcard:
        return Text("exact", origin)
    return Text("regex", rf"^{escaped(scheme)}://([a-z0-9-]+\.)+{escaped(rest)}$")


def _headers(rules: HeaderRules | None) -> HeaderRules | None:
    """Give header operations in an order of their own, or None where there are none."""
    if rules is None or not (rules.set or rules.add or rules.remove):
        return None
    return rules._replace(
        set=tuple(sorted(rules.set)), add=tuple(sorted(rules.add)), remove=tuple(sorted(rules.remove))
    )
