"""Ports and protocols at their boundaries: each fault where it can be written, and its harmless neighbours."""

import pytest

from tests.judged import diagnostics, judged, told

GATEWAYS = """
gateways:
  public: {gateway: istio-ingress/public, default: true}
  edge: {gateway: istio-edge/edge, tls: passthrough}
"""
MERGED, SIDECAR, OUTSIDE = (f"mesh: {{prometheus: {word}}}" for word in ("merged", "sidecar", "outside"))


def ports(*items: str) -> str:
    return "ports:\n" + "".join(f"  - {{{item}}}\n" for item in items)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports("number: 15020, name: http"), ["2 reserved-port"]),
        (ports("number: 80, name: tcp, targetPort: 15053"), ["2 reserved-port"]),
        (ports("number: 15090, name: http, targetPort: 8080"), ["2 reserved-port"]),
        (ports("number: 15021, name: http, targetPort: 15006"), ["2 reserved-port", "2 reserved-port"]),
        (ports("number: 15021, name: tcp, targetPort: 8080"), []),
        (ports("number: 15053, name: udp"), []),
        (ports("number: 15000, name: http, targetPort: 8080"), []),
        (ports("number: 15005, name: http"), []),
        (ports("number: 15443, name: tls"), []),
    ],
)
def test_reserved_ports(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


def test_a_reserved_port_of_metrics_is_told_otherwise() -> None:
    (found,) = diagnostics(ports("number: 15090, name: http-metrics, metrics: /metrics"), SIDECAR)

    assert found.rule == "reserved-port"
    assert found.message.endswith("take another, where the application itself serves its metrics")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports("number: 53, name: tcp-dns", "number: 53, name: udp-dns"), []),
        (ports("number: 53, name: udp-dns", "number: 53, name: udp-more"), ["3 duplicate-port"]),
        (ports("number: 80, name: http", "number: 80, name: http"), ["3 duplicate-port"]),
        (ports("number: 80, name: http", "number: 80, name: tcp"), ["3 duplicate-port"]),
        (ports("number: 80, name: http", "number: 81, name: http"), ["3 duplicate-port"]),
    ],
)
def test_duplicate_ports(values: str, expected: list[str]) -> None:
    assert judged(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports("number: 80, name: http, targetPort: 90", "number: 81, name: https, targetPort: 90"), True),
        (ports("number: 80, name: http, targetPort: 90", "number: 81, name: http2, targetPort: 90"), True),
        (ports("number: 80, name: http, targetPort: 90", "number: 81, name: http-b, targetPort: 90"), False),
        (ports("number: 80, name: grpc, targetPort: 90", "number: 81, name: http2, targetPort: 90"), False),
        (ports("number: 80, name: tcp, targetPort: 90", "number: 81, name: redis, targetPort: 90"), False),
        (ports("number: 80, name: tls, targetPort: 90", "number: 81, name: https, targetPort: 90"), False),
        (ports("number: 80, name: tcp, targetPort: 90", "number: 81, name: udp, targetPort: 90"), False),
        (ports("number: 80, name: http, targetPort: 90", "number: 81, name: tcp, targetPort: 91"), False),
    ],
)
def test_one_container_port_with_two_protocols(values: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert judged(values) == (["3 target-port-with-two-protocols"] if expected else [])


def test_a_third_port_is_reported_once() -> None:
    values = ports(
        *(
            f"number: {80 + index}, name: {name}, targetPort: 90"
            for index, name in enumerate(("http", "http-b", "tcp"))
        )
    )

    assert judged(values) == ["4 target-port-with-two-protocols"]


@pytest.mark.parametrize("number", [25, 3306, 5432, 6379, 9092, 27017])
@pytest.mark.parametrize("name", ["http", "http2", "grpc", "grpc-web"])
def test_numbers_of_other_protocols(number: int, name: str) -> None:
    assert judged(ports(f"number: {number}, name: {name}")) == ["2 tcp-protocol-as-http"]


@pytest.mark.parametrize(
    "port",
    [
        "number: 3306, name: mysql",
        "number: 3306, name: tcp-db",
        "number: 5432, name: tls-db",
        "number: 8080, name: http, targetPort: 3306",
        "number: 9092, name: http-metrics, metrics: /metrics",
        "number: 9200, name: http",
        "number: 8200, name: http-vault",
        "number: 8123, name: http",
        "number: 2379, name: grpc",
        "number: 15672, name: http",
    ],
)
def test_numbers_of_other_protocols_that_are_right(port: str) -> None:
    assert judged(ports(port), SIDECAR) == []


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("number: 443, name: http", ["2 plaintext-on-443"]),
        ("number: 443, name: grpc", ["2 plaintext-on-443"]),
        ("number: 443, name: https", []),
        ("number: 443, name: tls-db", []),
        ("number: 443, name: tcp", []),
        ("number: 8080, name: http, targetPort: 443", []),
    ],
)
def test_443(port: str, expected: list[str]) -> None:
    assert judged(ports(port)) == expected


def test_443_says_which_versions_are_hurt() -> None:
    values = ports("number: 443, name: http")
    old, new = (diagnostics(values, f'mesh: {{istioVersion: "{version}"}}') for version in ("1.5", "1.31"))

    assert "before Istio 1.6 that makes every TLS call of the cluster" in old[-1].message
    assert "before Istio 1.6 all TLS calls of the cluster fail" in new[-1].message


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("number: 9000, name: http-grpc", ["2 grpc-port-not-grpc"]),
        ("number: 9000, name: tcp-grpc", ["2 grpc-port-not-grpc"]),
        ("number: 50051, name: http", ["2 grpc-port-not-grpc"]),
        ("number: 50051, name: tls", []),
        ("number: 50051, name: grpc", []),
        ("number: 9000, name: https-grpc", []),
        ("number: 9000, name: http2-grpc", []),
    ],
)
def test_ports_that_look_like_grpc(port: str, expected: list[str]) -> None:
    assert judged(ports(port)) == expected


def test_udp_is_told() -> None:
    assert told(ports("number: 53, name: tcp-dns", "number: 53, name: udp-dns")) == ["3 udp-outside-mesh"]


HTTP, TCP, TLS, HTTPS = (
    f"number: {number}, name: {name}"
    for number, name in ((8080, "http"), (7000, "tcp"), (7443, "tls"), (8443, "https"))
)
WITH_TLS = f"{HTTPS}, tls: {{serverName: a.example.com}}"
METRICS = "number: 9090, name: http-metrics, metrics: /metrics"


def outside(*said: str) -> str:
    return "".join(
        f"externalRouting:\n  hosts: [a.checkout.example.com]\n{''.join(f'  {line}{chr(10)}' for line in said)}"
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (outside(), ["1 no-port-chosen"]),
        (ports(HTTP) + outside(), []),
        (ports(HTTP, METRICS, TCP) + outside(), []),
        (ports(HTTP, WITH_TLS) + outside(), ["4 no-port-chosen"]),
        (ports(TCP) + outside(), ["3 no-port-chosen"]),
        (ports(TLS) + outside(), ["3 no-port-chosen"]),
        (ports(METRICS) + outside(), ["3 no-port-chosen"]),
        (ports(METRICS) + outside("port: http-metrics"), []),
        (ports(TLS) + outside("visibility: edge"), []),
        (ports(TLS, HTTP) + outside("visibility: edge"), []),
        (ports(TLS, HTTPS) + outside("visibility: edge"), ["4 no-port-chosen"]),
        (ports(HTTP) + outside("visibility: edge"), ["3 no-port-chosen"]),
        (ports(HTTP) + outside("visibility: [public, edge]"), ["3 no-port-chosen"]),
        (ports(WITH_TLS) + outside("visibility: [public, edge]"), []),
        (ports(HTTP, TCP, WITH_TLS) + outside("pathConfiguration: [{path: /a, port: http}]"), []),
        (
            ports(HTTP, WITH_TLS)
            + outside(
                "unlistedPaths: allow", "pathConfiguration: [{path: /a, port: http}, {path: /b, port: https}]"
            ),
            ["4 no-port-chosen"],
        ),
        (
            ports(HTTP, TCP) + outside("port: http", "pathConfiguration: [{path: /a, port: http-b}]"),
            ["7 unknown-port"],
        ),
        (outside("port: http"), ["3 unknown-port"]),
        (ports(HTTP) + 'internalRouting: {port: "8080"}\n', ["3 unknown-port"]),
        ("internalRouting: {timeout: 2s}\n", ["1 no-port-chosen"]),
        (ports(METRICS) + "internalRouting: {timeout: 2s}\n", ["3 no-port-chosen"]),
        (ports(METRICS) + "internalRouting: {pathConfiguration: [{path: /a, port: http-metrics}]}\n", []),
    ],
)
def test_which_port_is_meant(values: str, expected: list[str]) -> None:
    assert judged(values, SIDECAR + GATEWAYS) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports(HTTP, TCP) + outside("port: tcp"), ["6 unroutable-port"]),
        (ports(HTTP, TLS) + outside("port: tls"), ["6 unroutable-port"]),
        (ports(HTTP, TLS) + outside("port: tls", "visibility: edge"), []),
        (ports(HTTP, TLS) + outside("port: tls", "visibility: [edge, public]"), ["6 unroutable-port"]),
        (ports(HTTP, TLS) + outside("port: http", "visibility: edge"), ["6 unroutable-port"]),
        (ports(HTTP, TLS) + outside("port: http", "visibility: [edge, public]"), ["6 unroutable-port"]),
        (
            ports(HTTP, TCP) + outside("port: http", "pathConfiguration:", "- path: /a", "  port: tcp"),
            ["9 unroutable-port"],
        ),
        (
            ports(HTTP, TCP)
            + outside("port: http", "pathConfiguration: [{path: /a}]", "pathOverrides: {/a: {port: tcp}}"),
            ["8 unroutable-port"],
        ),
        (
            ports(TLS) + outside("visibility: edge", "pathConfiguration: [{path: /a}]"),
            ["6 http-rules-on-passthrough"],
        ),
        (ports(TLS) + outside("visibility: edge", "timeout: 5s"), ["6 http-rules-on-passthrough"]),
        (ports(WITH_TLS) + outside("visibility: [public, edge]", "timeout: 5s"), []),
        (
            ports(WITH_TLS) + outside("visibility: [public, edge]", "pathConfiguration: [{path: /a}]"),
            ["6 http-rules-on-passthrough"],
        ),
    ],
)
def test_what_a_gateway_can_route_to(values: str, expected: list[str]) -> None:
    assert judged(values, GATEWAYS) == expected


def test_without_a_policy_gateways_open_tls() -> None:
    assert judged(ports(TLS) + outside("port: tls")) == ["5 unroutable-port"]
    assert judged(ports(HTTPS) + outside()) == ["2 backend-tls-missing"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports(HTTP, HTTPS) + "internalRouting:\n  port: https\n", ["5 mesh-rules-on-opaque-port"]),
        (
            ports(HTTP, TCP) + "internalRouting: {pathConfiguration: [{path: /a, port: tcp}]}\n",
            ["4 mesh-rules-on-opaque-port"],
        ),
        (ports(TCP, HTTPS) + "internalRouting: {timeout: 2s}\n", ["4 mesh-rules-on-opaque-port"]),
        (ports(HTTP, TCP, HTTPS) + "internalRouting: {timeout: 2s}\n", []),
    ],
)
def test_rules_for_callers_in_the_mesh(values: str, expected: list[str]) -> None:
    assert judged(values, GATEWAYS) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (ports(HTTPS) + outside(), ["2 backend-tls-missing"]),
        (ports(HTTP, HTTPS) + outside("port: http"), []),
        (
            ports(HTTP, HTTPS)
            + outside("port: http", "pathConfiguration: [{path: /a, port: https}, {path: /b, port: https}]"),
            ["3 backend-tls-missing"],
        ),
        (ports(HTTPS) + outside("visibility: edge"), []),
        (ports(HTTPS), []),
        (
            ports(f"{HTTPS}, tls: {{serverName: a.b, insecureSkipVerify: true}}") + outside(),
            ["2 insecure-skip-verify"],
        ),
        (ports(f"{HTTPS}, tls: {{insecureSkipVerify: true}}"), ["2 insecure-skip-verify"]),
        (ports(f"{HTTPS}, tls: {{serverName: a.b, insecureSkipVerify: false}}"), []),
    ],
)
def test_tls_of_the_application(values: str, expected: list[str]) -> None:
    assert judged(values, GATEWAYS) == expected


@pytest.mark.parametrize(
    ("gateway", "values", "expected"),
    [
        ("tlsOriginationIn: service", ports(HTTP, WITH_TLS) + outside("port: https"), ["3 double-tls"]),
        ("tlsOriginationIn: gateway", ports(HTTP, WITH_TLS) + outside("port: https"), []),
        ("workloadNamespace: checkout-prod", ports(HTTP, WITH_TLS) + outside("port: https"), ["3 double-tls"]),
        ("tlsOriginationIn: service", ports(HTTP, WITH_TLS) + outside("port: http"), []),
        ("tlsOriginationIn: service", ports(HTTP, HTTPS) + outside("port: https"), ["3 backend-tls-missing"]),
        ("tls: passthrough, tlsOriginationIn: service", ports(WITH_TLS) + outside(), []),
    ],
)
def test_double_tls(gateway: str, values: str, expected: list[str]) -> None:
    assert judged(values, f"gateways: {{public: {{gateway: istio-ingress/public, {gateway}}}}}") == expected


@pytest.mark.parametrize(
    ("version", "values", "expected"),
    [
        ("1.18", ports(HTTP, WITH_TLS) + outside("port: https"), ["3 alpn-defect"]),
        ("1.19", ports(HTTP, WITH_TLS) + outside("port: https"), []),
        ("1.18", ports(HTTP, WITH_TLS) + outside("port: http"), []),
    ],
)
def test_alpn_defect(version: str, values: str, expected: list[str]) -> None:
    policy = f'mesh: {{istioVersion: "{version}"}}\ngateways: {{public: {{gateway: istio-ingress/public}}}}'

    assert [found for found in judged(values, policy) if "unsupported" not in found] == expected


@pytest.mark.parametrize(
    ("policy", "values", "expected"),
    [
        (OUTSIDE, ports(f"{HTTP}, metrics: /m") + outside("port: http"), ["2 metrics-on-routed-port"]),
        (OUTSIDE, ports(f"{HTTP}, metrics: /m") + "internalRouting: {port: http}", ["2 metrics-on-routed-port"]),
        (
            OUTSIDE,
            ports(f"{HTTP}, metrics: /m") + "internalRouting: {pathConfiguration: [{path: /a, port: http}]}",
            ["2 metrics-on-routed-port"],
        ),
        (
            OUTSIDE,
            ports("number: 80, name: http, targetPort: 9090", METRICS) + outside(),
            ["3 metrics-on-routed-port"],
        ),
        (
            OUTSIDE,
            ports("number: 80, name: http, targetPort: 9090", METRICS) + "internalRouting: {}",
            ["3 metrics-on-routed-port"],
        ),
        (OUTSIDE, ports(HTTP, METRICS) + outside() + "internalRouting: {}", []),
        (OUTSIDE, ports(f"{HTTP}, metrics: /m"), []),
        (SIDECAR, ports(f"{HTTP}, metrics: /m") + outside("port: http"), []),
        (MERGED, ports(f"{HTTP}, metrics: /m") + outside("port: http"), []),
        ("mesh: {mtls: DISABLE, prometheus: outside}", ports(f"{HTTP}, metrics: /m") + outside("port: http"), []),
        (
            "mesh: {prometheus: outside, namespaces: {checkout-prod: {mtls: PERMISSIVE}}}",
            ports(f"{HTTP}, metrics: /m") + outside("port: http"),
            [],
        ),
        (SIDECAR, ports(HTTP, METRICS) + outside("port: http-metrics"), ["6 metrics-port-exposed"]),
        (OUTSIDE, ports(HTTP, METRICS) + outside("port: http-metrics"), ["6 metrics-port-exposed"]),
        (
            SIDECAR,
            ports(HTTP, METRICS) + outside("pathConfiguration: [{path: /a, port: http-metrics}]"),
            ["6 metrics-port-exposed"],
        ),
        (SIDECAR, ports(f"{HTTP}, metrics: /m", "number: 9000, name: grpc") + outside("port: http"), []),
        (SIDECAR, ports(f"{HTTP}, metrics: /") + outside("port: http"), ["2 metrics-hide-everything"]),
        (SIDECAR, ports(HTTP, "number: 9090, name: http-b, metrics: /") + outside(), []),
        (SIDECAR, ports("number: 9090, name: http-b, metrics: /"), []),
        (SIDECAR, ports("number: 9090, name: tcp-m, metrics: /m"), ["2 metrics-not-http"]),
        (OUTSIDE, ports("number: 9090, name: udp-m, metrics: /m"), ["2 metrics-not-http"]),
        (SIDECAR, ports("number: 9090, name: https-m, metrics: /m"), ["2 metrics-not-http"]),
        (OUTSIDE, ports("number: 9090, name: https-m, metrics: /m"), []),
        ("mesh: {mtls: PERMISSIVE, prometheus: sidecar}", ports("number: 9090, name: https-m, metrics: /m"), []),
        (
            MERGED,
            ports("number: 9090, name: http-m, metrics: /m", "number: 9091, name: http-n, metrics: /m"),
            ["3 several-metrics-ports"],
        ),
    ],
)
def test_metrics(policy: str, values: str, expected: list[str]) -> None:
    assert judged(values, policy) == expected


@pytest.mark.parametrize(
    ("policy", "values", "expected"),
    [
        ("{}", ports(METRICS), ["2 uncertain-scrape"]),
        ("{}", ports(METRICS, "number: 9091, name: http-b, metrics: /m"), ["2 uncertain-scrape"]),
        ("{}", ports(HTTP), []),
        ("mesh: {mtls: PERMISSIVE}", ports(METRICS), []),
        ("mesh: {mtls: PERMISSIVE, prometheus: sidecar}", ports(METRICS), ["2 uncertain-scrape"]),
        (MERGED, ports(METRICS), []),
        (OUTSIDE, ports(METRICS), []),
    ],
)
def test_scrapes_that_cannot_be_judged(policy: str, values: str, expected: list[str]) -> None:
    assert told(values, policy) == expected
