from collections.abc import Callable

import pytest

from meshguard.diagnostic import ROOT, ValuePath
from meshguard.model import (
    Backend,
    BackendTLS,
    ConnectionLimits,
    Cors,
    HeaderRules,
    Mirror,
    OutlierDetection,
    Port,
    Redirect,
    Resilience,
    Retry,
    RetryShare,
    Route,
    Service,
    SessionAffinity,
    Setting,
    Treatment,
    Upstream,
    UpstreamPort,
    build,
    candidate_ports,
    deciding,
    fires,
    internal_ports,
    longest_waits,
    ports_of,
    retry_shares,
    route_port,
    served_routes,
    treated_routes,
)
from meshguard.policy import SAFE_PAIR, Facts, Identity, Policy, build_policy, facts_for
from tests.tree import tree

NO_POLICY = facts_for(Policy(), Identity(), "2030-01-01")
BUILT_IN = Treatment(Setting(15_000), Retry(Setting(SAFE_PAIR), Setting(2), None, None, Setting("idempotent")))


def service(text: str, facts: Facts = NO_POLICY) -> Service:
    return build(tree(text), ROOT, facts)


def policy(text: str) -> Facts:
    return facts_for(build_policy(tree(text, ".meshguard.yaml")), Identity(), "2030-01-01")


def at(text: str) -> ValuePath:
    return ValuePath(int(step) if step.isdigit() else step for step in text.split("."))


def only_route(text: str, facts: Facts = NO_POLICY) -> Route:
    external = service(text, facts).external
    assert external is not None
    assert external.routes is not None
    (route,) = external.routes
    return route


def test_nothing_said_is_an_empty_service() -> None:
    assert service("{}") == Service(ROOT, (), None, None, None, ())


def test_the_contract_may_stand_below_a_key() -> None:
    found = build(tree("web: {ports: [{number: 1, name: tcp}]}"), ValuePath(("web",)), NO_POLICY)

    assert found.at == ValuePath(("web",))
    assert found.ports[0].at == at("web.ports.0")


def test_a_port_in_full() -> None:
    text = """
ports:
  - number: 9443
    name: https-admin
    protocol: HTTPS
    targetPort: 8443
    tls: {serverName: a.example, caCertificates: ca, clientCertificate: c, insecureSkipVerify: true}
    metrics: /metrics
    bypassMesh: true
"""
    tls = BackendTLS(at("ports.0.tls"), "a.example", "ca", "c", insecure_skip_verify=True)

    assert service(text).ports == (
        Port(at("ports.0"), 9443, "https-admin", "HTTPS", 8443, tls, "/metrics", bypass_mesh=True),
    )


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("http", "HTTP"),
        ("http2-a", "HTTP2"),
        ("grpc", "GRPC"),
        ("grpc-a", "GRPC"),
        ("grpc-web", "GRPC-WEB"),
        ("grpc-web-a", "GRPC-WEB"),
        ("grpc-website", "GRPC"),
        ("https", "HTTPS"),
        ("tls-a", "TLS"),
        ("redis", "REDIS"),
    ],
)
def test_a_name_says_its_protocol(name: str, protocol: str) -> None:
    (port,) = service(f"ports: [{{number: 1, name: {name}, tls: {{}}}}]").ports

    assert port.protocol == protocol
    assert port.target == 1
    assert port.tls == BackendTLS(at("ports.0.tls"), None, "system", None, insecure_skip_verify=False)


def test_the_original_three_keys() -> None:
    route = only_route("""
externalRouting:
  pathConfiguration:
    - path: /my-retry-path
      retryOn: 5xx
      retryAttempts: 2
""")
    here = at("externalRouting.pathConfiguration.0")

    assert route.at == here
    assert (route.path, route.path_type) == ("/my-retry-path", "Prefix")
    assert route.treatment == BUILT_IN._replace(
        retry=BUILT_IN.retry._replace(
            conditions=Setting(("5xx",), here / "retryOn"), attempts=Setting(2, here / "retryAttempts")
        )
    )
    assert set(route.written) == {"path", "retryOn", "retryAttempts"}


def test_a_route_in_full() -> None:
    route = only_route("""
externalRouting:
  pathConfiguration:
    - path: /a/
      methods: [GET]
      headers: {x-a: b}
      queryParams: {q: "1"}
      timeout: none
      retryOn: [reset, 503]
      perTryTimeout: 2s
      retryBackoff: 50ms
      retryMethods: [GET, PUT]
      rewritePath: /b
      port: http
      requestHeaders: {set: {a: "1"}, add: {b: "2"}, remove: [c]}
      responseHeaders: {}
      cors: {allowOrigins: ["https://a.example"], allowMethods: [GET], allowHeaders: [x], exposeHeaders: [z],
        allowCredentials: true, maxAge: 1h}
      backends: [{service: a, weight: 95}, {service: b, weight: 5, port: 80}]
      mirror: {service: c, percent: 1}
""")
    here = at("externalRouting.pathConfiguration.0")

    assert route == Route(
        at=here,
        path="/a",
        path_type="Prefix",
        treatment=Treatment(
            Setting(None, here / "timeout"),
            Retry(
                Setting(("reset", "503"), here / "retryOn"),
                Setting(2),
                Setting(2000, here / "perTryTimeout"),
                Setting(50, here / "retryBackoff"),
                Setting(("GET", "PUT"), here / "retryMethods"),
            ),
        ),
        methods=("GET",),
        headers=(("x-a", "b"),),
        query_params=(("q", "1"),),
        port=Setting("http", here / "port"),
        rewrite_path=Setting("/b", here / "rewritePath"),
        request_headers=HeaderRules(here / "requestHeaders", (("a", "1"),), (("b", "2"),), ("c",)),
        response_headers=HeaderRules(here / "responseHeaders", (), (), ()),
        cors=Cors(
            here / "cors",
            ("https://a.example",),
            ("GET",),
            ("x",),
            ("z",),
            allow_credentials=True,
            max_age=3_600_000,
        ),
        backends=(
            Backend(here / "backends" / 0, "a", 95, None),
            Backend(here / "backends" / 1, "b", 5, 80),
        ),
        mirror=Mirror(here / "mirror", "c", 1, None),
        written={key: here / key for key in route.written},
    )


def test_redirects_and_streams() -> None:
    route = only_route(
        "externalRouting: {pathConfiguration: ["
        "{path: /a/, pathType: Exact, redirect: {path: /b}, streaming: true}]}"
    )

    assert route.path == "/a/"
    assert route.redirect == Redirect(at("externalRouting.pathConfiguration.0.redirect"), None, "/b", 308)
    assert route.streaming


def test_a_section_in_full() -> None:
    external = service("""
externalRouting:
  visibility: public
  hosts: [a.example, b.example]
  port: http
  unlistedPaths: allow
  timeout: 1s
""").external

    assert external is not None
    here = at("externalRouting")
    assert external.routes is None
    assert external.visibility == (Setting("public", here / "visibility"),)
    assert external.hosts == (
        Setting("a.example", here / "hosts" / 0),
        Setting("b.example", here / "hosts" / 1),
    )
    assert external.port == Setting("http", here / "port")
    assert external.unlisted_paths == Setting("allow", here / "unlistedPaths")
    assert external.rest.at == here
    assert external.rest.treatment.timeout == Setting(1000, here / "timeout")


OVERRIDES = """
externalRouting:
  timeout: 1s
  retryAttempts: 3
  pathConfiguration:
    - {path: /a, timeout: 2s, retryOn: 5xx}
    - {path: /b}
  pathOverrides:
    /a/: {timeout: 3s}
    /c: {timeout: 4s}
    /d: null
"""


def test_overrides_stand_over_paths_and_paths_over_the_section() -> None:
    external = service(OVERRIDES).external
    assert external is not None
    assert external.routes is not None
    a, b = external.routes
    here = at("externalRouting")

    assert a.treatment.timeout == Setting(3000, here / "pathOverrides" / "/a/" / "timeout")
    assert a.treatment.retry.conditions == Setting(("5xx",), here / "pathConfiguration" / 0 / "retryOn")
    assert a.treatment.retry.attempts == Setting(3, here / "retryAttempts")
    assert b.treatment.timeout == Setting(1000, here / "timeout")
    assert external.unknown_overrides == (Setting("/c", here / "pathOverrides" / "/c"),)


def test_the_policy_stands_under_the_values() -> None:
    facts = policy("defaults: {timeout: none, retryOn: 503, retryAttempts: 1, unlistedPaths: allow}")
    found = service("externalRouting: {}\ninternalRouting: {forwardedHosts: [a.example]}", facts)
    assert found.external is not None
    assert found.internal is not None

    assert found.external.rest.treatment.timeout == Setting(None)
    assert found.external.rest.treatment.retry.conditions == Setting(("503",))
    assert found.external.unlisted_paths == Setting("allow")
    assert found.internal.forwarded_hosts[0].value == "a.example"


def test_internal_routing_always_keeps_the_rest() -> None:
    internal = service("internalRouting: {}").internal
    assert internal is not None
    assert internal.unlisted_paths == Setting("allow")


RESILIENCE = """
resilience:
  outlierDetection: {consecutiveErrors: 5, interval: 10s, ejectionTime: 30s, maxEjectionPercent: 50}
  connectionLimits: {maxConnections: 1, maxPendingRequests: 2, connectTimeout: 3s}
  sessionAffinity: {cookie: C, ttl: 1h}
  preferSameZone: true
"""


def test_resilience_in_full() -> None:
    here = at("resilience")

    assert service(RESILIENCE).resilience == Resilience(
        here,
        OutlierDetection(here / "outlierDetection", 5, 10_000, 30_000, 50),
        ConnectionLimits(here / "connectionLimits", 1, 2, 3000),
        None,
        SessionAffinity(here / "sessionAffinity", "C", None, 3_600_000),
        Setting(value=True, at=here / "preferSameZone"),
    )


def test_the_policys_resilience_is_a_default_for_each_key() -> None:
    facts = policy("defaults: {resilience: {outlierDetection: {interval: 1s}, loadBalancing: random}}")
    here = at("resilience")

    assert service("{}", facts).resilience == Resilience(
        None, OutlierDetection(None, None, 1000, None, None), None, Setting("random"), None, None
    )
    assert service("resilience: {sessionAffinity: {header: x-user}}", facts).resilience == Resilience(
        here,
        OutlierDetection(None, None, 1000, None, None),
        None,
        None,
        SessionAffinity(here / "sessionAffinity", None, "x-user", None),
        None,
    )


def test_upstreams() -> None:
    text = """
upstreams:
  - host: api.example
  - host: old.example
    ports:
      - {number: 80, protocol: HTTP, originateTLS: {port: 8443}}
      - {number: 81, protocol: HTTP, originateTLS: {}}
    addresses: [203.0.113.10/32]
  - {service: catalog, port: 8080, forwardedHosts: [a.example]}
"""
    here = at("upstreams")

    assert service(text).upstreams == (
        Upstream(here / 0, "api.example", None, None, (UpstreamPort(here / 0, 443, "TLS", None),), (), ()),
        Upstream(
            here / 1,
            "old.example",
            None,
            None,
            (
                UpstreamPort(
                    here / 1 / "ports" / 0, 80, "HTTP", Setting(8443, here / 1 / "ports" / 0 / "originateTLS")
                ),
                UpstreamPort(
                    here / 1 / "ports" / 1, 81, "HTTP", Setting(443, here / 1 / "ports" / 1 / "originateTLS")
                ),
            ),
            ("203.0.113.10/32",),
            (),
        ),
        Upstream(here / 2, None, "catalog", 8080, (), (), (Setting("a.example", here / 2 / "forwardedHosts" / 0),)),
    )


PORTS = """
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: grpc}
  - {number: 9090, name: http-metrics, metrics: /metrics}
  - {number: 5432, name: tcp}
  - {number: 8443, name: https}
"""


def names(ports: tuple[Port, ...]) -> list[str]:
    return [port.name for port in ports]


def test_which_ports_a_route_goes_to() -> None:
    found = service(PORTS + "externalRouting: {}\ninternalRouting: {pathConfiguration: [{path: /a, port: https}]}")
    assert found.external is not None
    assert found.internal is not None
    assert found.internal.routes is not None

    assert names(candidate_ports(found)) == ["http", "grpc", "https"]
    assert route_port(found, found.external, found.external.rest) is None
    assert ports_of(found, found.external, found.external.rest) == ()
    assert names(internal_ports(found, found.internal)) == ["http", "grpc"]
    assert names(ports_of(found, found.internal, found.internal.rest)) == ["http", "grpc"]
    assert names(ports_of(found, found.internal, found.internal.routes[0])) == ["https"]


def test_a_port_that_is_said_is_the_one() -> None:
    found = service(PORTS + "externalRouting: {port: tcp}\ninternalRouting: {port: nowhere}")
    assert found.external is not None
    assert found.internal is not None

    assert names(ports_of(found, found.external, found.external.rest)) == ["tcp"]
    assert internal_ports(found, found.internal) == ()
    assert names(internal_ports(found, found.internal._replace(port=Setting("grpc")))) == ["grpc"]


def test_an_only_candidate_needs_no_word() -> None:
    found = service("ports: [{number: 8080, name: http}]\nexternalRouting: {}")
    assert found.external is not None
    assert names(ports_of(found, found.external, found.external.rest)) == ["http"]


@pytest.mark.parametrize(
    ("section", "paths"),
    [
        ("externalRouting: {}", ["/"]),
        ("externalRouting: {pathConfiguration: [{path: /a}]}", ["/a"]),
        ("externalRouting: {unlistedPaths: allow, pathConfiguration: [{path: /a}]}", ["/a", "/"]),
        ("internalRouting: {pathConfiguration: [{path: /a}]}", ["/a", "/"]),
        ("{}", []),
    ],
)
def test_which_routes_are_served(section: str, paths: list[str]) -> None:
    assert [route.path for _, route in served_routes(service(section))] == paths


UNSAFE = ("5xx",)
SAFE: Callable[[Retry], Retry] = lambda retry: retry._replace(  # noqa: E731 - a name for a change of a value
    conditions=Setting(SAFE_PAIR), per_try_timeout=None, methods=Setting("any", retry.methods.at)
)


def shares(text: str, *, grpc: bool = False) -> tuple[Retry, tuple[RetryShare, ...]]:
    route = only_route(f"externalRouting: {{pathConfiguration: [{{path: /a, {text}}}]}}")
    return route.treatment.retry, retry_shares(route, grpc=grpc)


def test_unsafe_conditions_are_kept_from_other_methods() -> None:
    retry, found = shares("retryOn: 5xx, perTryTimeout: 1s")

    assert found == (
        RetryShare(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"), retry),
        RetryShare(None, SAFE(retry)),
    )


def test_a_list_of_methods_is_literal() -> None:
    retry, found = shares("retryOn: 5xx, retryMethods: [POST]")
    assert found == (RetryShare(("POST",), retry), RetryShare(None, SAFE(retry)))


def test_a_route_of_some_methods_is_split_within_them() -> None:
    retry, found = shares("retryOn: 5xx, methods: [GET, POST]")
    assert found == (RetryShare(("GET",), retry), RetryShare(("POST",), SAFE(retry)))

    retry, found = shares("retryOn: 5xx, methods: [GET]")
    assert found == (RetryShare(None, retry),)

    retry, found = shares("retryOn: 5xx, methods: [POST]")
    assert found == (RetryShare(None, SAFE(retry)),)


@pytest.mark.parametrize("text", ["retryOn: connect-failure", "retryOn: 5xx, retryMethods: any"])
def test_safe_conditions_and_any_need_no_split(text: str) -> None:
    retry, found = shares(text)
    assert found == (RetryShare(None, retry),)


def test_grpc_is_never_split() -> None:
    retry, found = shares("retryOn: 5xx", grpc=True)
    assert found == (RetryShare(None, retry),)


@pytest.mark.parametrize("text", ["retryAttempts: 0", "streaming: true", "retryOn: []"])
def test_no_retries_are_no_retries(text: str) -> None:
    assert shares(text)[1] == (RetryShare(None, None),)


@pytest.mark.parametrize(
    ("condition", "spoken", "expected"),
    [
        ("unavailable", {"HTTP"}, False),
        ("unavailable", {"HTTP2"}, True),
        ("unavailable", {"HTTP", "GRPC"}, True),
        ("unavailable", set(), True),
        ("503", {"GRPC", "GRPC-WEB"}, False),
        ("503", {"GRPC", "HTTP"}, True),
        ("503", set(), True),
        ("retriable-4xx", {"GRPC"}, False),
        ("5xx", {"GRPC"}, True),
        ("connect-failure", {"HTTP"}, True),
    ],
)
def test_which_conditions_can_be_met(condition: str, spoken: set[str], expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert fires(condition, frozenset(spoken)) is expected


@pytest.mark.parametrize(
    ("attempts", "first", "expected"),
    [(0, None, 0), (2, None, 75), (3, 100, 700), (6, 10, 10 + 20 + 40 + 80 + 100 + 100)],
)
def test_the_longest_waits_between_tries(attempts: int, first: int | None, expected: int) -> None:
    retry = BUILT_IN.retry._replace(attempts=Setting(attempts), backoff=None if first is None else Setting(first))

    assert longest_waits(retry) == expected


def test_what_holds_for_streams_redirects_and_the_rest_inside() -> None:
    values = """
externalRouting:
  pathConfiguration:
    - {path: /stream, streaming: true}
    - {path: /old, pathType: Exact, redirect: {path: /}}
internalRouting: {perTryTimeout: 1s}
"""
    service = build(tree(values), ROOT, NO_POLICY)

    assert [
        (route.path, route.treatment.timeout.value, route.treatment.retry.attempts.value)
        for _, route in treated_routes(service)
    ] == [("/stream", None, 0), ("/", None, 2)]


def test_the_nearest_setting_decides() -> None:
    values = """
externalRouting:
  timeout: 9s
  pathConfiguration:
    - {path: /a, retryAttempts: 1}
  pathOverrides: {/a: {perTryTimeout: 1s}}
"""
    routing = build(tree(values), ROOT, NO_POLICY).external
    assert routing is not None
    assert routing.routes is not None
    (route,) = routing.routes
    timeout, retry = route.treatment

    assert deciding(route, timeout, retry.attempts, retry.per_try_timeout) == (
        *routing.at,
        "pathOverrides",
        "/a",
        "perTryTimeout",
    )
    assert deciding(route, timeout, retry.attempts) == route.at / "retryAttempts"
    assert deciding(route, timeout, retry.conditions) == routing.at / "timeout"
    assert deciding(route, retry.conditions, None) is None
