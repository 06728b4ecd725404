"""Backends, mirrors, affinity and resilience: faults and their harmless neighbours."""

import pytest

from tests.judged import diagnostics, judged, told

PORTS = "ports: [{number: 8080, name: http, targetPort: 8000}, {number: 8081, name: http-next}]\n"


def item(text: str, section: str = "externalRouting") -> str:
    """Write one item, on line 5."""
    hosts = "hosts: [orders.example.com]" if section == "externalRouting" else "timeout: 5s"
    return f"{PORTS}{section}:\n  port: http\n  {hosts}\n  pathConfiguration: [{{path: /a, {text}}}]\n"


@pytest.mark.parametrize("section", ["externalRouting", "internalRouting"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backends: [{service: a, weight: 90}, {service: b, weight: 10}]", []),
        ("backends: [{service: a, weight: 100}, {service: b, weight: 0}]", []),
        ("backends: [{service: a, weight: 90}, {service: b, weight: 20}]", ["weights-not-100"]),
        ("backends: [{service: a, weight: 33}, {service: b, weight: 33}, {service: c, weight: 33}]",
         ["weights-not-100"]),
        ("backends: [{service: a, weight: 0}, {service: b, weight: 0}]", ["weights-not-100"]),
        ("backends: [{service: a}]", []),
        ("backends: [{service: a, weight: 100}]", []),
        ("backends: [{service: a, weight: 0}]", ["weights-not-100"]),
        ("backends: [{service: a, weight: 50}, {service: a, weight: 50}]", ["duplicate-backend"]),
        ("backends: [{service: a, weight: 50}, {service: a, weight: 50, port: 8080}]", ["duplicate-backend"]),
        ("backends: [{service: a, weight: 50}, {service: a, weight: 50, port: 8081}]", []),
        ("backends: [{service: orders, weight: 50}, {service: orders, weight: 50, port: 8081}]", []),
        ("backends: [{service: orders, port: 8000}]", ["unusable-backend-port"]),
        ("backends: [{service: orders, port: 80}]", ["unusable-backend-port"]),
        ("backends: [{service: other, port: 80}]", []),
        ("methods: [GET], mirror: {service: orders, percent: 1}", ["mirror-to-itself"]),
        ("methods: [GET], mirror: {service: shadow, percent: 10}", []),
        ("methods: [GET], mirror: {service: shadow, percent: 10.5}", ["mirror-over-limit"]),
        ("backends: [{service: b}], methods: [GET], mirror: {service: orders, percent: 1}", []),
        ("backends: [{service: b}], methods: [GET], mirror: {service: b, percent: 1}", ["mirror-to-itself"]),
    ],
)  # fmt: skip
def test_where_requests_go(section: str, text: str, expected: list[str]) -> None:
    assert judged(item(text, section)) == [f"5 {rule}" for rule in expected]


def test_the_port_of_backends_is_not_known_without_ports() -> None:
    values = "internalRouting: {pathConfiguration: [{path: /a, backends: [{service: orders, port: 80}]}]}"

    assert "unusable-backend-port" not in {found.rule for found in diagnostics(values)}


def test_an_override_is_told_once_for_all_items_of_its_path() -> None:
    values = f"""{PORTS}externalRouting:
  port: http
  hosts: [orders.example.com]
  pathConfiguration: [{{path: /a, methods: [GET]}}, {{path: /a}}]
  pathOverrides:
    /a:
      backends:
        - {{service: orders, weight: 1}}
        - {{service: orders-next, weight: 1}}
      mirror: {{service: orders-next, percent: 20}}
"""
    assert judged(values) == ["8 weights-not-100", "11 mirror-to-itself", "11 mirror-over-limit"]


def test_a_message_names_the_shares_that_come_of_it() -> None:
    (found,) = diagnostics(item("backends: [{service: a, weight: 90}, {service: b, weight: 20}]"))

    assert found.message == (
        "the weights '90', '20' sum to '110', so the requests are shared as '81.8', '18.2' percent;"
        " make them sum to 100"
    )


SPLIT = item("backends: [{service: orders, weight: 90}, {service: b, weight: 10}]")
STEADY = item("backends: [{service: orders, weight: 100}, {service: b, weight: 0}]")


@pytest.mark.parametrize(
    ("values", "policy", "expected"),
    [
        (f"{SPLIT}resilience: {{sessionAffinity: {{cookie: SID}}}}", "{}", ["6 affinity-with-split"]),
        (f"{SPLIT}resilience: {{sessionAffinity: {{header: x-user}}}}", "{}", ["6 affinity-with-split"]),
        (f"{STEADY}resilience: {{sessionAffinity: {{cookie: SID}}}}", "{}", []),
        (f"{SPLIT}resilience: {{loadBalancing: random}}", "{}", []),
        (SPLIT, "defaults: {resilience: {sessionAffinity: {cookie: SID}}}", ["5 affinity-with-split"]),
        ("ports: [{number: 53, name: udp-dns}]\nresilience: {sessionAffinity: {cookie: SID}}", "{}",
         ["2 affinity-without-http"]),
        ("resilience: {sessionAffinity: {cookie: SID}}", "{}", []),
        ("ports: [{number: 53, name: udp-dns}]", "defaults: {resilience: {sessionAffinity: {cookie: SID}}}", []),
    ],
)  # fmt: skip
def test_affinity(values: str, policy: str, expected: list[str]) -> None:
    assert judged(values, policy) == expected


def test_affinity_beside_outlier_detection_is_an_info_where_the_values_say_it() -> None:
    outlier = "defaults: {resilience: {outlierDetection: {consecutiveErrors: 5}}}"
    affinity = "{sessionAffinity: {cookie: SID}}"

    assert told(f"resilience: {affinity}", outlier) == ["1 affinity-with-outlier-detection"]
    assert told("ports: [{number: 80, name: http}]", "defaults: {resilience: {sessionAffinity: {cookie: a}}}") == []
    assert told(f"resilience: {affinity}", "{}") == []


@pytest.mark.parametrize(
    ("said", "policy", "errors", "infos"),
    [
        ("consecutiveErrors: 1", "{}", ["ejects-on-first-error"], []),
        ("consecutiveErrors: 2", "{}", [], []),
        ("consecutiveErrors: 0", "{}", [], []),
        ("consecutiveErrors: 0, interval: 1s", "{}", [], ["outlier-detection-without-effect"]),
        ("consecutiveErrors: 0, ejectionTime: 1s", "{}", [], ["outlier-detection-without-effect"]),
        ("consecutiveErrors: 0, maxEjectionPercent: 1", "{}", [], ["outlier-detection-without-effect"]),
        ("consecutiveErrors: 49", "{}", [], []),
        ("consecutiveErrors: 50", "{}", [], ["outlier-detection-without-effect"]),
        ("maxEjectionPercent: 50", "{}", [], []),
        ("maxEjectionPercent: 51", "{}", ["ejection-over-limit"], []),
        ("maxEjectionPercent: 100", "{}", ["ejection-over-limit"], []),
        ("maxEjectionPercent: 100", "limits: {maxEjectionPercent: 100}", ["ejects-every-pod"], []),
        ("maxEjectionPercent: 100, consecutiveErrors: 0", "limits: {maxEjectionPercent: 100}", [],
         ["outlier-detection-without-effect"]),
        ("interval: 10s", "{}", [], []),
    ],
)  # fmt: skip
def test_outlier_detection(said: str, policy: str, errors: list[str], infos: list[str]) -> None:
    values = f"ports: [{{number: 8080, name: http}}]\nresilience: {{outlierDetection: {{{said}}}}}"

    assert judged(values, policy) == [f"2 {rule}" for rule in errors]
    assert told(values, policy) == [f"2 {rule}" for rule in infos]


def test_what_the_policy_says_itself_is_the_platforms() -> None:
    policy = """
limits: {maxEjectionPercent: 10}
defaults:
  resilience:
    outlierDetection: {consecutiveErrors: 1, maxEjectionPercent: 100}
    connectionLimits: {maxConnections: 1, maxPendingRequests: 1, connectTimeout: 1h}
"""
    assert diagnostics(item("streaming: true"), policy) == []


@pytest.mark.parametrize(
    ("ports", "said", "expected"),
    [
        ("http", "maxConnections: 9", 1),
        ("http", "maxConnections: 10", 0),
        ("http", "maxPendingRequests: 9", 1),
        ("http", "maxPendingRequests: 10", 0),
        ("http", "maxConnections: 1, maxPendingRequests: 1", 2),
        ("grpc", "maxConnections: 1", 0),
        ("grpc", "maxPendingRequests: 1", 1),
        ("http2", "maxConnections: 1", 0),
        ("tcp", "maxConnections: 1", 1),
        ("", "maxConnections: 1", 1),
        ("http", "connectTimeout: 50ms", 0),
    ],
)
def test_pools(ports: str, said: str, expected: int) -> None:
    head = f"ports: [{{number: 8080, name: {ports}}}]\n" if ports else ""

    found = judged(f"{head}resilience: {{connectionLimits: {{{said}}}}}")

    assert [each.partition(" ")[2] for each in found] == ["connection-limit-too-small"] * expected


def test_a_handshake_takes_its_time() -> None:
    assert judged("resilience: {connectionLimits: {connectTimeout: 49ms}}") == ["1 connect-timeout-too-short"]


REDIRECT = "{path: /a, pathType: Exact, redirect: {host: b.x.com}}"


@pytest.mark.parametrize(
    ("routing", "wait", "is_too_long"),
    [
        ("externalRouting: {hosts: [a.x.com], timeout: 3s}", "3s", False),
        ("externalRouting: {hosts: [a.x.com], timeout: 3s}", "3001ms", True),
        ("externalRouting: {hosts: [a.x.com]}", "16s", True),
        ("externalRouting: {hosts: [a.x.com]}", "15s", False),
        ("internalRouting: {timeout: 1s}", "2s", True),
        ("internalRouting: {pathConfiguration: [{path: /a, timeout: 1s}]}", "2s", False),
        ("internalRouting: {retryAttempts: 1}", "2s", False),
        (f"externalRouting: {{hosts: [a.x.com], pathConfiguration: [{REDIRECT}]}}", "1h", False),
    ],
)
def test_connecting_may_not_take_longer_than_every_request(
    routing: str,
    wait: str,
    is_too_long: bool,  # noqa: FBT001 - a column
) -> None:
    limits = f"connectionLimits: {{connectTimeout: {wait}}}"
    values = f"ports: [{{number: 8080, name: http}}]\n{routing}\nresilience: {{{limits}}}"

    assert judged(values) == (["3 connect-timeout-over-timeout"] if is_too_long else [])


def test_the_longest_timeout_is_shown_where_the_values_say_it() -> None:
    limits = "resilience: {connectionLimits: {connectTimeout: 20s}}"
    head = "ports: [{number: 8080, name: http}]\nexternalRouting: {hosts: [a.x.com]"

    (said,) = diagnostics(f"{head}, timeout: 3s}}\n{limits}")
    (meant,) = diagnostics(f"{head}}}\n{limits}")

    assert [message for _, message in said.related] == ["the longest timeout"]
    assert meant.related == ()


def test_one_finding_tells_that_connecting_takes_too_long_for_both_sections() -> None:
    values = (
        "ports: [{number: 8080, name: http}]\nexternalRouting: {hosts: [a.x.com], timeout: 1s}\n"
        "internalRouting: {timeout: 1s}\nresilience: {connectionLimits: {connectTimeout: 2s}}"
    )

    assert judged(values) == ["4 connect-timeout-over-timeout"]


@pytest.mark.parametrize(
    ("version", "resilience", "expected"),
    [
        ("1.25", "{preferSameZone: true}", ["1 same-zone-without-effect"]),
        ("1.25", "{preferSameZone: false}", []),
        ("1.25", "{preferSameZone: true, outlierDetection: {}}", []),
        ("1.26", "{preferSameZone: true}", []),
    ],
)
def test_same_zone(version: str, resilience: str, expected: list[str]) -> None:
    assert judged(f"resilience: {resilience}", f"mesh: {{istioVersion: '{version}'}}") == expected


def test_a_default_of_the_policy_for_the_zone_is_the_platforms() -> None:
    policy = "mesh: {istioVersion: '1.25'}\ndefaults: {resilience: {preferSameZone: true}}"

    assert judged("ports: [{number: 8080, name: http}]", policy) == []
