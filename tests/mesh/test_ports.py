"""What becomes of ports whose numbers, protocols and targets are not what callers and sidecars take them for."""

from http.client import HTTPConnection

import pytest

from tests.mesh.backends import Tls, greet
from tests.mesh.by_hand import (
    GATEWAY,
    INSIDER,
    ORDERS,
    PUBLIC,
    at,
    by_hand,
    destination_rule,
    dialled,
    from_inside,
    from_outside,
    told,
    virtual_service,
)
from tests.mesh.check import CALLER
from tests.mesh.client import LIMIT, Ask, Speaks, call_http2, captured
from tests.mesh.cluster import Cluster, Lab, through_gateway_tls
from tests.mesh.envoy import until
from tests.mesh.istio import Istio, Mesh, analyze, generate
from tests.mesh.world import ServicePort, Workload, document, documents_of, sidecar

HTTP = ServicePort(8080, "http", "HTTP", 8080)
DATABASE = ServicePort(5432, "tcp-postgres", "TCP", 5432)
GREETING = b"5.7.44-log\x00"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
PING = b"*1\r\n$4\r\nPING\r\n"


def having(*ports: ServicePort) -> tuple[Workload, ...]:
    return (ORDERS._replace(ports=ports),)


def rule(path: str, port: int, dialled: int | None = None, **more: object) -> dict[str, object]:
    to = {"destination": {"host": ORDERS.host, "port": {"number": port}}}
    match = at(path) if dialled is None else at(path, port=dialled)
    return {"match": [match], "route": [to], **more}


def test_a_port_that_the_service_lacks(each_lab: Lab) -> None:
    ports = having(HTTP._replace(target=8000), DATABASE)
    routes = [rule("/service", 8080), rule("/container", 8000), rule("/no-port", 8081)]

    with by_hand(
        each_lab,
        virtual_service(*routes),
        virtual_service(*routes, mesh=True).replace('"orders"', '"inside"', 1),
        workloads=ports,
    ) as on:
        outside = [from_outside(on, path).answer.status for path in ("/service", "/container", "/no-port")]
        inside = [from_inside(on, path).answer.status for path in ("/service", "/container", "/no-port")]

    assert (outside, inside) == ([200, 503, 503], [200, 503, 503])


def test_a_port_that_speaks_no_http_answers_no_request(each_lab: Lab) -> None:
    ports = having(HTTP, ServicePort(5432, "tcp-postgres", "TCP", 5432, greeting=GREETING))
    routes = [rule("/orders", 8080), rule("/db", 5432)]

    with by_hand(each_lab, virtual_service(*routes), workloads=ports) as on:
        assert from_outside(on, "/orders").answer.status == 200
        assert from_outside(on, "/db").answer.status in {502, 503}


def test_http_rules_of_callers_inside_do_not_reach_an_opaque_port(each_lab: Lab) -> None:
    ports = (HTTP, DATABASE, ServicePort(8443, "https", "HTTPS", 8443))
    treated = {"retries": {"attempts": 2, "retryOn": "503"}, "rewrite": {"uri": "/new"}}
    rules = [rule("/old", port.number, port.number, **treated) for port in ports]

    with by_hand(each_lab, virtual_service(*rules, mesh=True), workloads=having(*ports)) as on:
        seen = {port.number: dialled(on, port.number, "/old", "503")[1] for port in ports}

    assert {number: [one.path for one in tries] for number, tries in seen.items()} == {
        8080: ["/new"] * 3,
        5432: ["/old"],
        8443: ["/old"],
    }


# What callers in the mesh get of a Service's port with such a number, where STRICT mode refuses plaintext.
RESERVED = {
    **dict.fromkeys((15000, 15002, 15004, 15008, 15010, 15012, 15014, 15017, 15020, 15053, 15443), 200),
    **dict.fromkeys((15001, 15006, 15021, 15090), 0),
}


def test_numbers_that_callers_cannot_dial(each_lab: Lab) -> None:
    ports = having(*(ServicePort(number, f"http-{number}", "HTTP", 8080) for number in RESERVED))

    with by_hand(each_lab, workloads=ports, mtls="STRICT", services=("orders.shop",)) as on:
        assert {number: dialled(on, number)[0].status for number in RESERVED} == RESERVED
    with by_hand(each_lab, workloads=ports, services=("orders.shop",)) as on:
        assert [number for number in RESERVED if dialled(on, number)[0].status != 200] == [15001]
        (seen,) = dialled(on, 15021)[1]
    assert "x-forwarded-client-cert" not in seen.headers


def test_over_tcp_every_number_can_be_dialled(each_lab: Lab) -> None:
    ports = having(*(ServicePort(number, f"tcp-{number}", "TCP", 8080) for number in RESERVED))

    with by_hand(each_lab, workloads=ports, mtls="STRICT", services=("orders.shop",)) as on:
        assert {dialled(on, number)[0].status for number in RESERVED} == {200}


def test_what_callers_do_at_a_port_past_the_sidecar(each_lab: Lab) -> None:
    """They must send plaintext, are nobody there, and still retry."""
    ports = having(HTTP._replace(captured=False))
    retried = virtual_service(rule("/", 8080, 8080, retries={"attempts": 2, "retryOn": "503"}), mesh=True)

    with by_hand(each_lab, retried, workloads=ports, mtls="STRICT") as on:
        assert from_inside(on).answer.status == 503
    with by_hand(
        each_lab, retried, destination_rule(tls={"mode": "DISABLE"}), workloads=ports, mtls="STRICT"
    ) as on:
        (seen,) = from_inside(on).tries
        assert "x-forwarded-client-cert" not in seen.headers
        assert len(from_inside(on, answers="503").tries) == 3


def test_container_ports_that_the_sidecar_listens_on(istio: Istio) -> None:
    (found,) = generate(istio, [*documents_of(CALLER)], [sidecar(CALLER)], Mesh())
    places = [one["address"]["socketAddress"] for one in found.listeners]

    assert {(place["address"], place["portValue"]) for place in places} == {("0.0.0.0", 15001), ("0.0.0.0", 15006)}


def test_one_container_port_cannot_speak_http_and_grpc(each_lab: Lab) -> None:
    shared, apart = (having(HTTP, ServicePort(9000, "grpc", "GRPC", target)) for target in (8080, 9000))

    with by_hand(each_lab, workloads=shared) as on:
        assert in_http2(on, 9000) == "HTTP/1.1"
    with by_hand(each_lab, workloads=apart) as on:
        assert in_http2(on, 9000) == "HTTP/2"


def test_one_container_port_cannot_speak_http_and_tcp(each_lab: Lab) -> None:
    cache = ServicePort(6379, "tcp", "TCP", 8080, greeting=GREETING)

    with by_hand(each_lab, workloads=having(HTTP._replace(greeting=GREETING), cache)) as on:
        assert (told(on, on.workload("orders.shop").vip, 6379, PING) or b"")[:12] == b"HTTP/1.1 400"
    with by_hand(each_lab, workloads=having(cache)) as on:
        assert told(on, on.workload("orders.shop").vip, 6379, PING) == GREETING


def test_the_analyzer_may_tell(istio: Istio) -> None:
    ports = (HTTP, ServicePort(9000, "grpc", "GRPC", 8080))
    pods = {"metadata": {"labels": dict(ORDERS.labels)}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
    documents = [
        document("v1", "Namespace", "shop", None, labels={"istio-injection": "enabled"}),
        document("apps/v1", "Deployment", "orders", "shop", spec={"template": pods}),
        *documents_of(ORDERS._replace(ports=ports)),
    ]

    assert [one.code for one in analyze(istio, documents)] == ["IST0137"]


def in_http2(on: Cluster, port: int) -> str:
    """Give the version in which the application gets what a caller in the mesh sends in HTTP/2."""
    connection = captured(on.at(on.workload(INSIDER).pod), on.at(on.workload("orders.shop").vip), port)
    assert call_http2(connection, Ask(ORDERS.host, "/", "POST", {"x-case": f"h2-{port}"})).status == 200
    (seen,) = on.backs.seen[f"h2-{port}"]
    return seen.version


def calls(on: Cluster, port: int, number: int) -> set[str]:
    """Give the pods that a client of the mesh meets who sends many requests over one connection."""
    connection = captured(on.at(on.workload(INSIDER).pod), on.at(on.workload("orders.shop").vip), port)
    talk = HTTPConnection(ORDERS.host)
    talk.sock = connection
    for _ in range(number):
        talk.request("GET", "/", headers={"x-case": f"calls-{port}"})
        talk.getresponse().read()
    talk.close()
    return {one.address for one in on.backs.seen[f"calls-{port}"]}


@pytest.mark.parametrize(("name", "protocol", "is_served"), [("http-grpc", "HTTP", False), ("grpc", "GRPC", True)])
def test_an_application_that_speaks_http2_alone(name: str, protocol: str, is_served: bool, each_lab: Lab) -> None:  # noqa: FBT001 - a table
    """It begins with its settings, as gRPC servers do, and never sees a request in HTTP/1.1 as one."""
    ports = having(ServicePort(9000, name, protocol, 9000, greeting=SETTINGS))

    with by_hand(each_lab, virtual_service(rule("/", 9000)), workloads=ports) as on:
        answer = from_outside(on, method="POST").answer
        heard = until(
            lambda: on.backs.seen[f"{on.at(on.workload('orders.shop').app)}:9000"], lambda: "nobody called"
        )
        assert heard[0].path.startswith("PRI * HTTP/2.0") is is_served
        assert (answer.status == 502 and "reset reason: protocol error" in answer.body) is not is_served


def test_one_long_connection_to_a_tcp_port_meets_one_pod(newest_lab: Lab) -> None:
    (orders,) = having(ServicePort(9000, "grpc", "GRPC", 9000), ServicePort(9001, "tcp-grpc", "TCP", 9001))
    pods = [orders, *(orders._replace(name=f"orders-{number}", of="orders") for number in (1, 2))]

    with by_hand(newest_lab, destination_rule(loadBalancer={"simple": "ROUND_ROBIN"}), workloads=pods) as on:
        assert (len(calls(on, 9000, 6)), len(calls(on, 9001, 6))) == (3, 1)


@pytest.mark.parametrize(
    ("name", "protocol", "version"), [("http-grpc", "HTTP", "HTTP/1.1"), ("grpc", "GRPC", "HTTP/2")]
)
def test_what_a_port_of_grpc_is_spoken_to_in(name: str, protocol: str, version: str, each_lab: Lab) -> None:
    ports = having(ServicePort(9000, name, protocol, 9000))

    with by_hand(each_lab, virtual_service(rule("/", 9000)), workloads=ports) as on:
        (seen,) = from_outside(on, method="POST").tries
        assert (seen.version, in_http2(on, 9000)) == (version, version)


OUTSIDE = "127.1.13.1"


def test_a_database_port_declared_http_silences_databases_outside(each_lab: Lab) -> None:
    def greeted(*ports: ServicePort) -> bytes | None:
        with by_hand(each_lab, workloads=having(*ports)) as on:
            greet(on.backs, on.at(OUTSIDE), 3306, GREETING)
            return told(on, OUTSIDE, 3306, wait=1 if ports[0].protocol == "HTTP" else LIMIT)

    assert greeted(ServicePort(3306, "tcp-mysql", "TCP", 3306)) == GREETING
    assert greeted(ServicePort(3306, "http-mysql", "HTTP", 3306)) is None


@pytest.mark.parametrize(("mtls", "answer"), [("PERMISSIVE", b"HTTP/1.1 400"), ("STRICT", b"")])
def test_a_cache_declared_http_is_asked_in_vain(mtls: str, answer: bytes, each_lab: Lab) -> None:
    def said(name: str, protocol: str) -> bytes | None:
        ports = having(ServicePort(6379, name, protocol, 6379, greeting=GREETING))
        with by_hand(each_lab, workloads=ports, mtls=mtls, services=("orders.shop",)) as on:
            return told(on, on.workload("orders.shop").vip, 6379, PING)

    assert (said("http-cache", "HTTP") or b"")[:12] == answer
    assert said("redis", "REDIS") == GREETING


@pytest.mark.parametrize("outbound", ["ALLOW_ANY", "REGISTRY_ONLY"])
def test_udp_is_nothing_to_the_mesh(outbound: str, istio: Istio) -> None:
    numbers = [
        {"number": 514, "name": "udp", "protocol": "UDP"},
        {"number": 6514, "name": "tls", "protocol": "TLS"},
    ]
    spec = {"hosts": ["syslog.partner.example"], "ports": numbers, "resolution": "DNS"}
    entry = document("networking.istio.io/v1", "ServiceEntry", "syslog", "callers", spec=spec)
    dns = ORDERS._replace(ports=(ServicePort(53, "tcp-dns", "TCP", 5353), ServicePort(53, "udp-dns", "UDP", 5354)))
    documents = [*documents_of(dns), *documents_of(CALLER), entry]

    caller, own = generate(istio, documents, [sidecar(CALLER), sidecar(dns)], Mesh(outbound))
    listened = {one["name"].partition("_")[2] for one in caller.listeners}
    protocols = {one["address"]["socketAddress"].get("protocol") for one in (*caller.listeners, *own.listeners)}

    assert listened - {""} == {"53", "6514"}
    assert protocols == {None}  # TCP


@pytest.mark.parametrize(("name", "protocol", "is_served"), [("http", "HTTP", False), ("https", "HTTPS", True)])
def test_a_gateway_that_passes_tls_through(name: str, protocol: str, is_served: bool, each_lab: Lab) -> None:  # noqa: FBT001 - a table
    ports = having(ServicePort(8080, name, protocol, 8080, Tls("system", PUBLIC) if is_served else None))
    to = {"destination": {"host": ORDERS.host, "port": {"number": 8080}}}
    spec = {
        "hosts": [PUBLIC],
        "gateways": ["istio-ingress/public"],
        "tls": [{"match": [{"sniHosts": [PUBLIC]}], "route": [to]}],
    }
    routes = document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)

    with by_hand(each_lab, routes, workloads=ports, gateway="passthrough") as on:
        answer = through_gateway_tls(on, GATEWAY, Ask(PUBLIC), Speaks(PUBLIC))

    assert (answer.status == 200) is is_served, answer


@pytest.mark.parametrize("protocol", ["TLS", "HTTPS"])
def test_a_gateway_that_opens_tls_sends_plain_requests_on(protocol: str, each_lab: Lab) -> None:
    ports = having(
        ServicePort(8443, protocol.lower(), protocol, 8443, Tls("system", "orders.internal.example.com"))
    )

    with by_hand(each_lab, virtual_service(rule("/", 8443)), workloads=ports) as on:
        assert from_outside(on).answer.status in {502, 503}
