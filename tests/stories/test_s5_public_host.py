"""S5: a reverse proxy in the mesh keeps the public Host header, and the service it calls wants mutual TLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from meshguard.diagnostic import ROOT
from meshguard.engine import judge
from meshguard.model import build
from meshguard.policy import Facts, Identity
from meshguard.rule import Case
from meshguard.targets.istio import TARGET
from tests.mesh.client import Ask, Speaks, call_http2, captured
from tests.mesh.cluster import Cluster, Lab, cluster, from_pod, logged
from tests.mesh.envoy import until
from tests.mesh.world import ServicePort, Workload, document, world
from tests.targets.istio.given import facts_of, service_of
from tests.tree import tree
from validators import RULES

SHOP = Identity("orders", "checkout", "shop", "prod")
PUBLIC, OTHER, OWN = "shop.example.com", "other.example.com", "orders.shop.svc.cluster.local"
PROXY, ORDERS, CATALOG = "proxy.edge", "orders.shop", "catalog.shop"
IDENTITY = "URI=spiffe://cluster.local/ns/edge/sa/proxy"
POLICY = """
mesh: {{mtls: {mode}, outboundTraffic: {outbound}, istioVersion: "{istio}"}}
gateways: {{public: {{gateway: istio-ingress/public, hostTemplate: "{{service}}.example.com"}}}}
"""
BEFORE = """
ports: [{number: 8080, name: http}]
internalRouting:
  pathConfiguration:
    - {path: /slow, timeout: 300ms}
    - {path: /flaky, retryOn: 503, retryAttempts: 2}
    - {path: /canary, backends: [{service: orders, weight: 0}, {service: orders-next, weight: 100}]}
"""
AFTER = BEFORE.replace("internalRouting:", f"internalRouting:\n  forwardedHosts: [{PUBLIC}]")
CATALOG_PORTS = (ServicePort(80, "http", "HTTP", 8081), ServicePort(8080, "http-all", "HTTP", 8082))
_cases = count()


def facts(mode: str, outbound: str, lab: Lab) -> Facts:
    return facts_of(POLICY.format(mode=mode, outbound=outbound, istio=lab.minor), SHOP)


@contextmanager
def deployed(lab: Lab, text: str, known: Facts, *documents: str) -> Iterator[Cluster]:
    """Run the service, another one on port 80 beside it, and the proxy that calls them."""
    service = service_of(text, known)
    rendered = TARGET.render(service, known)
    more = [
        Workload("proxy", "edge", 0, (), {"app": "proxy"}),
        Workload("catalog", "shop", 0, CATALOG_PORTS, {"app": "catalog"}),
    ]
    around = world(known, [(service, known, rendered)], more, documents)
    proxies = [name for name in around.workloads if not name.startswith("gateway")]
    high = {name: found for name, found in around.workloads.items() if name != CATALOG}  # port 80 needs privileges
    with cluster(lab, around, proxies, services=tuple(high)) as on:
        yield on


def calls(on: Cluster, host: str, path: str = "/", to: str = ORDERS, port: int = 8080) -> str:
    """Tell what the proxy gets: the status, who the service saw, or the proxy's flags."""
    case = f"s5-{next(_cases)}"
    headers = {"x-case": case, "x-answers": "200"}
    answer = from_pod(on, PROXY, (on.workload(to).vip, port), Ask(host, path, headers=headers))
    if answer.status != 200:
        return f"{answer.status} {logged(on, PROXY, case)['flags']}"
    (seen,) = on.backs.seen[case]
    name = next(name for name, found in on.world.workloads.items() if on.at(found.app) == seen.address)
    known = IDENTITY in seen.headers.get("x-forwarded-client-cert", "")
    return f"200 {name} {'over mTLS' if known else 'without identity'}"


# What a caller gets for the public host before anything is done about it.
TODAY = {
    ("STRICT", "ALLOW_ANY"): "503 UC",
    ("PERMISSIVE", "ALLOW_ANY"): "200 orders.shop without identity",
    ("STRICT", "REGISTRY_ONLY"): "502 -",
    ("PERMISSIVE", "REGISTRY_ONLY"): "502 -",
}


@pytest.mark.parametrize(("mode", "outbound"), TODAY)
def test_the_public_host_before_and_after(mode: str, outbound: str, lab: Lab) -> None:
    known = facts(mode, outbound, lab)

    with deployed(lab, BEFORE, known) as on:
        before = {host: calls(on, host) for host in (PUBLIC, OTHER, OWN)}
    with deployed(lab, AFTER, known) as on:
        after = {host: calls(on, host) for host in (PUBLIC, OTHER, OWN)}

    untouched = {OTHER: TODAY[mode, outbound], OWN: "200 orders.shop over mTLS"}
    assert before == {PUBLIC: TODAY[mode, outbound], **untouched}
    assert after == {PUBLIC: "200 orders.shop over mTLS", **untouched}


def test_the_services_own_settings_hold_for_the_public_host(lab: Lab) -> None:
    with deployed(lab, AFTER, facts("STRICT", "ALLOW_ANY", lab)) as on:
        for host in (PUBLIC, OWN):
            assert failing(on, host, "/slow", "hang") == (504, 1)
            assert failing(on, host, "/flaky", "503") == (503, 3)
            assert calls(on, host, "/canary") == "200 orders-next.shop over mTLS"


def failing(on: Cluster, host: str, path: str, answers: str) -> tuple[int, int]:
    """Give the status that the proxy gets, and how often the service was asked."""
    case = f"s5-{next(_cases)}"
    ask = Ask(host, path, headers={"x-case": case, "x-answers": answers})
    answer = from_pod(on, PROXY, (on.workload(ORDERS).vip, 8080), ask)
    return answer.status, len(on.backs.seen[case])


def test_on_port_80_the_host_decides_whatever_address_is_dialled(lab: Lab) -> None:
    text = AFTER.replace("{number: 8080, name: http}", "{number: 80, name: http, targetPort: 8080}")

    known = facts("STRICT", "ALLOW_ANY", lab)

    assert "on port '80'" in said(text, known)["forwarded-public-host"]
    with deployed(lab, text, known) as on:
        assert calls(on, PUBLIC, to=CATALOG, port=80) == "200 orders.shop over mTLS"
        assert calls(on, "catalog.shop", to=CATALOG, port=80) == "200 catalog.shop over mTLS"


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [([PUBLIC], "503 UC"), ([PUBLIC, OWN], "200 orders.shop over mTLS")],
)
def test_the_public_host_alone_is_not_enough(hosts: list[str], expected: str, lab: Lab) -> None:
    to = [{"destination": {"host": OWN, "port": {"number": 8080}}}]
    routes = document(
        "networking.istio.io/v1", "VirtualService", "orders", "shop", spec={"hosts": hosts, "http": [{"route": to}]}
    )

    with deployed(lab, "ports: [{number: 8080, name: http}]", facts("STRICT", "ALLOW_ANY", lab), routes) as on:
        assert calls(on, PUBLIC) == expected


# Host headers that proxies send for the public host, by what the callee lists.
TAKEN = {
    f"[{PUBLIC}]": (
        [PUBLIC, f"{PUBLIC}:80", f"{PUBLIC}:8080", f"{PUBLIC}:443", PUBLIC.upper()],
        [OTHER, f"www.{PUBLIC}", f"{PUBLIC}."],
    ),
    f"[{PUBLIC}, www.example.org, '*.{PUBLIC}']": (
        [PUBLIC, "www.example.org", f"www.{PUBLIC}", f"a.b.{PUBLIC}:8080"],
        [OTHER, "example.org"],
    ),
}


@pytest.mark.parametrize("outbound", ["ALLOW_ANY", "REGISTRY_ONLY"])
@pytest.mark.parametrize(("listed", "taken", "foreign"), [(key, *found) for key, found in TAKEN.items()])
def test_hosts_as_proxies_write_them_on_every_port(
    listed: str, taken: list[str], foreign: list[str], outbound: str, lab: Lab
) -> None:
    text = f"""
ports: [{{number: 8080, name: http}}, {{number: 8081, name: http-b}}, {{number: 9000, name: grpc}}]
internalRouting: {{forwardedHosts: {listed}}}
"""
    with deployed(lab, text, facts("STRICT", outbound, lab)) as on:
        for port in (8080, 8081):
            assert {host: calls(on, host, port=port) for host in taken} == dict.fromkeys(
                taken, "200 orders.shop over mTLS"
            )
            assert {host: calls(on, host, port=port) for host in foreign} == dict.fromkeys(
                foreign, TODAY["STRICT", outbound]
            )
        assert {in_http2(on, host, 9000) for host in taken} == {(200, "HTTP/2", True)}
        assert {in_http2(on, host, 8080) for host in taken} == {(200, "HTTP/1.1", True)}


def in_http2(on: Cluster, host: str, port: int) -> tuple[int, str, bool]:
    """Give what a proxy gets that speaks HTTP/2, what the service is spoken to in, and whether over mTLS."""
    case = f"s5-{next(_cases)}"
    connection = captured(on.at(on.workload(PROXY).pod), on.at(on.workload(ORDERS).vip), port)
    answer = call_http2(connection, Ask(host, headers={"x-case": case}))
    (seen,) = on.backs.seen[case]
    return answer.status, seen.version, IDENTITY in seen.headers.get("x-forwarded-client-cert", "")


TREATED = """
ports: [{number: 8080, name: http}, {number: 8081, name: http-b}]
internalRouting:
  forwardedHosts: [shop.example.com]
  pathConfiguration:
    - {path: /old, rewritePath: /new}
    - {path: /shadowed, mirror: {service: orders-shadow, percent: 100}}
    - {path: /split, backends: [{service: orders, weight: 50}, {service: orders-next, weight: 50}]}
    - {path: /b, port: http-b, rewritePath: /only-b}
resilience: {outlierDetection: {consecutiveErrors: 1, ejectionTime: 60s, maxEjectionPercent: 100}}
"""


@pytest.mark.parametrize("host", [PUBLIC, OWN])
def test_every_setting_holds_for_the_public_host(host: str, lab: Lab) -> None:
    with deployed(lab, TREATED, facts("STRICT", "REGISTRY_ONLY", lab)) as on:
        paths = {(port, path): arrived(on, host, path, port) for port in (8080, 8081) for path in ("/old/x", "/b")}
        assert paths == {
            (8080, "/old/x"): {"orders.shop": "/new/x"},
            (8080, "/b"): {"orders.shop": "/b"},
            (8081, "/old/x"): {"orders.shop": "/new/x"},
            (8081, "/b"): {"orders.shop": "/only-b"},
        }
        assert arrived(on, host, "/shadowed", 8080, 2) == {
            "orders.shop": "/shadowed",
            "orders-shadow.shop": "/shadowed",
        }
        met = [next(iter(arrived(on, host, "/split", 8080))) for _ in range(40)]
        assert set(met) == {"orders.shop", "orders-next.shop"}
        assert failing(on, host, "/", "503") == (503, 1)
        assert failing(on, host, "/", "503") == (503, 0)  # the only pod is left out


def arrived(on: Cluster, host: str, path: str, port: int, number: int = 1) -> dict[str, str]:
    """Give who got a request over mutual TLS, and with which path, as soon as that are so many."""
    case = f"s5-{next(_cases)}"
    ask = Ask(host, path, headers={"x-case": case, "x-answers": "200"})
    assert from_pod(on, PROXY, (on.workload(ORDERS).vip, port), ask).status == 200
    until(lambda: len(on.backs.seen[case]) >= number, lambda: f"only {on.backs.seen[case]}")
    places = {on.at(found.app): name for name, found in on.world.workloads.items()}
    assert all(IDENTITY in seen.headers["x-forwarded-client-cert"] for seen in on.backs.seen[case])
    return {places[seen.address]: seen.path for seen in on.backs.seen[case]}


@pytest.mark.parametrize(
    ("port", "second"),
    [(8080, "200 catalog.shop over mTLS"), (8081, "200 orders.shop over mTLS")],
)
def test_a_host_that_two_services_take(port: int, second: str, lab: Lab) -> None:
    """The older one has it, on the port that both have."""
    known = facts("STRICT", "ALLOW_ANY", lab)
    to = {"destination": {"host": "catalog.shop.svc.cluster.local", "port": {"number": 8080}}}
    older = document(
        "networking.istio.io/v1",
        "VirtualService",
        "catalog.mesh",
        "shop",
        metadata={"creationTimestamp": "2020-01-01T00:00:00Z"},
        spec={
            "hosts": ["catalog.shop.svc.cluster.local", PUBLIC],
            "gateways": ["mesh"],
            "http": [{"match": [{"port": 8080}], "route": [to]}],
        },
    )
    text = f"ports: [{{number: {port}, name: http}}]\ninternalRouting: {{forwardedHosts: [{PUBLIC}]}}"
    with deployed(lab, text, known, older) as on:
        assert calls(on, PUBLIC, to=CATALOG) == "200 catalog.shop over mTLS"
        assert calls(on, PUBLIC, port=port) == second
        assert calls(on, OWN, port=port) == "200 orders.shop over mTLS"


@pytest.mark.parametrize("host", [PUBLIC, OWN])
def test_a_port_that_the_service_lacks(host: str, lab: Lab) -> None:
    text = AFTER.replace("{number: 8080, name: http}", "{number: 8080, name: http, targetPort: 8000}")
    with deployed(lab, text, facts("STRICT", "ALLOW_ANY", lab)) as on:
        assert calls(on, host) == "200 orders.shop over mTLS"
        ask = Ask(host, headers={"x-case": "lacking"})
        assert from_pod(on, PROXY, (on.workload(ORDERS).vip, 8000), ask).status == 0
        assert on.backs.seen["lacking"] == []


# Ports that a proxy reaches with a Host that nobody has: no HTTP, TLS of its own, past the sidecar, no mutual TLS.
UNASKED = {
    "tcp": ("{number: 8080, name: tcp}", "STRICT", None),
    "https": ("{number: 8080, name: https}", "STRICT", Speaks(PUBLIC)),
    "past the sidecar": ("{number: 8080, name: http, bypassMesh: true}", "STRICT", None),
    "no mutual TLS": ("{number: 8080, name: http}", "DISABLE", None),
}


@pytest.mark.parametrize(("port", "mode", "speaks"), UNASKED.values(), ids=UNASKED)
def test_where_no_host_is_asked_for(port: str, mode: str, speaks: Speaks | None, lab: Lab) -> None:
    with deployed(lab, f"ports: [{port}]", facts(mode, "ALLOW_ANY", lab)) as on:
        assert from_pod(on, PROXY, (on.workload(ORDERS).vip, 8080), Ask(PUBLIC), speaks).status == 200


def said(text: str, known: Facts) -> dict[str, str]:
    """Give the findings of values by rule."""
    node = tree(text)
    found = judge(Case(build(node, ROOT, known), known), node, RULES).diagnostics
    return {diagnostic.rule: diagnostic.message for diagnostic in found}


def test_the_proxys_values_alone_say_what_the_service_must_do() -> None:
    known = facts_of(POLICY.format(mode="STRICT", outbound="ALLOW_ANY", istio="1.31"), SHOP)
    text = f"upstreams: [{{service: catalog, port: 8080, forwardedHosts: [{PUBLIC}]}}]"

    assert "internalRouting.forwardedHosts" in said(text, known)["forwarded-host-needs-callee"]


def test_two_names_of_one_service_are_one(lab: Lab) -> None:
    known = facts("STRICT", "ALLOW_ANY", lab)
    names = ("catalog", "catalog.shop", "catalog.other")
    listed = [
        ", ".join(f"{{service: {name}, port: 8080, forwardedHosts: [{PUBLIC}]}}" for name in names[:number])
        for number in (2, 3)
    ]

    assert ["forwarded-host-twice" in said(f"upstreams: [{text}]", known) for text in listed] == [False, True]


def test_the_services_values_alone_say_whom_it_takes_in() -> None:
    known = facts_of(POLICY.format(mode="STRICT", outbound="ALLOW_ANY", istio="1.31"), SHOP)

    assert said(AFTER, known) == {}
    assert (
        "past the gateway"
        in said(f"{AFTER}\nexternalRouting: {{hosts: [{PUBLIC}]}}", known)["forwarded-public-host"]
    )
