"""What a service calls: faults and their harmless neighbours."""

import pytest

from tests.judged import diagnostics, judged, told


def upstream(text: str) -> str:
    """Write one upstream, on line 2."""
    return f"ports: [{{number: 8080, name: http}}]\nupstreams: [{{{text}}}]\n"


def port(text: str, host: str = "a.partner.example", more: str = "") -> str:
    return upstream(f"host: '{host}', ports: [{{{text}}}]{more}")


ADDRESSES = ", addresses: [203.0.113.10]"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (upstream("host: a.partner.example"), []),
        (port("number: 443, protocol: TLS"), []),
        (port("number: 443, protocol: HTTPS"), []),
        (port("number: 443, protocol: HTTP"), ["http-upstream-on-443"]),
        (port("number: 443, protocol: GRPC"), ["http-upstream-on-443"]),
        (port("number: 443, protocol: HTTP, originateTLS: {}"), []),
        (port("number: 80, protocol: HTTP"), []),
        (port("number: 80, protocol: TLS"), ["tls-upstream-on-80"]),
        (port("number: 80, protocol: HTTPS"), ["tls-upstream-on-80"]),
        (port("number: 80, protocol: HTTPS, originateTLS: {}"), ["upstream-double-tls"]),
        (port("number: 80, protocol: HTTP, originateTLS: {}"), []),
        (port("number: 80, protocol: HTTP, originateTLS: {port: 80}"), ["tls-origination-to-plaintext"]),
        (port("number: 8443, protocol: HTTP, originateTLS: {port: 8443}"), []),
        (port("number: 80, protocol: HTTP, originateTLS: {port: 8080}}, {number: 8080, protocol: HTTP"),
         ["tls-origination-to-plaintext"]),
        (port("number: 80, protocol: HTTP, originateTLS: {port: 8080}}, {number: 8080, protocol: TLS"), []),
        (port("number: 443, protocol: TLS, originateTLS: {}"), ["upstream-double-tls"]),
        (port("number: 443, protocol: HTTPS, originateTLS: {port: 443}"), ["upstream-double-tls"]),
        (port("number: 5000, protocol: TCP, originateTLS: {}", more=ADDRESSES), ["tls-origination-not-http"]),
        (port("number: 3306, protocol: MYSQL, originateTLS: {}", more=ADDRESSES), ["tls-origination-not-http"]),
        (port("number: 514, protocol: UDP, originateTLS: {}"), ["tls-origination-not-http"]),
        (port("number: 6379, protocol: REDIS, originateTLS: {port: 6380}", more=ADDRESSES), []),
        (port("number: 27017, protocol: MONGO, originateTLS: {port: 27017}", more=ADDRESSES), []),
        (port("number: 443, protocol: TLS}, {number: 443, protocol: HTTPS"), ["duplicate-upstream-port"]),
        (port("number: 443, protocol: TLS}, {number: 8443, protocol: TLS"), []),
        (port("number: 5432, protocol: TCP"), ["tcp-upstream-without-addresses"]),
        (port("number: 3306, protocol: MYSQL"), ["tcp-upstream-without-addresses"]),
        (port("number: 5432, protocol: TCP", more=", addresses: []"), ["tcp-upstream-without-addresses"]),
        (port("number: 5432, protocol: TCP", host="*.partner.example"), ["tcp-upstream-without-addresses"]),
        (port("number: 5432, protocol: TCP", more=ADDRESSES), []),
        (port("number: 514, protocol: UDP"), []),
        (port("number: 587, protocol: TLS"), ["server-first-as-tls"]),
        (port("number: 3306, protocol: HTTPS"), ["server-first-as-tls"]),
        (port("number: 465, protocol: TLS"), []),
        (port("number: 5432, protocol: TLS"), []),
        (port("number: 25, protocol: HTTP"), ["tcp-protocol-as-http"]),
        (port("number: 9092, protocol: GRPC"), ["tcp-protocol-as-http"]),
        (upstream("host: catalog.shop.svc.cluster.local"), ["cluster-host-as-upstream"]),
        (upstream("host: catalog.shop.svc"), ["cluster-host-as-upstream"]),
        (upstream("host: '*.cluster.local'"), ["cluster-host-as-upstream"]),
        (upstream("host: svc.cluster.partner.example"), []),
        (upstream("service: orders"), ["upstream-is-itself"]),
        (upstream("service: orders.checkout-prod, forwardedHosts: [a.x.com]"), ["upstream-is-itself"]),
        (upstream("service: orders.other"), []),
        (upstream("service: catalog, port: 80"), []),
    ],
)  # fmt: skip
def test_one_upstream(values: str, expected: list[str]) -> None:
    assert judged(values) == [f"2 {rule}" for rule in expected]


@pytest.mark.parametrize(
    ("host", "addresses", "expected"),
    [
        ("a.x.com", "[203.0.113.10/32, '2001:db8::1', '2001:db8::2/128']", []),
        ("a.x.com", "[203.0.113.10/31]", ["unusable-address"]),
        ("a.x.com", "['2001:db8::/64']", ["unusable-address"]),
        ("a.x.com", "['1:2:3']", ["unusable-address"]),
        ("a.x.com", "['::ffff:1.2.3.4']", []),
        ("*.x.com", "[203.0.113.0/24, 10.0.0.0/8]", []),
        ("*.x.com", "[0.0.0.0/0]", ["address-captures-everything"]),
        ("*.x.com", "[8.0.0.0/7]", ["address-captures-everything"]),
        ("*.x.com", "['::/0']", ["address-captures-everything"]),
        ("a.x.com", "[0.0.0.0]", ["address-captures-everything"]),
        ("a.x.com", "['::']", ["address-captures-everything"]),
    ],
)
def test_addresses(host: str, addresses: str, expected: list[str]) -> None:
    values = port("number: 5000, protocol: TCP", host, f", addresses: {addresses}")

    assert judged(values) == [f"2 {rule}" for rule in expected]


def two(first: str, second: str) -> str:
    """Write two upstreams, on line 3 and 4."""
    return f"ports: [{{number: 8080, name: http}}]\nupstreams:\n  - {{{first}}}\n  - {{{second}}}\n"


TCP = "ports: [{number: 5000, protocol: TCP}]"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("host: a.x.com", "host: a.x.com", ["4 duplicate-upstream"]),
        ("host: a.x.com", "host: b.x.com", []),
        ("host: '*.x.com'", "host: a.x.com", []),
        ("service: a, port: 1", "service: a, port: 2", []),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]", f"host: b.x.com, {TCP}, addresses: [192.0.2.1]",
         ["4 overlapping-addresses"]),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]", f"host: b.x.com, {TCP}, addresses: [192.0.2.2]", []),
        (f"host: '*.x.com', {TCP}, addresses: [192.0.2.0/24]", f"host: b.y.com, {TCP}, addresses: [192.0.2.2]", []),
        (f"host: '*.x.com', {TCP}, addresses: [192.0.2.2]", f"host: b.y.com, {TCP}, addresses: [192.0.2.2]",
         ["4 overlapping-addresses"]),
        (f"host: '*.x.com', {TCP}, addresses: [192.0.2.2]", f"host: '*.y.com', {TCP}, addresses: [192.0.2.2]", []),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]", f"host: b.x.com, {TCP}, addresses: ['2001:db8::1']", []),
        (f"host: a.x.com, {TCP}, addresses: ['1:2']", f"host: b.x.com, {TCP}, addresses: [192.0.2.1]",
         ["3 unusable-address"]),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]",
         "host: b.x.com, ports: [{number: 5001, protocol: TCP}], addresses: [192.0.2.1]", []),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]",
         "host: b.x.com, ports: [{number: 5000, protocol: TLS}], addresses: [192.0.2.1]",
         ["4 overlapping-addresses"]),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]",
         "host: b.x.com, ports: [{number: 5000, protocol: UDP}], addresses: [192.0.2.1]", []),
        (f"host: a.x.com, {TCP}, addresses: [192.0.2.1]", f"host: a.x.com, {TCP}, addresses: [192.0.2.1]",
         ["4 duplicate-upstream"]),
    ],
)  # fmt: skip
def test_two_upstreams(first: str, second: str, expected: list[str]) -> None:
    assert judged(two(first, second)) == expected


def test_what_asks_for_tls_itself_hurts_where_only_declared_hosts_are_let_out() -> None:
    strict = "mesh: {outboundTraffic: REGISTRY_ONLY}"

    assert judged(port("number: 5432, protocol: TLS"), strict) == ["2 server-first-as-tls"]
    assert judged(port("number: 443, protocol: TLS"), strict) == []


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("{}", "arrive as plaintext, which mutual TLS refuses (503)"),
        ("mesh: {mtls: DISABLE}", "arrive as plaintext, without its retries and timeouts"),
        ("mesh: {mtls: PERMISSIVE}", "arrive as plaintext, without identity, retries and telemetry"),
        ("mesh: {outboundTraffic: REGISTRY_ONLY}", "get 502"),
    ],
)
def test_what_happens_to_a_forwarded_host(policy: str, words: str) -> None:
    values = upstream("service: catalog, port: 8080, forwardedHosts: [a.x.com, b.x.com]")

    (found,) = diagnostics(values, policy)

    assert found.rule == "forwarded-host-needs-callee"
    assert found.message.endswith(f"; else they {words}")


def test_udp_is_an_info() -> None:
    assert told(port("number: 514, protocol: UDP")) == ["2 udp-upstream"]


def test_the_address_of_a_service_in_the_cluster_is_taken_apart() -> None:
    (found,) = diagnostics(upstream("host: catalog.shop.svc.cluster.local"))

    assert found.message.endswith("; write service: catalog.shop")
