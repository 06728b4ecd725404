"""The contract as a neutral, frozen model: accepted values in, one Service out; no word of any mesh product.

Every part carries `at`, the place in the values that asked for it. A setting that may come from elsewhere (a
section, the policy, a built-in default) is a `Setting`, whose `at` is None where no value said it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from meshguard.beside import Stray, places, strays
from meshguard.diagnostic import ROOT, ValuePath
from meshguard.duration import milliseconds
from meshguard.node import Node, Plain, find, plain
from meshguard.policy import SAFE_PAIR, Facts, is_itself, retry_tokens

GRPC = frozenset({"GRPC", "GRPC-WEB"})
HTTP_LIKE = GRPC | {"HTTP", "HTTP2"}
ROUTABLE = HTTP_LIKE | {"HTTPS"}  # by a gateway that terminates TLS
NAMELESS = frozenset({"TCP", "MONGO", "MYSQL", "REDIS"})  # no host name on the wire
IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
METHODS = (*IDEMPOTENT, "POST", "PATCH", "CONNECT")
GRPC_SAFE_CONDITIONS = frozenset({"unavailable", "cancelled", "resource-exhausted"})  # usually
SAFE_CONDITIONS = frozenset({*SAFE_PAIR, "reset-before-request"}) | GRPC_SAFE_CONDITIONS
GRPC_CONDITIONS = GRPC_SAFE_CONDITIONS | {"internal", "deadline-exceeded"}
RETRY_FIELDS = ("retryOn", "retryAttempts", "perTryTimeout", "retryBackoff", "retryMethods")

_FIRST_WAIT = 25  # milliseconds, where no `retryBackoff` is said

T = TypeVar("T")


class Setting(NamedTuple, Generic[T]):
    """A value and the place that said it; None: the policy or a built-in default."""

    value: T
    at: ValuePath | None = None


class BackendTLS(NamedTuple):
    """How a gateway speaks to a port whose application terminates TLS itself."""

    at: ValuePath
    server_name: str | None
    ca_certificates: str
    client_certificate: str | None
    insecure_skip_verify: bool


class Port(NamedTuple):
    """A port that callers dial (`number`) and the one that the container listens on (`target`)."""

    at: ValuePath
    number: int
    name: str
    protocol: str
    target: int
    tls: BackendTLS | None
    metrics: str | None
    bypass_mesh: bool


class Retry(NamedTuple):
    """When a try is repeated. Times in milliseconds; `methods` is `idempotent`, `any` or a list."""

    conditions: Setting[tuple[str, ...]]
    attempts: Setting[int]
    per_try_timeout: Setting[int] | None
    backoff: Setting[int] | None
    methods: Setting[str | tuple[str, ...]]


class Treatment(NamedTuple):
    """Timeout (milliseconds, None: none) and retries of requests."""

    timeout: Setting[int | None]
    retry: Retry


class HeaderRules(NamedTuple):
    """Header operations, in the order of the file."""

    at: ValuePath
    set: tuple[tuple[str, str], ...]
    add: tuple[tuple[str, str], ...]
    remove: tuple[str, ...]


class Cors(NamedTuple):
    """Who may call from a browser. `max_age` in milliseconds."""

    at: ValuePath
    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    allow_credentials: bool | None
    max_age: int | None


class Backend(NamedTuple):
    """A Service of the same namespace that takes a share of the requests; `port` is its number."""

    at: ValuePath
    service: str
    weight: int | None
    port: int | None


class Mirror(NamedTuple):
    """A Service that gets a copy of some requests, and whose answers are thrown away."""

    at: ValuePath
    service: str
    percent: float
    port: int | None


class Redirect(NamedTuple):
    """An answer that sends the caller elsewhere."""

    at: ValuePath
    host: str | None
    path: str | None
    code: int


class Route(NamedTuple):
    """One item of a `pathConfiguration`, with what `pathOverrides` changed; or the rest of a section.

    `path` has no trailing slash (but `/` itself) where it is a prefix. `written` are the fields that the item
    or its override state themselves. `at` of the rest is that of its section.
    """

    at: ValuePath
    path: str
    path_type: str
    treatment: Treatment
    methods: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    query_params: tuple[tuple[str, str], ...] = ()
    streaming: bool = False
    port: Setting[str] | None = None
    rewrite_path: Setting[str] | None = None
    request_headers: HeaderRules | None = None
    response_headers: HeaderRules | None = None
    cors: Cors | None = None
    backends: tuple[Backend, ...] = ()
    mirror: Mirror | None = None
    redirect: Redirect | None = None
    written: Mapping[str, ValuePath] = {}


class Override(NamedTuple):
    """What `pathOverrides` says of a path: the indexes of the items that it holds for, and its fields.

    `changes` are the fields that it says otherwise than at least one of those items.
    """

    at: ValuePath
    path: str
    items: tuple[int, ...]
    fields: Mapping[str, Plain]
    changes: frozenset[str]


class Routing(NamedTuple):
    """One direction of requests. `routes` is None where no `pathConfiguration` says otherwise: everything.

    `rest` is how paths are treated that no item matches; whether they are served is `unlisted_paths`.
    `unknown_overrides` are the `pathOverrides` that no item has.
    """

    at: ValuePath
    routes: tuple[Route, ...] | None
    rest: Route
    unlisted_paths: Setting[str]
    visibility: tuple[Setting[str], ...] = ()
    hosts: tuple[Setting[str], ...] = ()
    port: Setting[str] | None = None
    forwarded_hosts: tuple[Setting[str], ...] = ()
    unknown_overrides: tuple[Setting[str], ...] = ()
    overrides: tuple[Override, ...] = ()
    written: Mapping[str, ValuePath] = {}


class OutlierDetection(NamedTuple):
    """When a pod that fails is left out. Times in milliseconds; None: the mesh's default."""

    at: ValuePath | None
    consecutive_errors: int | None
    interval: int | None
    ejection_time: int | None
    max_ejection_percent: int | None


class ConnectionLimits(NamedTuple):
    """How much one caller may open. Times in milliseconds; None: no limit of ours."""

    at: ValuePath | None
    max_connections: int | None
    max_pending_requests: int | None
    connect_timeout: int | None


class SessionAffinity(NamedTuple):
    """What keeps a caller at one pod. `ttl` in milliseconds, for a cookie."""

    at: ValuePath | None
    cookie: str | None
    header: str | None
    ttl: int | None

    @property
    def name_at(self) -> ValuePath | None:
        """The place of the cookie's or the header's name; None where the policy says it."""
        return self.at and self.at / ("cookie" if self.cookie else "header")


class Resilience(NamedTuple):
    """How callers treat this service's pods. `at` is None where only the policy says something."""

    at: ValuePath | None
    outlier_detection: OutlierDetection | None
    connection_limits: ConnectionLimits | None
    load_balancing: Setting[str] | None
    session_affinity: SessionAffinity | None
    prefer_same_zone: Setting[bool] | None


class UpstreamPort(NamedTuple):
    """A port of a host outside; `originate_tls` is the port that the sidecar speaks TLS to."""

    at: ValuePath
    number: int
    protocol: str
    originate_tls: Setting[int] | None


class Upstream(NamedTuple):
    """What this service calls: a `host` outside the cluster, or a `service` (or service.namespace) inside."""

    at: ValuePath
    host: str | None
    service: str | None
    port: int | None
    ports: tuple[UpstreamPort, ...]
    addresses: tuple[str, ...]
    forwarded_hosts: tuple[Setting[str], ...]


class Service(NamedTuple):
    """Everything that a team's values say. `at` is where the contract stands in the values.

    `denied` are the places of fields that the policy denies the team, `strays` the keys beside the sections.
    """

    at: ValuePath
    ports: tuple[Port, ...]
    external: Routing | None
    internal: Routing | None
    resilience: Resilience | None
    upstreams: tuple[Upstream, ...]
    denied: tuple[ValuePath, ...] = ()
    strays: tuple[Stray, ...] = ()


class RetryShare(NamedTuple):
    """How requests of some methods (None: all that the route takes) are repeated; `retry` None: never."""

    methods: tuple[str, ...] | None
    retry: Retry | None


def build(values: Node, at: ValuePath, facts: Facts) -> Service:
    """Build the model of values that the schema has accepted; the contract stands below `at`."""
    contract = find(values, at) or Node({}, values.span)
    tree = _Fields.of(contract, at)
    ports = tuple(_port(fields) for fields in tree.items("ports"))
    external, internal = tree.map("externalRouting"), tree.map("internalRouting")
    return Service(
        at=at,
        ports=ports,
        external=external and _routing(external, facts, facts.defaults.unlisted_paths),
        internal=internal and _routing(internal, facts, "allow"),
        resilience=_resilience(tree.map("resilience"), facts),
        upstreams=tuple(_upstream(fields) for fields in tree.items("upstreams")),
        denied=tuple(places(contract, at, facts.team.deny)) if facts.team is not None and facts.team.deny else (),
        strays=tuple(strays(contract, at)),
    )


def port_named(service: Service, name: str) -> Port | None:
    """Give the service's own port of that name."""
    return next((port for port in service.ports if port.name == name), None)


def candidate_ports(service: Service) -> tuple[Port, ...]:
    """Give the ports that a gateway which terminates TLS could route to when no port is said."""
    return tuple(port for port in service.ports if port.protocol in ROUTABLE and port.metrics is None)


def named_ports(service: Service) -> tuple[Setting[str], ...]:
    """Give every name of an own port that the routing sections and their routes say."""
    sections = [routing for routing in (service.external, service.internal) if routing is not None]
    said = [
        port for routing in sections for port in (routing.port, *(route.port for route in routing.routes or ()))
    ]
    return tuple(port for port in said if port is not None)


def route_port(service: Service, routing: Routing, route: Route) -> Port | None:
    """Give the port that an external route goes to, or None where that is not decided or not there."""
    named = route.port or routing.port
    if named is not None:
        return port_named(service, named.value)
    candidates = candidate_ports(service)
    return candidates[0] if len(candidates) == 1 else None


def internal_ports(service: Service, routing: Routing) -> tuple[Port, ...]:
    """Give the ports that the section's own rules apply to: the one said, or every HTTP-like one."""
    if routing.port is not None:
        port = port_named(service, routing.port.value)
        return () if port is None else (port,)
    return tuple(port for port in service.ports if port.protocol in HTTP_LIKE and port.metrics is None)


def is_unsafe(condition: str) -> bool:
    """Tell whether a request that met this condition may have been processed already."""
    return condition not in SAFE_CONDITIONS


def fires(condition: str, spoken: frozenset[str]) -> bool:
    """Tell whether a condition can be met where these protocols are spoken; HTTP2 may carry gRPC.

    A gRPC answer has its status beside an HTTP 200, and what is no gRPC has no such status. Where no protocol is
    known, or the gateway speaks TLS to the port, it may.
    """
    if condition in GRPC_CONDITIONS:
        return spoken != {"HTTP"}
    by_status = condition.isdigit() or condition == "retriable-4xx"
    return not (by_status and spoken and spoken <= GRPC)


def unsafe_conditions(route: Route, spoken: frozenset[str]) -> tuple[str, ...]:
    """Give the conditions of a route that are not safe and can be met where these protocols are spoken."""
    conditions = route.treatment.retry.conditions.value
    return tuple(condition for condition in conditions if is_unsafe(condition) and fires(condition, spoken))


def retry_shares(route: Route, *, grpc: bool) -> tuple[RetryShare, ...]:
    """Split a route by methods, so that unsafe conditions reach only those that may be repeated.

    gRPC is always POST and never split. The other methods get the safe pair with as many attempts and no
    perTryTimeout.
    """
    retry = route.treatment.retry
    if route.streaming or retry.attempts.value == 0 or not retry.conditions.value:
        return (RetryShare(None, None),)
    methods = retry.methods.value
    if grpc or methods == "any" or not any(map(is_unsafe, retry.conditions.value)):
        return (RetryShare(None, retry),)
    allowed = IDEMPOTENT if isinstance(methods, str) else methods
    safe = retry._replace(
        conditions=Setting(SAFE_PAIR), per_try_timeout=None, methods=Setting("any", retry.methods.at)
    )
    literal = tuple(method for method in route.methods or allowed if method in allowed)
    others = tuple(method for method in route.methods if method not in allowed)
    if not route.methods:
        return RetryShare(literal, retry), RetryShare(None, safe)
    if not others:
        return (RetryShare(None, retry),)
    if not literal:
        return (RetryShare(None, safe),)
    return RetryShare(literal, retry), RetryShare(others, safe)


def sections(service: Service) -> tuple[Routing, ...]:
    """Give the sections that there are, that for requests from outside first."""
    return tuple(filter(None, (service.external, service.internal)))


def forwarding(service: Service, facts: Facts) -> Iterator[tuple[str, Upstream]]:
    """Give each other service that hosts are forwarded to, with what is said of calls to it."""
    for upstream in service.upstreams:
        name = upstream.service
        if name is not None and upstream.forwarded_hosts and not is_itself(name, facts):
            yield name, upstream


def served_routes(service: Service) -> Iterator[tuple[Routing, Route]]:
    """Give every route that answers requests, the rest of a section too where it is served."""
    for routing in sections(service):
        for route in routing.routes or ():
            yield routing, route
        if routing.routes is None or routing.unlisted_paths.value == "allow":
            yield routing, routing.rest


def treated_routes(service: Service) -> Iterator[tuple[Routing, Route]]:
    """Give every route whose requests go on to a Service, with the timeout and the retries that hold for it.

    A stream has neither, and the rest inside the mesh has what its section says itself.
    """
    for routing, route in served_routes(service):
        if route.redirect is not None:
            continue
        if route.streaming:
            yield routing, _treated(route, timed=False, repeated=False)
        elif route is routing.rest and routing is service.internal:
            said = route.written.keys()
            yield routing, _treated(route, timed="timeout" in said, repeated=not said.isdisjoint(RETRY_FIELDS))
        else:
            yield routing, route


def _treated(route: Route, *, timed: bool, repeated: bool) -> Route:
    timeout, retry = route.treatment
    timeout = timeout if timed else Setting(None)
    return route._replace(treatment=Treatment(timeout, retry if repeated else retry._replace(attempts=Setting(0))))


def receivers(route: Route, own: str | None) -> tuple[str, ...]:
    """Give the Services that get a route's requests, each once; `own` is the service itself, if it is known."""
    if not route.backends:
        return () if own is None or route.redirect is not None else (own,)
    several = len(route.backends) > 1
    found = (backend.service for backend in route.backends if not several or backend.weight)
    return tuple(dict.fromkeys(found))


def deciding(route: Route, *settings: Setting[Any] | None) -> ValuePath | None:
    """Give the place of the setting that was said nearest to a route: in an override, in the item, around it.

    Of several of one kind it is the first one given; None where the policy said them all.
    """
    said = [setting.at for setting in settings if setting is not None and setting.at is not None]
    return min(said, key=lambda at: distance(route, at), default=None)


def distance(route: Route, at: ValuePath) -> int:
    """Tell how far from a route a setting of it was said: 0 in an override, 1 in the item, 2 around it."""
    if at not in route.written.values():
        return 2
    return 1 if at[: len(route.at)] == route.at else 0


def protocols(service: Service, routing: Routing, route: Route) -> frozenset[str]:
    """Give what is spoken on the ports that a route's requests go to; nothing where no port is known."""
    return frozenset(port.protocol for port in ports_of(service, routing, route))


def all_shares(service: Service, routing: Routing, route: Route) -> tuple[RetryShare, ...]:
    """Give how requests of a route are repeated, on ports with gRPC and on others; a port not known has no gRPC."""
    kinds = {protocol in GRPC for protocol in protocols(service, routing, route)} or {False}
    return tuple(share for grpc in sorted(kinds) for share in retry_shares(route, grpc=grpc))


def timed_routes(service: Service) -> Iterator[tuple[Route, Setting[int]]]:
    """Give every route whose tries are limited, with that limit: it holds where its conditions hold."""
    for routing, route in treated_routes(service):
        per_try = route.treatment.retry.per_try_timeout
        if per_try is None or route.treatment.retry.attempts.value == 0:
            continue
        shares = all_shares(service, routing, route) if route.methods else ()  # else some method is repeated
        if not shares or any(share.retry is not None and share.retry.per_try_timeout for share in shares):
            yield route, per_try


def longest_waits(retry: Retry) -> int:
    """Give the sum of the longest waits before each retry; they double, up to ten times the first one."""
    base = _FIRST_WAIT if retry.backoff is None else retry.backoff.value
    return sum(min(base * 2**index, 10 * base) for index in range(retry.attempts.value))


def ports_of(service: Service, routing: Routing, route: Route) -> tuple[Port, ...]:
    """Give the ports that a route's requests go to: one from outside, any number inside."""
    if routing is service.internal and route.port is None:
        return internal_ports(service, routing)
    port = route_port(service, routing, route)
    return () if port is None else (port,)


class _Fields(NamedTuple):
    """The fields of one map: each a node and the path where it stands, which may be an override's."""

    at: ValuePath
    nodes: Mapping[str, tuple[Node, ValuePath]]

    @classmethod
    def of(cls, node: Node, at: ValuePath) -> "_Fields":
        value = node.value
        fields = value.items() if isinstance(value, dict) else ()
        return cls(at, {key: (below, at / key) for key, below in fields if below.value is not None})

    def over(self, other: "_Fields") -> "_Fields":
        """Lay these fields over others."""
        return _Fields(other.at, {**other.nodes, **self.nodes})

    def get(self, key: str) -> Any:  # noqa: ANN401 - the schema has accepted the type
        found = self.nodes.get(key)
        return None if found is None else plain(found[0])

    def where(self, key: str) -> ValuePath:
        found = self.nodes.get(key)
        return self.at / key if found is None else found[1]

    def setting(self, key: str) -> Setting[Any] | None:
        found = self.nodes.get(key)
        return None if found is None else Setting(plain(found[0]), found[1])

    def map(self, key: str) -> "_Fields | None":
        found = self.nodes.get(key)
        return None if found is None else _Fields.of(*found)

    def items(self, key: str) -> Iterator["_Fields"]:
        found = self.nodes.get(key)
        if found is None or not isinstance(found[0].value, list):
            return
        for index, item in enumerate(found[0].value):
            yield _Fields.of(item, found[1] / index)

    def settings(self, key: str) -> tuple[Setting[str], ...]:
        """Give a list of strings, or one string, each with its place."""
        found = self.nodes.get(key)
        if found is None:
            return ()
        node, at = found
        if isinstance(node.value, list):
            return tuple(Setting(str(item.value), at / index) for index, item in enumerate(node.value))
        return (Setting(str(node.value), at),)

    def milliseconds(self, key: str) -> Setting[int] | None:
        found = self.nodes.get(key)
        return None if found is None else Setting(milliseconds(str(found[0].value)), found[1])

    def length(self, key: str) -> int | None:
        found = self.milliseconds(key)
        return None if found is None else found.value

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        return tuple((name, str(value)) for name, value in (self.get(key) or {}).items())


_PROTOCOLS = {
    token.lower(): token
    for token in ("HTTP", "HTTP2", "GRPC", "HTTPS", "TLS", "TCP", "UDP", "MONGO", "MYSQL", "REDIS")
}


def _protocol(name: str) -> str:
    token = "grpc-web" if name == "grpc-web" or name.startswith("grpc-web-") else name.partition("-")[0]
    return "GRPC-WEB" if token == "grpc-web" else _PROTOCOLS[token]


def _port(fields: _Fields) -> Port:
    tls = fields.map("tls")
    return Port(
        at=fields.at,
        number=fields.get("number"),
        name=fields.get("name"),
        protocol=fields.get("protocol") or _protocol(fields.get("name")),
        target=fields.get("targetPort") or fields.get("number"),
        tls=None
        if tls is None
        else BackendTLS(
            at=tls.at,
            server_name=tls.get("serverName"),
            ca_certificates=tls.get("caCertificates") or "system",
            client_certificate=tls.get("clientCertificate"),
            insecure_skip_verify=tls.get("insecureSkipVerify") or False,
        ),
        metrics=fields.get("metrics"),
        bypass_mesh=fields.get("bypassMesh") or False,
    )


def _treatment(fields: _Fields, outer: Treatment) -> Treatment:
    """Read the treatment that the fields state, over that of what stands around them."""
    timeout: Setting[int | None] = outer.timeout
    said = fields.setting("timeout")
    if said is not None:
        timeout = Setting(None if said.value == "none" else milliseconds(said.value), said.at)
    retry_on = fields.setting("retryOn")
    methods = fields.setting("retryMethods")
    retry = Retry(
        conditions=outer.retry.conditions
        if retry_on is None
        else Setting(retry_tokens(retry_on.value), retry_on.at),
        attempts=fields.setting("retryAttempts") or outer.retry.attempts,
        per_try_timeout=fields.milliseconds("perTryTimeout") or outer.retry.per_try_timeout,
        backoff=fields.milliseconds("retryBackoff") or outer.retry.backoff,
        methods=outer.retry.methods if methods is None else Setting(_method_list(methods.value), methods.at),
    )
    return Treatment(timeout, retry)


def _method_list(value: Plain) -> str | tuple[str, ...]:
    return tuple(str(method) for method in value) if isinstance(value, list) else str(value)


def _default_treatment(facts: Facts) -> Treatment:
    defaults = facts.defaults
    return Treatment(
        Setting(defaults.timeout),
        Retry(
            Setting(defaults.retry_on),
            Setting(defaults.retry_attempts),
            None,
            None,
            Setting(defaults.retry_methods),
        ),
    )


def _routing(fields: _Fields, facts: Facts, unlisted_paths: str) -> Routing:
    section = _treatment(fields, _default_treatment(facts))
    written = _written(fields)
    items = tuple(fields.items("pathConfiguration"))
    overrides = fields.map("pathOverrides") or _Fields(fields.at, {})
    keys = tuple(_override_keys(overrides, items))
    routes = tuple(_route(item, overrides, own, section) for item, own in zip(items, keys, strict=True))
    used = {key for own in keys for key in own}
    rest = Route(fields.at, "/", "Prefix", section, written=written)
    return Routing(
        at=fields.at,
        routes=routes if "pathConfiguration" in fields.nodes else None,
        rest=rest,
        unlisted_paths=fields.setting("unlistedPaths") or Setting(unlisted_paths),
        visibility=fields.settings("visibility"),
        hosts=fields.settings("hosts"),
        port=fields.setting("port"),
        forwarded_hosts=fields.settings("forwardedHosts"),
        unknown_overrides=tuple(
            Setting(key, where) for key, (_, where) in overrides.nodes.items() if key not in used
        ),
        overrides=tuple(_overrides(overrides, items, keys)),
        written=written,
    )


def _override_keys(overrides: _Fields, items: tuple[_Fields, ...]) -> Iterator[tuple[str, ...]]:
    """Give for each item the keys of `pathOverrides` that are its path, in their order."""
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    for key in overrides.nodes:
        for kind in ("Prefix", "Exact", "Regex"):
            path = normal_path(key, kind)
            keys[kind, path] = (*keys.get((kind, path), ()), key)
    for item in items:
        kind = item.get("pathType") or "Prefix"
        yield keys.get((kind, normal_path(item.get("path"), kind)), ())


def _overrides(
    overrides: _Fields, items: tuple[_Fields, ...], keys: tuple[tuple[str, ...], ...]
) -> Iterator[Override]:
    held: dict[str, list[int]] = {}
    for index, own in enumerate(keys):
        for key in own:
            held.setdefault(key, []).append(index)
    for key, indexes in held.items():
        fields = overrides.map(key) or overrides
        said = {name: fields.get(name) for name in fields.nodes}
        changes = {name for name in said for index in indexes if items[index].get(name) != said[name]}
        yield Override(fields.at, key, tuple(indexes), said, frozenset(changes))


def _written(fields: _Fields) -> Mapping[str, ValuePath]:
    return {key: where for key, (_, where) in fields.nodes.items()}


def normal_path(path: str, path_type: str) -> str:
    """Give a prefix without its trailing slash, which says nothing; other paths are left as they are."""
    return path.rstrip("/") or "/" if path_type == "Prefix" else path


def _route(item: _Fields, overrides: _Fields, keys: tuple[str, ...], section: Treatment) -> Route:
    fields = item
    for key in keys:
        override = overrides.map(key)
        fields = fields if override is None else override.over(fields)
    return _whole_route(fields, item.get("path"), item.get("pathType") or "Prefix", section)


def _whole_route(fields: _Fields, path: str, path_type: str, section: Treatment) -> Route:
    cors, mirror, redirect = fields.map("cors"), fields.map("mirror"), fields.map("redirect")
    return Route(
        at=fields.at,
        path=normal_path(path, path_type),
        path_type=path_type,
        treatment=_treatment(fields, section),
        methods=tuple(fields.get("methods") or ()),
        headers=fields.pairs("headers"),
        query_params=fields.pairs("queryParams"),
        streaming=fields.get("streaming") or False,
        port=fields.setting("port"),
        rewrite_path=fields.setting("rewritePath"),
        request_headers=_header_rules(fields.map("requestHeaders")),
        response_headers=_header_rules(fields.map("responseHeaders")),
        cors=None if cors is None else _cors(cors),
        backends=tuple(
            Backend(backend.at, backend.get("service"), backend.get("weight"), backend.get("port"))
            for backend in fields.items("backends")
        ),
        mirror=None
        if mirror is None
        else Mirror(mirror.at, mirror.get("service"), mirror.get("percent"), mirror.get("port")),
        redirect=None
        if redirect is None
        else Redirect(redirect.at, redirect.get("host"), redirect.get("path"), redirect.get("code") or 308),
        written=_written(fields),
    )


def _header_rules(fields: _Fields | None) -> HeaderRules | None:
    if fields is None:
        return None
    return HeaderRules(fields.at, fields.pairs("set"), fields.pairs("add"), tuple(fields.get("remove") or ()))


def _cors(fields: _Fields) -> Cors:
    return Cors(
        at=fields.at,
        allow_origins=tuple(fields.get("allowOrigins") or ()),
        allow_methods=tuple(fields.get("allowMethods") or ()),
        allow_headers=tuple(fields.get("allowHeaders") or ()),
        expose_headers=tuple(fields.get("exposeHeaders") or ()),
        allow_credentials=fields.get("allowCredentials"),
        max_age=fields.length("maxAge"),
    )


def _resilience(said: _Fields | None, facts: Facts) -> Resilience | None:
    """Read the section over the policy's default: each of its keys is taken from one of them, whole."""
    fallback = _policy_resilience(said, facts)
    if said is None and not fallback.nodes:
        return None
    ours = said or _Fields(ROOT, {})

    def part(key: str) -> tuple[_Fields | None, ValuePath | None]:
        if key in ours.nodes:
            return ours.map(key), ours.where(key)
        return fallback.map(key), None

    def single(key: str) -> Setting[Any] | None:
        default = fallback.setting(key)
        return ours.setting(key) or (default and Setting(default.value))

    return Resilience(
        at=None if said is None else said.at,
        outlier_detection=_outlier_detection(*part("outlierDetection")),
        connection_limits=_connection_limits(*part("connectionLimits")),
        load_balancing=single("loadBalancing"),
        session_affinity=_session_affinity(*part("sessionAffinity")),
        prefer_same_zone=single("preferSameZone"),
    )


def _policy_resilience(said: _Fields | None, facts: Facts) -> _Fields:
    """Give the policy's default, less what the values choose: affinity and balancing exclude each other."""
    default = facts.defaults.resilience
    fields = _Fields(ROOT, {}) if default is None else _Fields.of(default, ROOT)
    choices = {"loadBalancing", "sessionAffinity"}
    if said is not None and choices & set(said.nodes):
        return _Fields(ROOT, {key: found for key, found in fields.nodes.items() if key not in choices})
    return fields


def _outlier_detection(fields: _Fields | None, at: ValuePath | None) -> OutlierDetection | None:
    if fields is None:
        return None
    return OutlierDetection(
        at,
        fields.get("consecutiveErrors"),
        fields.length("interval"),
        fields.length("ejectionTime"),
        fields.get("maxEjectionPercent"),
    )


def _connection_limits(fields: _Fields | None, at: ValuePath | None) -> ConnectionLimits | None:
    if fields is None:
        return None
    return ConnectionLimits(
        at,
        fields.get("maxConnections"),
        fields.get("maxPendingRequests"),
        fields.length("connectTimeout"),
    )


def _session_affinity(fields: _Fields | None, at: ValuePath | None) -> SessionAffinity | None:
    if fields is None:
        return None
    return SessionAffinity(at, fields.get("cookie"), fields.get("header"), fields.length("ttl"))


def _upstream(fields: _Fields) -> Upstream:
    host = fields.get("host")
    ports = tuple(_upstream_port(port) for port in fields.items("ports"))
    if host is not None and not ports:
        ports = (UpstreamPort(fields.at, 443, "TLS", None),)
    return Upstream(
        at=fields.at,
        host=host,
        service=fields.get("service"),
        port=fields.get("port"),
        ports=ports,
        addresses=tuple(fields.get("addresses") or ()),
        forwarded_hosts=fields.settings("forwardedHosts"),
    )


def _upstream_port(fields: _Fields) -> UpstreamPort:
    tls = fields.map("originateTLS")
    return UpstreamPort(
        at=fields.at,
        number=fields.get("number"),
        protocol=fields.get("protocol") or "TLS",
        originate_tls=None if tls is None else Setting(tls.get("port") or 443, tls.at),
    )
