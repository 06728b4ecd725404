"""Retries, timeouts and streams at their boundaries: where they can be written, and their harmless neighbours."""

import pytest

from tests.judged import diagnostics, judged, told

HTTP = "ports: [{number: 8080, name: http}]\n"
GRPC = "ports: [{number: 9000, name: grpc}]\n"
BOTH = "ports: [{number: 8080, name: http}, {number: 9000, name: grpc}]\n"


def item(fields: str) -> str:
    """Write an external path of which only the fields matter; it stands in line 3."""
    return f"externalRouting:\n  pathConfiguration: [{{path: /a, {fields}}}]\n"


def section(fields: str, name: str = "externalRouting") -> str:
    return f"{name}: {{{fields}}}\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryOn: 5xx"), []),
        (HTTP + item("retryOn: 5xx, retryMethods: any"), ["3 unsafe-retry"]),
        (HTTP + item("retryOn: 503, retryMethods: any"), ["3 unsafe-retry"]),
        (HTTP + item("retryOn: [connect-failure, reset], retryMethods: [GET, POST]"), ["3 unsafe-retry"]),
        (
            HTTP + item("retryOn: 'connect-failure, 503', retryMethods: any, methods: [GET, PATCH]"),
            ["3 unsafe-retry"],
        ),
        (HTTP + item("retryOn: 5xx, retryMethods: any, methods: [GET, PUT, DELETE]"), []),
        (HTTP + item("retryOn: 5xx, retryMethods: [GET, POST], methods: [GET]"), []),
        (HTTP + item("retryOn: connect-failure, retryMethods: any"), []),
        (HTTP + item("retryOn: reset-before-request, retryMethods: any"), []),
        (HTTP + item("retryMethods: any"), []),
        (HTTP + item("retryOn: internal, retryMethods: any"), ["3 retry-never-fires"]),
        (HTTP + section("retryOn: 5xx, retryMethods: any"), ["2 unsafe-retry"]),
        (HTTP + section("retryOn: 5xx, retryMethods: any", "internalRouting"), ["2 unsafe-retry"]),
        (HTTP + section("timeout: 2s", "internalRouting"), []),
        (
            HTTP + section("retryOn: 5xx, retryMethods: any, pathConfiguration: [{path: /a}, {path: /b}]"),
            ["2 unsafe-retry"],
        ),
        (HTTP + item("retryOn: 5xx") + "  pathOverrides:\n    /a: {retryMethods: any}\n", ["5 unsafe-retry"]),
        (HTTP + item("retryOn: 5xx, retryMethods: any") + "  pathOverrides: {/a: {retryAttempts: 0}}\n", []),
        (HTTP + item("retryOn: 5xx, retryMethods: any, streaming: true"), ["3 settings-on-stream"]),
        (GRPC + item("retryOn: 5xx"), ["3 unsafe-retry"]),
        (GRPC + item("retryOn: [unavailable, deadline-exceeded]"), ["3 unsafe-retry"]),
        (GRPC + item("retryOn: unavailable"), []),
        (GRPC + section("timeout: 5s"), []),
        (GRPC + section("retryOn: 5xx, pathConfiguration: [{path: /a, retryAttempts: 0}]"), []),
        (BOTH + section("retryOn: 5xx", "internalRouting"), ["2 unsafe-retry"]),
        (BOTH + section("port: http, retryOn: 5xx", "internalRouting"), []),
        (HTTP.replace("http", "grpc-web") + item("retryOn: reset"), ["3 unsafe-retry"]),
    ],
)
def test_unsafe_retries(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("policy", "values", "expected"),
    [
        ("defaults: {retryOn: 5xx}", HTTP + section("timeout: 5s"), []),
        ("defaults: {retryOn: 5xx}", GRPC + section("timeout: 5s"), ["2 unsafe-retry"]),
        ("defaults: {retryOn: 5xx, retryMethods: any}", HTTP + section("timeout: 5s"), ["2 unsafe-retry"]),
        ("defaults: {retryOn: 5xx, retryMethods: any}", HTTP + section("timeout: 5s", "internalRouting"), []),
    ],
)
def test_unsafe_defaults_of_the_policy(policy: str, values: str, expected: list[str]) -> None:
    assert judged(values, policy) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryOn: unavailable"), ["3 retry-never-fires"]),
        (HTTP + item("retryOn: 'unavailable,cancelled'"), ["3 retry-never-fires", "3 retry-never-fires"]),
        (HTTP.replace("http", "http2") + item("retryOn: unavailable"), []),
        (HTTP.replace("name: http", "name: https, tls: {serverName: a.b}") + item("retryOn: unavailable"), []),
        (HTTP + item("retryOn: unavailable, retryAttempts: 0"), ["3 retry-settings-unused"]),
        (GRPC + item("retryOn: 503"), ["3 retry-never-fires"]),
        (GRPC + item("retryOn: retriable-4xx"), ["3 retry-never-fires"]),
        (GRPC + item("retryOn: connect-failure"), []),
        (
            BOTH + section("port: http, retryOn: [connect-failure, unavailable]", "internalRouting"),
            ["2 retry-never-fires"],
        ),
        (BOTH + section("retryOn: 'connect-failure,unavailable'", "internalRouting"), []),
        (item("retryOn: unavailable"), ["1 no-port-chosen"]),
    ],
)
def test_conditions_of_another_layer(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


def test_a_condition_in_a_list_is_pointed_at() -> None:
    values = HTTP + "externalRouting:\n  retryOn:\n    - connect-failure\n    - unavailable\n"

    assert judged(values) == ["5 retry-never-fires"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryOn: 5xx, methods: [POST]"), ["3 retry-never-applies"]),
        (HTTP + item("retryOn: 5xx, methods: [POST, GET]"), []),
        (HTTP + item("retryOn: 5xx, methods: [POST], retryMethods: any"), ["3 unsafe-retry"]),
        (HTTP + item("retryOn: 5xx, methods: [POST], retryAttempts: 0"), ["3 retry-settings-unused"]),
        (HTTP + item("retryOn: connect-failure, methods: [POST]"), []),
        (HTTP + section("retryOn: 5xx, pathConfiguration: [{path: /a, methods: [POST]}]"), []),
        (HTTP + item("methods: [POST]") + "  pathOverrides: {/a: {retryOn: 503}}\n", ["4 retry-never-applies"]),
        (HTTP + item("retryOn: 503, methods: [GET], retryMethods: [PUT]"), ["3 retry-never-applies"]),
        (
            HTTP + item("methods: [POST]}, {path: /a, methods: [GET]") + "  pathOverrides: {/a: {retryOn: 503}}\n",
            [],
        ),
        (
            HTTP
            + item("methods: [POST]}, {path: /a, methods: [PATCH]")
            + "  pathOverrides: {/a: {retryOn: 503}}\n",
            ["4 retry-never-applies"],
        ),
    ],
)
def test_retries_that_no_method_gets(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (GRPC + item("retryOn: cancelled"), ["3 unproven-safe-retry"]),
        (GRPC + item("retryOn: cancelled, retryAttempts: 0"), []),
        (GRPC + item("retryOn: connect-failure"), []),
        (HTTP.replace("http", "http2") + item("retryOn: unavailable"), ["3 unproven-safe-retry"]),
        (HTTP.replace("http", "http2") + item("retryOn: unavailable, methods: [GET]"), []),
        (HTTP.replace("http", "http2") + item("retryOn: 'unavailable,5xx'"), []),
        (HTTP + item("retryOn: unavailable"), []),
    ],
)
def test_safe_by_the_word_of_the_server(values: str, expected: list[str]) -> None:
    assert told(values) == expected


def timed(fields: str) -> str:
    return HTTP + item(f"retryOn: gateway-error, {fields}")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (timed("timeout: 6s, perTryTimeout: 2s"), []),
        (timed("timeout: 5999ms, perTryTimeout: 2s"), ["3 retry-time-over-timeout"]),
        (timed("timeout: 2s, perTryTimeout: 2s"), ["3 retry-time-over-timeout"]),
        (timed("timeout: 2s, perTryTimeout: 2001ms"), ["3 per-try-timeout-over-timeout"]),
        (timed("perTryTimeout: 5s"), []),
        (timed("perTryTimeout: 5001ms"), ["3 retry-time-over-timeout"]),
        (timed("retryAttempts: 5, perTryTimeout: 3s"), ["3 retry-time-over-timeout"]),
        (timed("timeout: 2s, perTryTimeout: 5s, methods: [POST]"), ["3 retry-never-applies"]),
        (HTTP + item("timeout: 2s, perTryTimeout: 3s, retryAttempts: 0"), ["3 retry-settings-unused"]),
        (
            HTTP + section("perTryTimeout: 2s, timeout: 6s", "internalRouting") + "  \n",
            [],
        ),
        (HTTP + section("perTryTimeout: 90s", "internalRouting"), ["2 retry-time-over-limit"]),
        (HTTP + section("perTryTimeout: 5s, timeout: 2s", "internalRouting"), ["2 per-try-timeout-over-timeout"]),
        (
            HTTP
            + "externalRouting:\n  perTryTimeout: 2s\n  pathConfiguration:\n    - path: /a\n      timeout: 5s\n",
            ["6 retry-time-over-timeout"],
        ),
        (
            HTTP
            + "externalRouting:\n  timeout: 6s\n  perTryTimeout: 2s\n  pathConfiguration:\n"
            + "    - path: /a\n    - path: /b\n      retryAttempts: 3\n",
            ["8 retry-time-over-timeout"],
        ),
        (timed("timeout: 2s, retryBackoff: 2s"), ["3 backoff-over-timeout"]),
        (timed("timeout: 2s, retryBackoff: 1999ms"), []),
        (HTTP + section("retryBackoff: 20s"), ["2 backoff-over-timeout"]),
        (HTTP + section("retryBackoff: 20s", "internalRouting"), []),
    ],
)
def test_tries_and_timeouts(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (timed("timeout: 6s, perTryTimeout: 2s"), ["3 backoff-does-not-fit"]),
        (timed("timeout: 6075ms, perTryTimeout: 2s"), []),
        (timed("timeout: 6074ms, perTryTimeout: 2s"), ["3 backoff-does-not-fit"]),
        (timed("timeout: 7s, perTryTimeout: 2s, retryBackoff: 500ms"), ["3 backoff-does-not-fit"]),
        (HTTP + item("perTryTimeout: 2s"), ["3 per-try-timeout-not-retried"]),
        (HTTP + item("retryOn: 504, perTryTimeout: 2s"), ["3 per-try-timeout-not-retried"]),
        (HTTP + item("retryOn: '504,reset', perTryTimeout: 2s"), []),
        (
            HTTP
            + section("perTryTimeout: 2s, pathConfiguration: [{path: /a}, {path: /b, retryOn: 5xx}, {path: /c}]"),
            [],
        ),
    ],
)
def test_what_is_worth_knowing_of_tries(values: str, expected: list[str]) -> None:
    assert told(values) == expected


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        ("1.25", "retryBackoff: 50ms", ["3 needs-newer-istio"]),
        ("1.26", "retryBackoff: 50ms", []),
        ("1.22", "retryOn: reset-before-request", ["3 needs-newer-istio"]),
        ("1.23", "retryOn: reset-before-request", []),
        ("1.22", "retryOn: connect-failure", []),
        ("1.22", "streaming: true", []),
    ],
)
def test_versions(version: str, fields: str, expected: list[str]) -> None:
    assert judged(HTTP + item(fields), f'mesh: {{istioVersion: "{version}"}}') == expected


def test_a_default_of_the_policy_is_not_the_teams_to_mend() -> None:
    policy = (
        'mesh: {istioVersion: "1.22"}\ndefaults: {retryOn: reset-before-request, retryAttempts: 9, timeout: 5m}'
    )

    assert judged(HTTP + section("hosts: [a.example.com]"), policy) == []


LIMITS = """
gateways:
  public: {gateway: istio-ingress/public, maxTimeout: 30s, default: true, hostTemplate: "{service}.example.com"}
  internal: {gateway: istio-ingress/internal, maxTimeout: 90s, hostTemplate: "{service}.int.example.com"}
limits: {retryAttempts: 3, timeout: {min: 200ms, max: 60s}, worstCaseRetryTime: 20s}
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryAttempts: 3"), []),
        (HTTP + item("retryAttempts: 4"), ["3 retry-attempts-over-limit"]),
        (HTTP + section("retryAttempts: 4", "internalRouting"), ["2 retry-attempts-over-limit"]),
        (
            HTTP + section("retryAttempts: 4, pathConfiguration: [{path: /a, retryAttempts: 1}]"),
            ["2 retry-attempts-over-limit"],
        ),
        (
            HTTP + item("timeout: 5s") + "  pathOverrides: {/a: {retryAttempts: 5}}\n",
            ["4 retry-attempts-over-limit"],
        ),
        (HTTP + item("timeout: 30s"), []),
        (HTTP + item("timeout: 30001ms"), ["3 timeout-outside-limits"]),
        (HTTP + section("visibility: internal, timeout: 60s"), []),
        (HTTP + section("visibility: internal, timeout: 61s"), ["2 timeout-outside-limits"]),
        (HTTP + section("visibility: [internal, public], timeout: 31s"), ["2 timeout-outside-limits"]),
        (HTTP + section("timeout: 60s", "internalRouting"), []),
        (HTTP + section("timeout: 2m", "internalRouting"), ["2 timeout-outside-limits"]),
        (HTTP + item("timeout: 200ms"), []),
        (HTTP + item("timeout: 199ms"), ["3 timeout-outside-limits"]),
        (HTTP + item("timeout: 5s") + "  pathOverrides: {/a: {timeout: 45s}}\n", ["4 timeout-outside-limits"]),
        (HTTP + item("timeout: 2m, streaming: true"), ["3 settings-on-stream"]),
        (timed("timeout: 30s, retryAttempts: 1, perTryTimeout: 9900ms"), []),
        (timed("timeout: 30s, retryAttempts: 1, perTryTimeout: 10s"), ["3 retry-time-over-limit"]),
        (timed("timeout: 20s, retryAttempts: 1, perTryTimeout: 10s"), []),
        (timed("timeout: 30s, retryAttempts: 3"), []),
        (timed("timeout: 2m, retryAttempts: 1, perTryTimeout: 30s"), ["3 timeout-outside-limits"]),
    ],
)
def test_limits_of_the_policy(values: str, expected: list[str]) -> None:
    assert judged(values, LIMITS) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryAttempts: 0"), []),
        (HTTP + item("retryAttempts: 0, timeout: 5s"), []),
        (HTTP + section("retryAttempts: 0, retryOn: 5xx"), []),
        (HTTP + item("retryAttempts: 0, retryOn: 5xx, retryBackoff: 50ms"), ["3 retry-settings-unused"]),
        (HTTP + section("retryOn: 5xx, pathConfiguration: [{path: /a, retryAttempts: 0}]"), []),
        (HTTP + item("retryOn: 5xx") + "  pathOverrides: {/a: {retryAttempts: 0}}\n", []),
        (HTTP + item("retryOn: 5xx, retryAttempts: 0") + "  pathOverrides: {/a: {retryAttempts: 1}}\n", []),
        (
            HTTP + "internalRouting: {pathConfiguration: [{path: /a, retryAttempts: 0, retryOn: 5xx}]}\n",
            ["2 retry-settings-unused"],
        ),
    ],
)
def test_settings_beside_no_attempts(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + item("retryOn: 5xx"), ["3 retry-settings-unused"]),
        (HTTP + item("retryOn: 5xx, retryAttempts: 1"), []),
        (HTTP + section("retryOn: 5xx"), ["2 retry-settings-unused"]),
        (HTTP + section("retryOn: 5xx, pathConfiguration: [{path: /a, retryAttempts: 1}, {path: /b}]"), []),
        (HTTP + section("retryOn: 5xx, pathConfiguration: [{path: /a}]"), ["2 retry-settings-unused"]),
        (HTTP + section("retryAttempts: 0, pathConfiguration: [{path: /a, retryOn: 5xx}]"), []),
        (HTTP + section("timeout: 5s"), []),
    ],
)
def test_settings_where_the_policy_has_no_attempts(values: str, expected: list[str]) -> None:
    assert judged(values, "defaults: {retryAttempts: 0}") == expected


def layers(outer: str, inner: str) -> str:
    return HTTP + section(outer) + section(inner, "internalRouting")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (layers("retryOn: 5xx, retryAttempts: 9", "retryOn: 5xx"), ["2 retry-attempts-over-limit"]),
        (layers("retryOn: 5xx, retryAttempts: 3", "retryOn: 5xx, retryAttempts: 3"), ["3 retries-multiply"]),
        (layers("retryOn: 5xx, retryAttempts: 3", "retryOn: 5xx, retryAttempts: 2"), []),
        (layers("retryOn: 5xx, retryAttempts: 3", "retryOn: connect-failure, retryAttempts: 5"), []),
        (layers("retryAttempts: 5", "retryOn: 5xx, retryAttempts: 5"), []),
        (
            layers(
                "pathConfiguration: [{path: /a, retryOn: 5xx, retryAttempts: 4}]",
                "pathConfiguration: [{path: /b}, {path: /a, retryOn: 503}]",
            ),
            ["3 retries-multiply"],
        ),
    ],
)
def test_retries_in_two_layers(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (GRPC + item("methods: [GET]"), ["3 methods-on-grpc"]),
        (GRPC + item("methods: [POST]"), ["3 methods-on-grpc"]),
        (HTTP + item("methods: [GET]"), []),
        (BOTH + "internalRouting: {pathConfiguration: [{path: /a, methods: [GET]}]}\n", []),
        (
            BOTH + "internalRouting: {pathConfiguration: [{path: /a, methods: [GET], port: grpc}]}\n",
            ["2 methods-on-grpc"],
        ),
    ],
)
def test_methods_of_grpc(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("timeout: 5s", ["3 settings-on-redirect"]),
        ("retryOn: 5xx, retryAttempts: 2", ["3 settings-on-redirect"]),
        ("retryAttempts: 0", ["3 settings-on-redirect"]),
        ("streaming: true", ["3 settings-on-redirect"]),
        ("responseHeaders: {set: {x-moved: 'yes'}}", []),
    ],
)
def test_redirects(fields: str, expected: list[str]) -> None:
    values = HTTP + item(f"pathType: Exact, redirect: {{host: b.example.com}}, {fields}")

    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "errors", "infos"),
    [
        (HTTP + item("streaming: true"), [], []),
        (HTTP + item("streaming: true, timeout: 5s"), ["3 settings-on-stream"], []),
        (HTTP + item("streaming: true, retryAttempts: 2"), ["3 settings-on-stream"], []),
        (HTTP + item("streaming: true, retryAttempts: 0"), [], []),
        (HTTP + item("streaming: false, timeout: 5s"), [], []),
        (HTTP + item("streaming: true") + "  pathOverrides: {/a: {timeout: 5s}}\n", ["4 settings-on-stream"], []),
        (
            HTTP + item("timeout: 5s") + "  pathOverrides: {/a: {streaming: true}}\n",
            [],
            ["4 stream-without-settings"],
        ),
        (
            HTTP + section("timeout: 5s, retryAttempts: 0, pathConfiguration: [{path: /a, streaming: true}]"),
            [],
            ["2 stream-without-settings"],
        ),
        (HTTP + section("retryAttempts: 0, pathConfiguration: [{path: /a, streaming: true}]"), [], []),
        (
            HTTP + "internalRouting: {retryOn: 5xx, pathConfiguration: [{path: /a, streaming: true}]}\n",
            [],
            ["2 stream-without-settings"],
        ),
    ],
)
def test_streams(values: str, errors: list[str], infos: list[str]) -> None:
    assert (judged(values), told(values)) == (errors, infos)


def test_a_stream_behind_a_gateway_with_a_longest_timeout() -> None:
    (found,) = diagnostics(
        HTTP + section("visibility: [internal, public], pathConfiguration: [{path: /a, streaming: true}]"), LIMITS
    )

    assert found.rule == "stream-over-gateway-limit"
    assert "gateway 'public' gives up after '30s'" in found.message


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (HTTP + section("pathConfiguration: [{path: /ws, timeout: 30s}]"), ["2 stream-cut-by-timeout"]),
        (HTTP + section("pathConfiguration: [{path: /chat/socket.io}]"), ["2 stream-cut-by-timeout"]),
        (HTTP + section("pathConfiguration: [{path: /ws, streaming: true}]"), []),
        (HTTP + section("pathConfiguration: [{path: /wsdl}]"), []),
        (HTTP + section("pathConfiguration: [{path: /events}]"), []),
    ],
)
def test_paths_that_look_like_streams(values: str, expected: list[str]) -> None:
    assert told(values) == expected


@pytest.mark.parametrize("limit", ["perTryTimeout: 3s", "perTryTimeout: 6s"])
def test_the_timeout_that_tries_do_not_fit_into_is_shown_too(limit: str) -> None:
    route = f"retryOn: gateway-error, {limit}"
    around = diagnostics(HTTP + section(f"timeout: 5s, pathConfiguration: [{{path: /a, {route}}}]"))
    above = diagnostics(HTTP + item(f"{route}, timeout: 5s"))

    assert [[(span.line, words) for span, words in found.related] for found in around] == [[(2, "the timeout")]]
    assert [[(span.line, words) for span, words in found.related] for found in above] == [[(3, "the timeout")]]
