"""What Istio admits and Envoy refuses: one such object freezes the routes or clusters of every host of a proxy.

None of it is ever rendered; these are the objects that show it, and that show the lab to be awake.
"""

from pathlib import Path

import pytest
import yaml

from tests.mesh.check import CALLER
from tests.mesh.envoy import Plan, bootstrap, refused
from tests.mesh.istio import Istio, Mesh, admit, generate
from tests.mesh.world import ServicePort, Workload, document, documents_of, sidecar

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
