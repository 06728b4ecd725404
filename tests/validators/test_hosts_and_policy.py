"""Hosts, gateways, namespaces and what the policy denies: faults and their harmless neighbours."""

import pytest

from meshguard.diagnostic import Severity
from meshguard.policy import Identity
from tests.judged import ORDERS, diagnostics, judged, told

TEAM = "teams: {checkout: {domains: [x.com, '*.w.com'], egress: [a.com, '*.w.com']}}"
TWO = "gateways: {public: {gateway: i/public, hostTemplate: '{service}.x.com'}, inner: {gateway: i/inner%s}}"


PORTS = "ports: [{number: 8080, name: http}]\n"


def hosts(*names: str) -> str:
    return f"{PORTS}externalRouting: {{hosts: {list(names)}}}\n"


def forwarded(*names: str) -> str:
    return f"{PORTS}internalRouting: {{forwardedHosts: {list(names)}}}\n"


@pytest.mark.parametrize(
    ("host", "is_owned"),
    [
        ("x.com", True),
        ("a.x.com", True),
        ("b.a.x.com", True),
        ("ax.com", False),
        ("x.com.evil.org", False),
        ("*.x.com", False),
        ("*.a.x.com", False),
        ("*.w.com", True),
        ("a.w.com", True),
        ("w.com", False),
        ("*.a.w.com", False),
    ],
)
def test_a_domain_covers_itself_and_what_is_below(host: str, is_owned: bool) -> None:  # noqa: FBT001 - a column
    expected = [] if is_owned else ["2 host-not-owned"]

    assert judged(hosts(host), TEAM) == expected
    assert judged(forwarded(host), TEAM) == expected
    assert judged(hosts(host)) == []


def test_a_team_without_domains_owns_nothing_but_its_template_hosts() -> None:
    policy = f"{TWO % ', default: true'}\nteams: {{checkout: {{visibility: [inner]}}}}"

    assert judged(hosts("orders.x.com"), policy) == []
    assert judged(hosts("returns.x.com"), policy) == ["2 host-not-owned"]


@pytest.mark.parametrize(
    ("values", "policy", "expected"),
    [
        (hosts("orders.checkout-prod.svc.cluster.local"), "{}", ["2 cluster-host-claimed"]),
        (hosts("orders.checkout-prod.svc.cluster.local"), TEAM, ["2 cluster-host-claimed"]),
        (hosts("pay.pay-prod.svc.cluster.local"), TEAM, ["2 host-not-owned"]),
        (hosts("*.cluster.local"), "{}", ["2 cluster-host-claimed"]),
        (hosts("api.svc.example.com", "svc.cluster.example.com"), "{}", []),
        (forwarded("orders.checkout-prod.svc", "orders.checkout-prod.svc.cluster.local"), TEAM, []),
        (forwarded("pay.pay-prod.svc.corp.local"), "mesh: {clusterDomain: corp.local}", ["2 cluster-host-claimed"]),
        (
            forwarded("pay.pay-prod.svc.cluster.local"),
            "mesh: {clusterDomain: corp.local}",
            ["2 cluster-host-claimed"],
        ),
        (forwarded("pay.pay-prod.svc.cluster.local"), TEAM, ["2 host-not-owned"]),
    ],
)
def test_names_of_the_cluster_are_nobodys(values: str, policy: str, expected: list[str]) -> None:
    assert judged(values, policy) == expected


def exposed(visibility: str) -> str:
    said = f"visibility: {visibility}" if visibility else "port: http"
    return f"{PORTS}externalRouting:\n  hosts: [a.x.com]\n  {said}\n"


@pytest.mark.parametrize(
    ("visibility", "policy", "expected"),
    [
        ("public", "{}", []),
        ("public", TWO % "", []),
        ("publik", TWO % "", ["4 unknown-gateway"]),
        ("[inner, publik]", TWO % "", ["4 unknown-gateway"]),
        ("", TWO % "", ["2 no-default-gateway"]),
        ("", TWO % ", default: true", []),
        ("", f"{TWO % ', default: true'}\nteams: {{checkout: {{domains: [x.com], visibility: [public]}}}}",
         ["2 gateway-not-allowed"]),
        ("inner", f"{TWO % ''}\nteams: {{checkout: {{domains: [x.com], visibility: [public]}}}}",
         ["4 gateway-not-allowed"]),
        ("public", f"{TWO % ''}\nteams: {{checkout: {{domains: [x.com]}}}}", ["4 gateway-not-allowed"]),
        ("", f"{TWO % ''}\nteams: {{checkout: {{domains: [x.com], visibility: [inner]}}}}",
         ["2 no-default-gateway"]),
        ("inner", f"{TWO % ', default: true'}\nteams: {{checkout: {{domains: [x.com]}}}}", []),
        ("public", f"{TWO % ', default: true'}\nteams: {{}}", ["3 host-not-owned", "4 gateway-not-allowed"]),
    ],
)  # fmt: skip
def test_gateways(visibility: str, policy: str, expected: list[str]) -> None:
    assert judged(exposed(visibility), policy) == expected


def test_a_far_off_name_gets_the_list_of_gateways() -> None:
    (found,) = diagnostics(exposed("edge"), TWO % "")

    assert found.message.endswith("its gateways are 'public', 'inner'")


NAMESPACES = """\
teams: {checkout: {domains: [x.com], namespaces: [checkout-prod]}}
services:
  - {values: values.yaml, name: orders, team: checkout, environments: {prod: {namespace: any}, dev: {}}}
"""


@pytest.mark.parametrize(
    ("namespace", "env", "expected"),
    [
        ("checkout-prod", "prod", []),
        ("pay-prod", "prod", ["namespace-not-owned"]),
        ("default", "dev", []),
        ("default", None, []),
    ],
)
def test_a_namespace_counts_where_the_policy_gives_it(namespace: str, env: str | None, expected: list[str]) -> None:
    identity = Identity("orders", "checkout", namespace, env)

    assert [found.rule for found in diagnostics(hosts("x.com"), NAMESPACES, identity)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders", []),
        ("Orders", ["invalid-template-host"]),
        ("orders_api", ["invalid-template-host"]),
        ("orders-", ["invalid-template-host"]),
        ("o" * 63, []),
        ("o" * 64, ["invalid-template-host"]),
        (".".join(["o" * 60] * 4), []),
        (".".join(["o" * 62] * 4), ["invalid-template-host"]),
    ],
)
def test_what_a_template_makes_is_a_host_name(name: str, expected: list[str]) -> None:
    values = PORTS + "externalRouting: {}"
    policy = "gateways: {public: {gateway: i/public, hostTemplate: '{service}.x.com'}}"

    assert [found.rule for found in diagnostics(values, policy, Identity(name))] == expected


def test_a_word_that_is_not_known_is_an_info_and_no_host_is_an_error() -> None:
    values = PORTS + "externalRouting: {}"
    policy = "gateways: {public: {gateway: i/public, hostTemplate: '{service}.{cluster}.x.com'}}"

    assert (judged(values, policy), told(values, policy)) == ([], ["2 host-not-known"])
    assert judged(values, "gateways: {public: {gateway: i/public}}") == ["2 no-host"]
    assert judged(values) == []


def called(host: str) -> str:
    return f"{PORTS}upstreams: [{{host: '{host}'}}]"


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("a.com", True),
        ("b.a.com", False),
        ("*.a.com", False),
        ("*.w.com", True),
        ("b.w.com", True),
        ("w.com", False),
        ("x.com", False),
    ],
)
def test_an_egress_entry_is_that_host_only(host: str, is_listed: bool) -> None:  # noqa: FBT001 - a column
    assert judged(called(host), TEAM) == ([] if is_listed else ["2 egress-not-owned"])
    assert judged(called(host), "teams: {}") == ["2 egress-not-owned"]
    assert judged(called(host)) == []
    assert judged(called(host), "teams: {checkout: {}}") == ["2 egress-not-owned"]


def test_the_policys_severities_have_no_power_over_locked_rules() -> None:
    off = f"{TEAM}\nrules: {{host-not-owned: none, egress-not-owned: none}}"

    found = diagnostics(hosts("b.com") + "upstreams: [{host: b.com}]", off)

    assert [(each.rule, each.severity) for each in found] == [
        ("host-not-owned", Severity.ERROR),
        ("egress-not-owned", Severity.ERROR),
    ]


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("targetPort", 1),
        ("externalRouting", 2),
        ("pathOverrides", 5),
        ("timeout", 6),
        ("set", 4),
        ("hosts", 3),
    ],
)
def test_a_denied_field_is_found_wherever_it_stands(field: str, line: int) -> None:
    values = """\
ports: [{number: 8080, name: http, targetPort: 8000}]
externalRouting:
  hosts: [x.com]
  pathConfiguration: [{path: /a, headers: {timeout: "1"}, requestHeaders: {set: {hosts: "1"}}}]
  pathOverrides:
    /a: {timeout: 5s}
other: {timeout: 1}
"""
    policy = f"teams: {{checkout: {{domains: [x.com], deny: [{field}]}}}}"

    assert judged(values, policy) == [f"{line} field-denied-to-team"]
    assert diagnostics(values, policy, ORDERS._replace(team=None)) == []


def test_a_forwarded_host_of_the_template_is_public_too() -> None:
    policy = TWO % ", default: true"
    values = PORTS + (
        "externalRouting: {visibility: public}\ninternalRouting: {forwardedHosts: [orders.x.com, shop.x.com]}\n"
    )

    assert told(values, policy) == ["3 forwarded-public-host"]
