import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshguard.diagnostic import ROOT
from meshguard.model import Route, Routing, Service, build
from meshguard.policy import Identity, Policy, facts_for
from meshguard.regex import refusal, takes
from meshguard.routing import (
    Hidden,
    Request,
    authority_pattern,
    escaped,
    hidden,
    hidden_from_forwarded,
    hidden_pattern,
    is_everything,
    match,
    matches_path,
    ordered,
    outside_path,
    port_table,
    precedence,
    rewritten,
    serve,
    table,
)
from tests.tree import tree

PREFLIGHT = {"origin": "https://shop.example.com", "access-control-request-method": "GET"}


def service(values: str) -> Service:
    return build(tree(values), ROOT, facts_for(Policy(), Identity("orders"), "2030-01-01"))


def routing(items: str, more: str = "") -> Routing:
    ports = "ports: [{number: 80, name: http}]\n"
    found = service(f"{ports}externalRouting: {{pathConfiguration: [{items}]{more}}}").external
    assert found is not None
    return found


def routes(items: str) -> tuple[Route, ...]:
    return routing(items).routes or ()


def names(found: tuple[Route, ...]) -> list[str]:
    return [f"{route.path_type} {route.path}" for route in found]


def test_exact_then_regex_then_prefix_and_the_longest_first() -> None:
    found = routes(
        "{path: /}, {path: /a}, {path: /a/b/}, {path: '/x.*', pathType: Regex}, {path: '/xyz.*', pathType: Regex},"
        " {path: /a, pathType: Exact}, {path: /long, pathType: Exact}"
    )

    assert names(ordered(found)) == [
        "Exact /long",
        "Exact /a",
        "Regex /xyz.*",
        "Regex /x.*",
        "Prefix /a/b",
        "Prefix /a",
        "Prefix /",
    ]


def test_among_equals_methods_then_headers_then_query_parameters() -> None:
    found = routes(
        "{path: /a}, {path: /a, queryParams: {q: '1', r: '2'}}, {path: /a, headers: {x: '1'}},"
        " {path: /a, headers: {x: '1', y: '2'}}, {path: /a, methods: [GET], timeout: 1s},"
        " {path: /a, methods: [GET], headers: {z: '1'}}"
    )

    conditions = [(len(r.methods), len(r.headers), len(r.query_params)) for r in ordered(found)]

    assert conditions == [(1, 1, 0), (1, 0, 0), (0, 2, 0), (0, 1, 0), (0, 0, 2), (0, 0, 0)]


def test_regexes_of_one_length_go_by_their_conditions() -> None:
    found = routes("{path: '/a.', pathType: Regex}, {path: '/b.', pathType: Regex, methods: [GET]}")

    assert names(ordered(found)) == ["Regex /b.", "Regex /a."]


@given(st.permutations(range(5)))
def test_order_in_the_file_does_not_matter(permutation: list[int]) -> None:
    found = routes("{path: /a}, {path: /b}, {path: /a, methods: [GET]}, {path: '/.', pathType: Regex}, {path: /}")

    assert ordered(found[index] for index in permutation) == ordered(found)


def test_rank_is_equal_where_only_values_differ() -> None:
    one, other = routes("{path: /a, headers: {x: '1'}}, {path: /a, headers: {y: '2'}}")

    assert precedence(one) == precedence(other)


@pytest.mark.parametrize(
    ("more", "paths"),
    [("", ["/a"]), (", unlistedPaths: allow", ["/a", "/"]), (", unlistedPaths: deny", ["/a"])],
)
def test_rest_ends_the_table_where_unlisted_paths_are_served(more: str, paths: list[str]) -> None:
    assert [route.path for route in table(routing("{path: /a}", more))] == paths


def test_rest_is_left_out_behind_everything() -> None:
    found = table(routing("{path: /, timeout: 1s}", ", unlistedPaths: allow"))

    assert [route.written.get("timeout") is not None for route in found] == [True]


def test_rest_is_everything_without_items() -> None:
    found = service("externalRouting: {}").external
    assert found is not None

    assert table(found) == (found.rest,)
    assert is_everything(found.rest)


@pytest.mark.parametrize(
    ("item", "path", "expected"),
    [
        ("{path: /a}", "/a", True),
        ("{path: /a}", "/a/", True),
        ("{path: /a}", "/a/b", True),
        ("{path: /a}", "/ab", False),
        ("{path: /}", "/", True),
        ("{path: /}", "/a", True),
        ("{path: /a, pathType: Exact}", "/a", True),
        ("{path: /a, pathType: Exact}", "/a/", False),
        ("{path: '/v[0-9]+', pathType: Regex}", "/v12", True),
        ("{path: '/v[0-9]+', pathType: Regex}", "/v12/", False),
        ("{path: '/\\d', pathType: Regex}", "/\u0663", False),
        ("{path: '/[', pathType: Regex}", "/[", False),
    ],
)
def test_path_is_matched_as_the_contract_says(item: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches_path(routes(item)[0], path) is expected


def test_all_conditions_must_hold() -> None:
    found = routes("{path: /a, methods: [GET], headers: {X-Client: mobile}, queryParams: {preview: 'true'}}")
    request = Request("/a", "GET", {"x-client": "mobile"}, {"preview": "true"})

    assert match(found, request) is found[0]
    assert match(found, request._replace(method="POST")) is None
    assert match(found, request._replace(headers={"x-client": "web"})) is None
    assert match(found, request._replace(query_params={})) is None


def test_preflight_goes_by_path_alone_to_the_route_with_cors() -> None:
    cors = "cors: {allowOrigins: ['*']}"
    found = routes(f"{{path: /a, methods: [GET], {cors}}}, {{path: /a, pathType: Exact}}, {{path: /}}")
    cors_route, exact, everything = found
    preflight = Request("/a/b", "OPTIONS", PREFLIGHT)

    assert match(found, preflight) is cors_route
    assert match(found, preflight._replace(headers={})) is everything
    assert match(found, preflight._replace(path="/a")) is exact
    assert match(found, preflight._replace(method="GET")) is cors_route


@pytest.mark.parametrize(
    ("item", "path", "expected"),
    [
        ("{path: /a}", "/a/b", "/a/b"),
        ("{path: /a, rewritePath: /n}", "/a", "/n"),
        ("{path: /a, rewritePath: /n}", "/a/", "/n/"),
        ("{path: /a, rewritePath: /n}", "/a/x", "/n/x"),
        ("{path: /a, rewritePath: /n/}", "/a/x", "/n/x"),
        ("{path: /a, rewritePath: /}", "/a", "/"),
        ("{path: /a, rewritePath: /}", "/a/x", "/x"),
        ("{path: /, rewritePath: /n}", "/", "/n"),
        ("{path: /, rewritePath: /n}", "/x", "/n/x"),
        ("{path: /a, pathType: Exact, rewritePath: /n}", "/a", "/n"),
    ],
)
def test_rewrite_replaces_whole_segments(item: str, path: str, expected: str) -> None:
    assert rewritten(routes(item)[0], path) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("{path: /}", "/m/x"),
        ("{path: /m}", "/m/x"),
        ("{path: /m/x/y}", "/m/x"),
        ("{path: /other}", None),
        ("{path: /m/x, pathType: Exact}", "/m/x"),
        ("{path: /m, pathType: Exact}", None),
        ("{path: '/.*', pathType: Regex}", "/m/x"),
        ("{path: /a, rewritePath: /}", "/a/m/x"),
        ("{path: /a, rewritePath: /m}", "/a/x"),
        ("{path: /a, rewritePath: /m/x}", "/a"),
        ("{path: /a, rewritePath: /m/x/y}", "/a"),
        ("{path: /a, rewritePath: /other}", None),
        ("{path: /, rewritePath: /m}", "/x"),
        ("{path: /, rewritePath: /m/x}", "/"),
        ("{path: /a, pathType: Exact, rewritePath: /m/x}", "/a"),
        ("{path: /a, pathType: Exact, rewritePath: /m}", None),
    ],
)
def test_path_from_outside_that_leads_inside(item: str, expected: str | None) -> None:
    assert outside_path(routes(item)[0], "/m/x") == expected


METRICS = """
ports: [{number: 80, name: http, metrics: /metrics}, {number: 81, name: http-b}]
externalRouting:
  port: http
  pathConfiguration:
    - {path: /metrics/b, pathType: Exact, port: http-b}
    - {path: /metrics, pathType: Exact, redirect: {path: /new}}
    - {path: /b, port: http-b}
    - {path: /other}
    - {path: /}
"""


def test_metrics_are_hidden_before_the_first_rule_that_reaches_them() -> None:
    found = service(METRICS)
    assert found.external is not None

    assert hidden(found, found.external) == (Hidden(found.at / "ports" / 0 / "metrics", "/metrics", 2),)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/metrics/b", "/metrics/b"),
        ("/metrics", "/metrics"),
        ("/metrics/", None),
        ("/metrics/c", None),
        ("//metrics", None),
        ("/metricsx", "/"),
        ("/b/metrics", "/b"),
    ],
)
def test_hidden_metrics_are_not_served(path: str, expected: str | None) -> None:
    found = service(METRICS)
    assert found.external is not None

    route = serve(found, found.external, Request(path))

    assert (route and route.path) == expected


def test_metrics_of_another_port_with_the_same_container_port_are_hidden_too() -> None:
    found = service(
        "ports: [{number: 80, name: http, targetPort: 8080}, {number: 8080, name: http-m, metrics: /metrics}]\n"
        "externalRouting: {hosts: [a.example.com]}"
    )
    assert found.external is not None

    assert hidden(found, found.external) == (Hidden(found.at / "ports" / 1 / "metrics", "/metrics", 0),)


def test_what_no_rule_takes_is_not_served() -> None:
    found = service("ports: [{number: 80, name: http}]\nexternalRouting: {pathConfiguration: [{path: /a}]}")
    assert found.external is not None

    assert serve(found, found.external, Request("/b")) is None


def test_preflight_of_a_path_is_served_before_its_rules() -> None:
    found = service("""
ports: [{number: 80, name: http, metrics: /a/metrics}, {number: 81, name: http-b}]
externalRouting:
  port: http
  pathConfiguration:
    - {path: /a, methods: [GET], port: http-b}
    - {path: /a, cors: {allowOrigins: ["*"]}}
""")
    assert found.external is not None
    route = serve(found, found.external, Request("/a/metrics", "OPTIONS", PREFLIGHT))

    assert route is not None
    assert route.cors is not None
    assert serve(found, found.external, Request("/a/metrics", "POST")) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/metrics", r"(?i)(.*(/|%2f)\.\.(;[^/]*)?)?((;[^/]*)?/|%2f)+metrics([;/].*|%2f.*)?"),
        ("/a.b/c/", r"(?i)(.*(/|%2f)\.\.(;[^/]*)?)?((;[^/]*)?/|%2f)+a\.b((;[^/]*)?/|%2f)+c([;/].*|%2f.*)?"),
        ("/", "/.*"),
    ],
)
def test_hidden_pattern(path: str, expected: str) -> None:
    assert hidden_pattern(path) == expected


@pytest.mark.parametrize(
    ("path", "is_hidden"),
    [
        ("/a/metrics", True),
        ("//a//metrics", True),
        ("/A/Metrics/x", True),
        ("/a;v=1/metrics;x", True),
        ("/;/a/;x/metrics", True),
        ("/a%2fmetrics%2F", True),
        ("/x/..;/a/metrics", True),
        ("/x/y/..;v=1/..;/a//metrics/x", True),
        ("/x%2f..%2Fa/metrics", True),
        ("/x/..;/b/metrics", False),
        ("/x/..a/metrics", False),
        ("/a/metricsx", False),
        ("/a/metrics%20", False),
        ("/a/metrics.json", False),
        ("/a;metrics", False),
        ("/ametrics", False),
        ("/b/a/metrics", False),
        ("/a", False),
    ],
)
def test_what_a_hidden_path_hides(path: str, is_hidden: bool) -> None:  # noqa: FBT001 - a table
    assert bool(re.fullmatch(hidden_pattern("/a/metrics"), path)) is is_hidden
    assert takes(hidden_pattern("/a/metrics"), path) is is_hidden


def test_the_longest_hidden_path_is_an_expression_that_the_proxy_takes() -> None:
    pattern = hidden_pattern("/." * 512)

    assert len(pattern) < 12_000  # what schema/istio allows
    assert refusal(pattern) is None


def test_metrics_are_hidden_where_an_item_writes_them_in_another_case() -> None:
    found = service("""
ports: [{number: 80, name: http, metrics: /metrics}]
externalRouting:
  port: http
  pathConfiguration: [{path: /Metrics}, {path: /ops, rewritePath: /METRICS}, {path: /api, rewritePath: /}]
""")
    assert found.external is not None

    assert {path.path for path in hidden(found, found.external)} == {"/metrics", "/ops", "/api/metrics"}


def test_metrics_are_hidden_from_hosts_that_a_proxy_forwards() -> None:
    text = """
ports: [{number: 80, name: http, metrics: /metrics}, {number: 81, name: http-b}]
internalRouting:
  port: http
  forwardedHosts: [shop.example.com]
  pathConfiguration: [{path: /ops, rewritePath: /}, {path: /metrics/x, pathType: Exact}, {path: /other}]
"""
    shown, alone = service(text), service(text.replace("  forwardedHosts: [shop.example.com]\n", ""))
    assert shown.internal is not None
    assert alone.internal is not None

    assert set(hidden_from_forwarded(shown, shown.internal, shown.ports[0])) == {"/ops/metrics", "/metrics"}
    assert hidden_from_forwarded(shown, shown.internal, shown.ports[1]) == ()
    assert hidden_from_forwarded(alone, alone.internal, alone.ports[0]) == ()


@pytest.mark.parametrize(
    ("host", "header", "expected"),
    [
        ("shop.example.com", "Shop.example.com", True),
        ("shop.example.com", "shop.example.com:8080", True),
        ("shop.example.com", "shopxexample.com", False),
        ("shop.example.com", "www.shop.example.com", False),
        ("*.example.com", "a.b.example.com:80", True),
        ("*.example.com", "example.com", False),
    ],
)
def test_authority_pattern(host: str, header: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert bool(re.fullmatch(authority_pattern(host), header)) is expected


def test_escaped_text_has_no_meaning() -> None:
    assert escaped(r"a.b+c*(d)|[e]{f}^g$h\i?-z") == r"a\.b\+c\*\(d\)\|\[e\]\{f\}\^g\$h\\i\?-z"


def test_items_of_an_internal_section_by_port() -> None:
    found = service("""
ports: [{number: 80, name: http}, {number: 81, name: http-b}, {number: 82, name: http-m, metrics: /metrics}]
internalRouting: {pathConfiguration: [{path: /a}, {path: /b, port: http-b}, {path: /c, port: http-m}]}
""")
    assert found.internal is not None

    tables = {port.name: [r.path for r in port_table(found, found.internal, port)] for port in found.ports}

    assert tables == {"http": ["/a"], "http-b": ["/a", "/b"], "http-m": ["/c"]}
