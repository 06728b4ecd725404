"""What Istio admits and Envoy refuses: one such object freezes the routes or clusters of every host of a proxy.

None of it is ever rendered; these are the objects that show it, and that show the lab to be awake.
"""

import re
from pathlib import Path

import pytest
import yaml

from tests.mesh.by_hand import GATEWAY, POLICY
from tests.mesh.check import CALLER
from tests.mesh.client import Ask, call, dial
from tests.mesh.envoy import Block, Envoy, Plan, administered, bootstrap, moved, refused, running, said, send, until
from tests.mesh.istio import Istio, Mesh, Proxy, Resources, admit, generate
from tests.mesh.world import HTTP_PORT, ServicePort, Workload, document, documents_of, router, sidecar, world
from tests.targets.istio.given import facts_of

ORDERS = Workload("orders", "shop", 1, (ServicePort(80, "http", "HTTP", 8080),), {"app": "orders"})
HOST = ORDERS.host
TO = [{"destination": {"host": HOST}}]


def route(**rule: object) -> str:
    spec = {"hosts": [HOST], "http": [{"match": [{"uri": {"prefix": "/a"}}], **rule}, {"route": TO}]}
    return document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)


def policy(**fields: object) -> str:
    spec = {"host": HOST, "trafficPolicy": fields}
    return document("networking.istio.io/v1", "DestinationRule", "orders", "shop", spec=spec)


def header(value: str) -> str:
    return route(route=TO, headers={"request": {"set": {"x-a": value}}})


def matched(regex: str) -> str:
    spec = {"hosts": [HOST], "http": [{"match": [{"uri": {"regex": regex}}], "route": TO}, {"route": TO}]}
    return document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)


def hashed(**key: object) -> str:
    return policy(loadBalancer={"consistentHash": key})


def verdict(istio: Istio, text: str, directory: Path) -> str:
    """Give what Envoy says against an object that Istio admits."""
    assert admit(istio, text)[0] == "", text
    documents = [document("v1", "Namespace", "shop", None), *documents_of(ORDERS), *documents_of(CALLER), text]
    proxy = sidecar(CALLER)
    (resources,) = generate(istio, documents, [proxy], Mesh())
    return refused(bootstrap(resources, Plan(proxy), Path("/dev/null"), "none"), directory)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((route(redirect={"uri": "/b", "redirectCode": code}), "action") for code in (300, 305, 399)),
        (route(directResponse={"status": 600}), "Status"),
        *((header(value), "") for value in ("%BOGUS%", "%abc%", "% %")),
        (hashed(httpHeaderName=""), "HeaderName"),
        (hashed(httpQueryParameterName=""), "Name"),
        (hashed(httpHeaderName="x", ringHash={"minimumRingSize": 8388609}), "RingSize"),
        (policy(tls={"mode": "SIMPLE", "sni": "a" * 256}), "Sni"),
        (route(route=TO, rewrite={"uri": "/a\nb"}), "PrefixRewrite"),
        (route(redirect={"uri": "/a\nb"}), "PathRedirect"),
        *((matched(text), "") for text in (r"/\p{Letter}", r"/\p{ASCII}", r"/\x{1F600}")),
        (matched("/" + "[a-z]{1000}" * 33), "max program size"),
    ],
)
def test_istio_admits_it_and_envoy_does_not(text: str, reason: str, istio: Istio, tmp_path: Path) -> None:
    said = verdict(istio, text, tmp_path)

    assert said != "", yaml.safe_load(text)
    assert reason in said


@pytest.mark.parametrize(
    "text",
    [
        route(redirect={"uri": "/b", "redirectCode": 308}),
        route(directResponse={"status": 404}),
        header("100 percent"),
        hashed(httpHeaderName="x-user"),
        policy(tls={"mode": "SIMPLE", "sni": "a" * 255}),
        matched(r"/\pL+"),
        matched("/" + "[a-z]{1000}" * 32),
    ],
)
def test_what_is_safe_is_taken(text: str, istio: Istio, tmp_path: Path) -> None:
    assert verdict(istio, text, tmp_path) == ""


def at_gateway(istio: Istio, **answered: tuple[str, int]) -> tuple[Proxy, Resources]:
    """Give a gateway, and what it gets: each host answers what matches an expression with a status."""
    facts = facts_of(POLICY.format(mtls="PERMISSIVE", outbound="ALLOW_ANY", gateway="terminate", istio=istio.minor))
    documents = [
        document(
            "networking.istio.io/v1",
            "VirtualService",
            team,
            team,
            spec={
                "hosts": [f"{team}.example.com"],
                "gateways": ["istio-ingress/public"],
                "http": [{"match": [{"uri": {"regex": regex}}], "directResponse": {"status": status}}],
            },
        )
        for team, (regex, status) in answered.items()
    ]
    assert [admit(istio, text)[0] for text in documents] == [""] * len(documents)
    around = world(facts, (), [], documents)
    proxy = router(around.workloads[GATEWAY])
    (resources,) = generate(istio, around.documents, [proxy], around.mesh)
    return proxy, resources


def refusals(envoy: Envoy) -> int:
    """Tell how often a proxy has refused routes."""
    found = re.findall(r"rds\..*update_rejected: (\d+)", administered(envoy, "/stats?filter=update_rejected"))
    return sum(map(int, found))


def test_one_expression_holds_up_the_routes_of_every_host(istio: Istio, block: Block, tmp_path: Path) -> None:
    directory = tmp_path / "routes"
    directory.mkdir()
    proxy, first = at_gateway(istio, checkout=("/a", 201), other=("/a", 202))
    bad = at_gateway(istio, checkout=(r"/\p{Letter}", 203), other=("/a", 204))[1]
    mended = at_gateway(istio, checkout=("/a", 205), other=("/a", 206))[1]

    def statuses() -> list[int]:
        asks = [Ask(f"{team}.example.com", "/a") for team in ("checkout", "other")]
        return [call(dial(moved(proxy.address, block.number), HTTP_PORT), ask).status for ask in asks]

    plans = [(first, Plan(proxy, routes=directory))]
    send(first, directory)
    with running(plans, block, tmp_path) as envoys:
        (envoy,) = envoys.values()
        assert statuses() == [201, 202]
        send(bad, directory)
        until(lambda: refusals(envoy), lambda: said(envoy))
        assert statuses() == [201, 202]
        send(mended, directory)
        until(lambda: statuses() == [205, 206], lambda: said(envoy))
    send(bad, directory)
    with running(plans, block, tmp_path) as envoys:
        (envoy,) = envoys.values()
        until(lambda: refusals(envoy), lambda: said(envoy))
        assert statuses() == [404, 404]
