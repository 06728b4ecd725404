"""Hosts that somebody else has, or nobody: who gets the requests then."""

from typing import Any

import pytest

from tests.mesh.by_hand import GATEWAY, NEXT, ORDERS, PUBLIC, at, by_hand, dialled, from_outside
from tests.mesh.check import CALLER
from tests.mesh.client import Ask
from tests.mesh.cluster import Cluster, Lab, through_gateway
from tests.mesh.istio import Call, Istio, Mesh, admit, simulate
from tests.mesh.world import Workload, document, documents_of, sidecar

OTHERS = NEXT._replace(name="takers", namespace="edge", labels={"app": "takers"})
BOTH = (ORDERS, OTHERS)


def claim(by: Workload, *hosts: str, paths: tuple[str, ...] = ("/",), mesh: bool = False, age: int = 0) -> str:
    """Write a VirtualService with which a team leads requests for hosts to its own service."""
    to = [{"destination": {"host": by.host, "port": {"number": 8080}}}]
    rules = [{"match": [at(path)], "route": to} for path in paths]
    gateways = ["mesh"] if mesh else ["istio-ingress/public"]
    made = {"creationTimestamp": f"20{30 - age}-01-01T00:00:00Z"}
    spec = {"hosts": list(hosts), "gateways": gateways, "http": rules}
    return document("networking.istio.io/v1", "VirtualService", by.name, by.namespace, metadata=made, spec=spec)


def owner(on: Cluster, seen: Any) -> str:
    places = {on.at(one.app): name for name, one in on.world.workloads.items()}
    return " ".join(places[one.address] for one in seen)


def inside(on: Cluster, *hosts: str) -> list[str]:
    """Tell who gets the requests of callers in the mesh, by the Host header that they send."""
    return [owner(on, dialled(on, 8080, host=host)[1]) for host in hosts]


AGES = [(1, "orders.shop"), (-1, "takers.edge")]  # of the service's own claim, beside another one
SHORT, FORWARDED = "orders.shop.svc", "shop.example.com"


@pytest.mark.parametrize(("age", "older"), AGES)
def test_at_a_gateway_the_older_claim_counts_path_by_path(age: int, older: str, each_lab: Lab) -> None:
    own, foreign = (
        claim(ORDERS, PUBLIC, paths=("/both", "/own"), age=age),
        claim(OTHERS, PUBLIC, paths=("/both", "/new")),
    )

    with by_hand(each_lab, own, foreign, workloads=BOTH) as on:
        met = [owner(on, from_outside(on, path).tries) for path in ("/both", "/own", "/new")]

    assert met == [older, "orders.shop", "takers.edge"]


@pytest.mark.parametrize(("age", "older"), AGES)
@pytest.mark.parametrize("host", [ORDERS.host, FORWARDED])
def test_in_the_mesh_the_older_claim_takes_all(host: str, age: int, older: str, each_lab: Lab) -> None:
    own = claim(ORDERS, ORDERS.host, FORWARDED, paths=("/", "/own"), age=age, mesh=True)
    foreign = claim(OTHERS, OTHERS.host, host, paths=("/",), mesh=True)

    with by_hand(each_lab, own, foreign, workloads=BOTH) as on:
        assert inside(on, host) == [older]


def test_a_claim_on_a_service_takes_the_calls_to_it(each_lab: Lab) -> None:
    def met(host: str) -> list[str]:
        with by_hand(each_lab, claim(OTHERS, OTHERS.host, host, mesh=True), workloads=BOTH) as on:
            return inside(on, ORDERS.host, SHORT)

    assert met(FORWARDED) == ["orders.shop", "orders.shop"]
    assert met(ORDERS.host) == ["takers.edge", "takers.edge"]
    assert met(SHORT) == ["orders.shop", "takers.edge"]


# What calls to the forwarded host reach that are dialled to where it really is: over http, and over https.
OUTSIDE = "127.1.13.1"
FORWARDED_CALLS = {
    "http": (Call(OUTSIDE, 8080, FORWARDED), "outbound|8080||orders.shop.svc.cluster.local"),
    "http, another host": (Call(OUTSIDE, 8080, "other.example.com"), "PassthroughCluster"),
    "https": (Call(OUTSIDE, 443, FORWARDED, protocol="tcp", tls="tls", sni=FORWARDED), "PassthroughCluster"),
    "https on the port": (
        Call(OUTSIDE, 8080, FORWARDED, protocol="tcp", tls="tls", sni=FORWARDED),
        "PassthroughCluster",
    ),
}


@pytest.mark.parametrize(("call", "expected"), FORWARDED_CALLS.values(), ids=FORWARDED_CALLS)
def test_a_forwarded_host_is_taken_over_http_alone(call: Call, expected: str, istio: Istio) -> None:
    documents = [*documents_of(ORDERS), *documents_of(CALLER), claim(ORDERS, ORDERS.host, FORWARDED, mesh=True)]

    assert simulate(istio, documents, sidecar(CALLER), Mesh(), [call]) == (expected,)


@pytest.mark.parametrize(("host", "foreign"), [("*", 200), ("*.example.com", 404)])
def test_a_host_of_everybody_takes_what_nobody_names(host: str, foreign: int, each_lab: Lab) -> None:
    own = claim(ORDERS, PUBLIC, paths=("/own",))
    asked = [(PUBLIC, "/own"), (PUBLIC, "/x"), ("other.example.com", "/"), ("example.org", "/")]

    with by_hand(each_lab, own, claim(OTHERS, host), workloads=BOTH) as on:
        met = [through_gateway(on, GATEWAY, Ask(host, path)).status for host, path in asked]

    assert met == [200, 404, 200, foreign]


NAMES = {
    "orders-api.example.com": True,
    f"{'a' * 63}.example.com": True,
    "orders_api.example.com": False,
    f"{'a' * 64}.example.com": False,
    "Orders.example.com": True,
}


@pytest.mark.parametrize("host", NAMES)
def test_what_is_no_host_name_is_refused(host: str, istio: Istio) -> None:
    assert (admit(istio, claim(ORDERS, host))[0] == "") is NAMES[host]
