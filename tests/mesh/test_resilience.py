"""What limits, affinity and outlier detection do to real callers, and what they do when they are set wrong."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.mesh.by_hand import (
    INSIDER,
    NEXT,
    ORDERS,
    at,
    by_hand,
    destination_rule,
    dialled,
    from_inside,
    from_outside,
    to,
    virtual_service,
)
from tests.mesh.check import CALLER
from tests.mesh.client import captured
from tests.mesh.cluster import Cluster, Lab, logged
from tests.mesh.envoy import until
from tests.mesh.istio import Istio, Mesh, generate
from tests.mesh.world import ServicePort, Workload, document, documents_of, sidecar

PODS = (ORDERS, *(ORDERS._replace(name=f"orders-{number}", of="orders") for number in (1, 2)))
USER = {"consistentHash": {"httpHeaderName": "x-user"}}


def ejecting(errors: int, percent: int, **more: object) -> str:
    found = {"consecutive5xxErrors": errors, "maxEjectionPercent": percent, "baseEjectionTime": "300s"}
    return destination_rule(outlierDetection=found, **more)


def fail(on: Cluster, number: int) -> None:
    for _ in range(number):
        from_inside(on, answers="500")


def pods(on: Cluster, number: int = 12, **headers: str) -> set[str]:
    """Give the pods that answer some requests."""
    return {seen.address for _ in range(number) for seen in from_inside(on, **headers).tries}


# Of how many pods, how many are left of which share after one error, and after many of all.
LEFT = {(1, 100): (0, 0), (1, 50): (1, 1), (3, 100): (2, 0), (3, 50): (2, 2), (3, 10): (3, 3)}


@pytest.mark.parametrize(("number", "percent"), LEFT)
def test_one_error_takes_a_pod_out(number: int, percent: int, newest_lab: Lab) -> None:
    with by_hand(newest_lab, ejecting(1, percent), workloads=PODS[:number], ejection=True) as on:
        first, last = LEFT[number, percent]
        fail(on, 1)
        until(lambda: len(pods(on)) == first, lambda: "no pod was taken out")
        fail(on, 12)
        until(lambda: len(pods(on)) == last, lambda: "others were taken out")
        answer = from_inside(on)

    assert (answer.flags, answer.answer.body) == ("UH", "no healthy upstream") if last == 0 else answer.flags == "-"


def test_five_errors_tell_a_broken_pod_from_a_broken_request(newest_lab: Lab) -> None:
    with by_hand(newest_lab, ejecting(5, 100), workloads=PODS[:1], ejection=True) as on:
        for _ in range(5):
            fail(on, 4)
            assert from_inside(on).answer.status == 200
        fail(on, 5)
        until(lambda: from_inside(on).flags == "UH", lambda: "no pod was taken out")


def test_all_pods_are_taken_out_only_where_the_share_is_all(each_lab: Lab) -> None:
    with by_hand(each_lab, ejecting(5, 100), workloads=PODS, ejection=True) as on:
        fail(on, 30)
        until(lambda: from_inside(on, answers="500").flags == "UH", lambda: "some pods are left")
    with by_hand(each_lab, ejecting(5, 80), workloads=PODS, ejection=True) as on:
        fail(on, 30)
        until(lambda: len(pods(on)) == 1, lambda: "no pod was taken out")
        fail(on, 30)
        assert len(pods(on)) == 1


def test_a_count_of_zero_takes_none_out(each_lab: Lab) -> None:
    with by_hand(each_lab, ejecting(0, 100), workloads=PODS[:1], ejection=True) as on:
        fail(on, 30)
        assert from_inside(on).answer.status == 200


def test_a_pod_that_is_taken_out_loses_its_sessions(newest_lab: Lab) -> None:
    with by_hand(newest_lab, ejecting(5, 50, loadBalancer=USER), workloads=PODS, ejection=True) as on:
        (own,) = pods(on, x_user="ann")
        for _ in range(5):
            from_inside(on, answers="500", x_user="ann")
        (other,) = until(lambda: pods(on, 1, x_user="ann") - {own}, lambda: "no pod was taken out")
        assert pods(on, x_user="ann") == {other}


def zoned(workload: Workload, zone: str) -> Workload:
    """Give a workload with what istiod adds of the zone of its node."""
    known = {"topology.kubernetes.io/region": "europe", "topology.kubernetes.io/zone": zone}
    return workload._replace(labels={**workload.labels, **known, "istio-locality": f"europe.{zone}"})


ZONES = (zoned(PODS[0], "a"), zoned(PODS[1], "b"), zoned(CALLER, "b"))


def test_callers_keep_to_their_zone_only_beside_outlier_detection(each_lab: Lab) -> None:
    beside, alone = ejecting(5, 50, loadBalancer=USER), destination_rule(loadBalancer=USER)
    users = [f"user-{number}" for number in range(12)]

    with by_hand(each_lab, alone, workloads=ZONES, ejection=True) as on:
        assert len(set().union(*(pods(on, 1, x_user=user) for user in users))) == 2
    with by_hand(each_lab, beside, workloads=ZONES, ejection=True) as on:
        (near,) = set().union(*(pods(on, 1, x_user=user) for user in users))
        assert near == on.at(on.workload("orders-1.shop").app)


@pytest.mark.parametrize(("said", "priorities"), [({}, {0}), ({"trafficDistribution": "PreferClose"}, {0, 1})])
def test_the_services_own_word_on_zones(said: dict[str, str], priorities: set[int], istio: Istio) -> None:
    """A priority of its own for the pods of another zone is what keeps callers from them."""
    documents = [text for number, one in enumerate(ZONES, 1) for text in documents_of(one._replace(number=number))]
    service = json.loads(documents[0])
    service["spec"] |= said
    caller = sidecar(ZONES[2]._replace(number=3))
    (found,) = generate(istio, [json.dumps(service), *documents[1:]], [caller], Mesh())
    (places,) = (one["endpoints"] for one in found.endpoints if f"||{ORDERS.host}" in one["clusterName"])

    assert {place.get("priority", 0) for place in places} == priorities


def services(on: Cluster, path: str) -> set[str]:
    """Give the Services that a user meets."""
    return {seen.address for _ in range(40) for seen in from_outside(on, path, x_user="ann").tries}


def test_a_split_is_drawn_anew_for_each_request(newest_lab: Lab) -> None:
    def shares(path: str, *weights: int) -> dict[str, object]:
        places = [{"host": one.host, "port": {"number": 8080}} for one in (ORDERS, NEXT)]
        backends = [{"destination": place, "weight": weight} for place, weight in zip(places, weights, strict=True)]
        return {"match": [at(path)], "route": backends}

    routes = virtual_service(shares("/split", 50, 50), shares("/whole", 100, 0))
    with by_hand(newest_lab, routes, destination_rule(loadBalancer=USER), workloads=(ORDERS, NEXT)) as on:
        assert (len(services(on, "/split")), len(services(on, "/whole"))) == (2, 1)


def test_there_is_nothing_to_hash_on_a_tcp_port(newest_lab: Lab) -> None:
    port = ServicePort(5432, "tcp-postgres", "TCP", 5432)
    both = [one._replace(ports=(*ORDERS.ports, port)) for one in PODS]

    with by_hand(newest_lab, destination_rule(loadBalancer=USER), workloads=both) as on:
        assert len(pods(on, x_user="ann")) == 1
        met = [dialled(on, 5432)[1] for _ in range(20)]
    assert len({seen.address for (seen,) in met}) > 1


GONE = "127.1.10.99"  # an address of the Service behind which nothing answers


def further_pod() -> str:
    labels = {"kubernetes.io/service-name": "orders"}
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    endpoints = [{"addresses": [GONE], "conditions": {"ready": True}}]
    more: dict[str, Any] = {"addressType": "IPv4", "ports": ports, "endpoints": endpoints}
    return document("discovery.k8s.io/v1", "EndpointSlice", "orders-gone", "shop", labels=labels, **more)


@contextmanager
def silent(on: Cluster, *, accepts: bool) -> Iterator[None]:
    """Listen there and say nothing; or, with a full queue, leave even the TCP handshake without an answer."""
    with ExitStack() as stack:
        place = stack.enter_context(socket.socket())
        place.bind((on.at(GONE), 8080))
        place.listen(64 if accepts else 0)
        for _ in range(0 if accepts else 3):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex((on.at(GONE), 8080))
        yield


def outcomes(on: Cluster) -> set[tuple[int, str]]:
    found = [from_inside(on) for _ in range(4)]
    return {(one.answer.status, one.flags) for one in found}


def connecting(limit: str, **more: object) -> str:
    pool = {"tcp": {"connectTimeout": limit}}
    return destination_rule(connectionPool=pool, loadBalancer={"simple": "ROUND_ROBIN"}, **more)


def test_a_pod_that_is_gone_is_passed_over_only_where_time_is_left(newest_lab: Lab) -> None:
    def tried(limit: str, timeout: str) -> set[tuple[int, str]]:
        routes = virtual_service(to(timeout=timeout), mesh=True)
        with by_hand(newest_lab, further_pod(), routes, connecting(limit)) as on, silent(on, accepts=False):
            return outcomes(on)

    assert {status for status, _ in tried("1s", "20s")} == {200}
    assert tried("20s", "1s") == {(200, "-"), (504, "UT")}


def test_opening_a_connection_includes_the_handshake_of_mutual_tls(newest_lab: Lab) -> None:
    mutual = connecting("200ms", tls={"mode": "ISTIO_MUTUAL"})
    once = virtual_service(to(retries={"attempts": 0}), mesh=True)

    with by_hand(newest_lab, further_pod(), mutual, once) as on, silent(on, accepts=True):
        assert (503, "UF") in outcomes(on)


@contextmanager
def asked(on: Cluster, number: int, case: str, port: int = 8080) -> Iterator[list[socket.socket]]:
    """Send requests that the application never answers, each on a connection of its own."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            pod, vip = on.at(on.workload(INSIDER).pod), on.at(on.workload("orders.shop").vip)
            connection = stack.enter_context(captured(pod, vip, port))
            lines = ["GET / HTTP/1.1", f"host: {ORDERS.host}", f"x-case: {case}", "x-answers: hang", "", ""]
            connection.sendall("\r\n".join(lines).encode())
            opened.append(connection)
        yield opened


def test_requests_beyond_a_tiny_pool_fail_at_once(newest_lab: Lab) -> None:
    tiny = destination_rule(connectionPool={"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}})

    with by_hand(newest_lab, tiny) as on, asked(on, 1, "first"):
        until(lambda: on.backs.seen["first"], lambda: "the first request did not arrive")
        with asked(on, 2, "more") as both:
            (refused,), _, _ = select.select(both, [], [])
            head = refused.recv(65536)
            assert head.startswith(b"HTTP/1.1 503")
            assert b"x-envoy-overloaded: true" in head
            assert logged(on, INSIDER, "more")["flags"] == "UO"
            assert on.backs.seen["more"] == []


def test_one_connection_is_enough_for_grpc(newest_lab: Lab) -> None:
    tiny = destination_rule(connectionPool={"tcp": {"maxConnections": 1}})
    grpc = ORDERS._replace(ports=(ServicePort(9000, "grpc", "GRPC", 9000),))

    with by_hand(newest_lab, tiny, workloads=(grpc,)) as on, asked(on, 3, "grpc", 9000):
        until(lambda: len(on.backs.seen["grpc"]) == 3, lambda: "some requests wait")
