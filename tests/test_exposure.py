import pytest

from meshguard.diagnostic import ROOT, ValuePath
from meshguard.exposure import (
    exposures,
    gateway_ports,
    gateways,
    opened_ports,
    originates_in_service,
    passthrough_port,
    routed_targets,
    tls_modes,
)
from meshguard.model import Routing, Service, build
from meshguard.policy import Facts, Identity, build_policy, facts_for
from tests.tree import tree

POLICY = """
gateways:
  public: {default: true, gateway: ingress/public, hostTemplate: "{service}.{team}.example.com"}
  internal: {gateway: ingress/internal, workloadNamespace: pods}
  sni: {gateway: ingress/sni, tls: passthrough}
"""
AT = ValuePath(("externalRouting",))


def given(values: str, policy: str = POLICY, **identity: str) -> tuple[Service, Facts]:
    facts = facts_for(build_policy(tree(policy)), Identity(**identity), "2030-01-01")
    return build(tree(values), ROOT, facts), facts


def external(service: Service) -> Routing:
    assert service.external is not None
    return service.external


def told(values: str, policy: str = POLICY, **identity: str) -> list[tuple[object, ...]]:
    service, facts = given(values, policy, **identity)
    return [
        (found.at, found.name, found.gateway and found.gateway.gateway, found.hosts, found.missing)
        for found in exposures(external(service), facts)
    ]


def test_default_gateway_and_its_host_template() -> None:
    assert told("externalRouting: {}", service="orders", team="checkout") == [
        (AT, "public", "ingress/public", ("orders.checkout.example.com",), ())
    ]


def test_words_that_are_missing() -> None:
    assert told("externalRouting: {}", service="orders") == [(AT, "public", "ingress/public", (), ("team",))]


def test_gateway_without_a_host_template() -> None:
    assert told("externalRouting: {visibility: internal}") == [
        (AT / "visibility", "internal", "ingress/internal", (), ())
    ]


def test_own_hosts_hold_for_every_gateway() -> None:
    values = "externalRouting: {visibility: [public, nowhere], hosts: [a.example.com, b.example.com]}"

    assert told(values) == [
        (AT / "visibility" / 0, "public", "ingress/public", ("a.example.com", "b.example.com"), ()),
        (AT / "visibility" / 1, "nowhere", None, ("a.example.com", "b.example.com"), ()),
    ]


def test_no_default_gateway() -> None:
    policy = "gateways: {a: {gateway: x/a}, b: {gateway: x/b}}"

    assert told("externalRouting: {}", policy) == [(AT, None, None, (), ())]


def test_gateways_by_what_they_do_with_tls() -> None:
    service, facts = given("externalRouting: {visibility: [public, nowhere, sni]}")

    assert [gateway.name for gateway in gateways(service, facts, "terminate")] == ["public"]
    assert [gateway.name for gateway in gateways(service, facts, "passthrough")] == ["sni"]
    assert tls_modes(external(service), facts) == {"terminate", "passthrough"}


def test_tls_is_opened_where_no_gateway_is_known() -> None:
    service, facts = given("externalRouting: {visibility: nowhere}")

    assert tls_modes(external(service), facts) == {"terminate"}


PORTS = "ports: [{number: 80, name: http}, {number: 443, name: https}, {number: 90, name: tcp}]\n"


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("", []),
        ("externalRouting: {visibility: sni, port: http}", []),
        ("externalRouting: {port: http}", ["http"]),
        ("externalRouting: {port: tcp}", []),
        ("externalRouting: {}", []),
        ("externalRouting: {port: http, pathConfiguration: [{path: /, port: https}]}", ["https"]),
        ("externalRouting: {port: https, pathConfiguration: [{path: /a, redirect: {path: /b}}]}", []),
    ],
)
def test_ports_that_a_gateway_sends_requests_to(section: str, expected: list[str]) -> None:
    service, facts = given(PORTS + section)

    assert [port.name for port in gateway_ports(service, facts)] == expected
    assert bool(gateways(service, facts, "terminate")) is (section != "" and "sni" not in section)


def test_nothing_is_routed_without_a_section() -> None:
    service, facts = given(PORTS)

    assert gateways(service, facts, "terminate") == ()


@pytest.mark.parametrize(
    ("ports", "section", "expected"),
    [
        ("{number: 443, name: tls}", "{}", "tls"),
        ("{number: 443, name: https}, {number: 80, name: http}", "{}", "https"),
        ("{number: 443, name: tls}, {number: 444, name: tls-b}", "{}", None),
        ("{number: 443, name: tls}, {number: 444, name: tls-b}", "{port: tls-b}", "tls-b"),
        ("{number: 443, name: https, metrics: /metrics}", "{}", None),
    ],
)
def test_port_behind_a_passthrough_gateway(ports: str, section: str, expected: str | None) -> None:
    service, _ = given(f"ports: [{ports}]\nexternalRouting: {section}")
    port = passthrough_port(service, external(service))

    assert (port and port.name) == expected


def test_settings_of_a_gateway_that_reach_callers_in_the_mesh() -> None:
    policy = """
gateways:
  far: {gateway: ingress/far}
  own: {gateway: ingress/own, workloadNamespace: checkout-prod}
  said: {gateway: ingress/said, tlsOriginationIn: service}
"""
    _, facts = given("", policy, namespace="checkout-prod")

    assert {name: originates_in_service(found, facts) for name, found in facts.gateways.items()} == {
        "far": False,
        "own": True,
        "said": True,
    }


def test_ports_that_routes_use() -> None:
    ports = (
        "ports: [{number: 80, name: http, targetPort: 8080}, {number: 81, name: http-b}, {number: 82, name: tls}]\n"
    )
    nothing, facts = given(ports)
    assert (opened_ports(nothing), routed_targets(nothing, facts)) == ((), frozenset())

    for said, targets in (
        ("externalRouting: {port: http}", {8080}),
        ("externalRouting: {visibility: sni}", {82}),
        ("externalRouting: {visibility: [sni, public], port: http}", {8080}),
        ("internalRouting: {port: http-b}", {81}),
        ("internalRouting: {port: http-b, pathConfiguration: [{path: /, port: http}]}", {81, 8080}),
    ):
        service, facts = given(ports + said)
        assert routed_targets(service, facts) == targets, said
