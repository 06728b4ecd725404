"""Hosts outside as they are declared by mistake, and where the calls of the mesh then end."""

from functools import partial
from typing import Any

import pytest

from tests.mesh.backends import Tls, greet, listen
from tests.mesh.by_hand import INSIDER, ORDERS, by_hand, dialled, told
from tests.mesh.check import CALLER
from tests.mesh.client import LIMIT, Ask, Speaks
from tests.mesh.cluster import Cluster, Lab, from_pod, logged
from tests.mesh.envoy import until
from tests.mesh.istio import Call, Istio, Mesh, admit, analyze, simulate
from tests.mesh.world import document, documents_of, sidecar

A, B, C = "127.1.13.1", "127.1.13.2", "127.1.13.3"
HOSTS = {"a.partner.example": A, "b.partner.example": B}
GREETING = b"220 smtp.partner.example ESMTP\r\n"
LOGIN = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


outside = partial(by_hand, workloads=(), hosts=HOSTS)  # a caller alone


def port(number: int, protocol: str, target: int | None = None) -> dict[str, Any]:
    found = {"number": number, "name": f"{protocol.lower()}-{number}", "protocol": protocol}
    return found if target is None else {**found, "targetPort": target}


def entry(
    host: str, *ports: dict[str, Any], name: str = "", namespace: str = "callers", age: int = 0, **more: Any
) -> str:
    spec = {
        "hosts": [host],
        "ports": list(ports),
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "exportTo": ["."],
    }
    made = {"creationTimestamp": f"20{30 - age}-01-01T00:00:00Z"}
    named = name or host.replace("*", "any")
    kind = ("networking.istio.io/v1", "ServiceEntry")
    return document(*kind, named, namespace, metadata=made, spec={**spec, **more})


def with_tls(host: str, number: int) -> str:
    tls = {"mode": "SIMPLE", "caCertificates": "system", "sni": host, "subjectAltNames": [host]}
    spec = {"host": host, "trafficPolicy": {"portLevelSettings": [{"port": {"number": number}, "tls": tls}]}}
    return document("networking.istio.io/v1", "DestinationRule", host, "callers", spec=spec)


def reached(on: Cluster, number: int, address: str, host: str = "a.partner.example") -> str:
    """Tell which application outside gets what is dialled: A, B, C, or nobody."""
    names = {on.at(A): "A", on.at(B): "B", on.at(C): "C"}
    _, seen = dialled(on, number, host=host, address=address)
    return names[seen[0].address] if seen else "nobody"


def serve(on: Cluster, number: int, *addresses: str, tls: Tls | None = None) -> None:
    for address in addresses:
        listen(on.backs, on.at(address), number, tls)


def database(host: str, *addresses: str, **more: Any) -> str:
    """Declare a host that carries no name on the wire."""
    found: dict[str, Any] = {"resolution": "NONE"} if host.startswith("*") else {}
    return entry(host, port(5432, "TCP"), addresses=addresses, **found, **more)


def databases(lab: Lab, *entries: str, dialled: tuple[str, ...], outbound: str = "ALLOW_ANY") -> str:
    """Tell which database each dialled address leads to."""
    with outside(lab, *entries, outbound=outbound) as on:
        serve(on, 5432, A, B, C)
        return " ".join(reached(on, 5432, address) for address in dialled)


def test_a_database_without_addresses_takes_all_calls_to_its_port(each_lab: Lab) -> None:
    assert databases(each_lab, database("a.partner.example"), dialled=(A, B, C)) == "A A A"
    assert databases(each_lab, database("a.partner.example", C), dialled=(A, B, C)) == "A B A"


@pytest.mark.parametrize("protocol", ["TCP", "MONGO", "MYSQL", "REDIS"])
def test_so_does_every_protocol_without_a_host_name(protocol: str, istio: Istio) -> None:
    def reached(*addresses: str) -> tuple[str, ...]:
        declared = entry("a.partner.example", port(5432, protocol), addresses=addresses)
        call = Call(B, 5432, protocol="tcp")
        return simulate(istio, [*documents_of(CALLER), declared], sidecar(CALLER), Mesh(), [call])

    assert reached() == ("outbound|5432||a.partner.example",)
    assert reached(C) == ("PassthroughCluster",)


def test_the_analyzer_knows_databases_without_addresses(istio: Istio) -> None:
    found = [analyze(istio, [database("a.partner.example", *addresses)]) for addresses in ((), (C,))]

    assert [["IST0134" in {one.code for one in said}] for said in found] == [[True], [False]]


def test_addresses_of_everybody(each_lab: Lab) -> None:
    all_of_it = database("*.partner.example", "0.0.0.0/0")

    assert databases(each_lab, database("a.partner.example", "0.0.0.0"), dialled=(A, B, C)) == "A A A"
    assert databases(each_lab, all_of_it, dialled=(A, B), outbound="REGISTRY_ONLY") == "A B"
    own = database("*.partner.example", "127.1.13.1/32")
    assert databases(each_lab, own, dialled=(A, B), outbound="REGISTRY_ONLY") == "A nobody"


@pytest.mark.parametrize(("age", "older"), [(1, "A"), (-1, "B")])
def test_of_two_databases_with_one_address_the_older_gets_all(age: int, older: str, each_lab: Lab) -> None:
    first, second = database("a.partner.example", C, age=age), database("b.partner.example", C)
    apart = entry("b.partner.example", port(5433, "TCP"), addresses=[C])

    assert databases(each_lab, first, second, dialled=(C,)) == older
    assert databases(each_lab, first, apart, dialled=(C,)) == "A"


@pytest.mark.parametrize("age", [1, -1])
def test_of_two_ranges_the_narrower_counts(age: int, each_lab: Lab) -> None:
    first, second = database("a.partner.example", C, age=age), database("*.b.partner.example", "127.1.13.0/24")

    assert databases(each_lab, first, second, dialled=(C, B)) == "A B"


@pytest.mark.parametrize(("age", "older"), [(1, A), (-1, B)])
@pytest.mark.parametrize("protocols", [("TLS", "TLS"), ("TLS", "HTTPS"), ("HTTP", "GRPC")], ids=" ".join)
def test_an_address_stands_over_the_name_in_tls(
    protocols: tuple[str, str], age: int, older: str, each_lab: Lab
) -> None:
    """With addresses the older host gets all calls; without them, and between HTTP ports, each gets its own."""
    is_http = protocols == ("HTTP", "GRPC")
    pairs = list(zip(HOSTS, protocols, (age, 0), strict=True))
    shared = [entry(host, port(8443, protocol), addresses=[C], age=years) for host, protocol, years in pairs]
    apart = [entry(host, port(8443, protocol), age=years) for host, protocol, years in pairs]

    assert by_name(each_lab, *shared, tls=not is_http) == (list(HOSTS.values()) if is_http else [older, older])
    assert by_name(each_lab, *apart, tls=not is_http) == list(HOSTS.values())


def by_name(lab: Lab, *entries: str, tls: bool) -> list[str]:
    """Give the addresses that calls to each host reach, whatever is dialled."""
    met = []
    with outside(lab, *entries, outbound="REGISTRY_ONLY") as on:
        for host, address in HOSTS.items():
            serve(on, 8443, address, tls=Tls("system", host) if tls else None)
        for host in HOSTS:
            ask = Ask(host, headers={"x-case": host})
            assert from_pod(on, INSIDER, (C, 8443), ask, Speaks(host) if tls else None).status == 200
            met += [found for found in (A, B) for seen in on.backs.seen[host] if seen.address == on.at(found)]
    return met


@pytest.mark.parametrize(
    ("ports", "is_known"),
    [((port(443, "TLS"), port(443, "HTTPS")), False), ((port(443, "TLS"), port(8443, "TLS")), True)],
)
def test_one_number_twice_is_refused(ports: tuple[dict[str, Any], ...], is_known: bool, istio: Istio) -> None:  # noqa: FBT001 - a table
    assert (admit(istio, entry("a.partner.example", *ports)) == ("", "")) is is_known


ADDRESSES = {
    ("a.partner.example", "203.0.113.10"): True,
    ("a.partner.example", "2001:db8::1"): True,
    ("a.partner.example", "203.0.113.0/24"): False,
    ("a.partner.example", "2001:db8:1"): False,
    ("*.partner.example", "203.0.113.0/24"): True,
    ("*.partner.example", "203.0.113"): False,
}


@pytest.mark.parametrize(("host", "address"), ADDRESSES)
def test_which_addresses_are_refused(host: str, address: str, istio: Istio) -> None:
    assert (admit(istio, database(host, address))[0] == "") is ADDRESSES[host, address]


@pytest.mark.parametrize(("namespace", "expected"), [("callers", ("A", "A")), ("shop", ("A", "nobody"))])
def test_two_entries_of_one_host(namespace: str, expected: tuple[str, str], each_lab: Lab) -> None:
    host = "a.partner.example"
    second = entry(host, port(8081, "HTTP"), name="second", namespace=namespace, exportTo=["*"])
    first = entry(host, port(8080, "HTTP"), exportTo=["*"])

    with outside(each_lab, first, second, outbound="REGISTRY_ONLY") as on:
        serve(on, 8080, A)
        serve(on, 8081, A)
        assert (reached(on, 8080, A), reached(on, 8081, A)) == expected


def test_only_declared_hosts_are_let_out(each_lab: Lab) -> None:
    a, b, foreign = "a.partner.example", "b.partner.example", "files.example.com"

    def out(declared: str) -> str:
        more: dict[str, Any] = {"resolution": "NONE"} if declared.startswith("*") else {}
        with outside(each_lab, entry(declared, port(8000, "HTTP"), **more), outbound="REGISTRY_ONLY") as on:
            serve(on, 8000, A, B, C)
            places = {a: A, f"x.{a}": B, b: B, foreign: C}
            return " ".join(reached(on, 8000, address, host) for host, address in places.items())

    assert out(a) == "A nobody nobody nobody"
    assert out("*.partner.example") == "A B B nobody"


# What callers of a service get, and whether it knows who they are, by what is declared as a host outside.
CLUSTER_HOSTS = {
    ("STRICT", ORDERS.host): (503, []),
    ("STRICT", "orders.shop.svc"): (503, []),
    ("STRICT", "*.svc.cluster.local"): (200, [True]),
    ("PERMISSIVE", ORDERS.host): (200, [False]),
    ("PERMISSIVE", "orders.shop.svc"): (200, [False]),
    ("PERMISSIVE", "*.svc.cluster.local"): (200, [True]),
}


@pytest.mark.parametrize(("mtls", "host"), CLUSTER_HOSTS)
def test_a_service_declared_as_a_host_outside(mtls: str, host: str, each_lab: Lab) -> None:
    vip = "127.1.12.2"
    more: dict[str, Any] = {"resolution": "NONE"} if host.startswith("*") else {}
    declared = entry(host, port(8080, "HTTP"), **more)
    with by_hand(each_lab, declared, mtls=mtls, services=("orders.shop",), hosts={host: vip}) as on:
        assert on.workload("orders.shop").vip == vip
        answer, seen = dialled(on, 8080, host="orders.shop.svc")

    identified = ["x-forwarded-client-cert" in one.headers for one in seen]
    assert (answer.status, identified) == CLUSTER_HOSTS[mtls, host]


# Which cluster a call to port 443 or 80 of a host outside reaches: https and http, by what is declared.
MISSED = {
    (443, "HTTP", "https"): ("PassthroughCluster", "BlackHoleCluster"),
    (443, "HTTP", "http"): ("outbound|443||a.partner.example",) * 2,
    (443, "TLS", "https"): ("outbound|443||a.partner.example",) * 2,
    (80, "TLS", "http"): ("PassthroughCluster", "BlackHoleCluster"),
    (80, "HTTP", "http"): ("outbound|80||a.partner.example",) * 2,
}


@pytest.mark.parametrize(("number", "protocol", "spoken"), MISSED)
def test_what_calls_to_declared_ports_reach(number: int, protocol: str, spoken: str, istio: Istio) -> None:
    documents = [*documents_of(CALLER), entry("a.partner.example", port(number, protocol))]
    tls = {"tls": "tls", "sni": "a.partner.example"} if spoken == "https" else {}
    call = Call(A, number, "a.partner.example", protocol="tcp" if protocol == "TLS" and tls else "http", **tls)

    reached = [
        simulate(istio, documents, sidecar(CALLER), Mesh(mode), [call]) for mode in ("ALLOW_ANY", "REGISTRY_ONLY")
    ]

    assert tuple(one for (one,) in reached) == MISSED[number, protocol, spoken]


@pytest.mark.parametrize(("outbound", "expected"), [("ALLOW_ANY", "A"), ("REGISTRY_ONLY", "nobody")])
def test_plain_http_to_a_port_declared_tls_is_an_unknown_call(outbound: str, expected: str, each_lab: Lab) -> None:
    with outside(each_lab, entry("a.partner.example", port(8000, "TLS")), outbound=outbound) as on:
        serve(on, 8000, A)
        assert reached(on, 8000, A) == expected


def plain(lab: Lab, declared: dict[str, Any], served: int, *more: str, tls: bool = True) -> tuple[int, str]:
    """Give what an application gets that speaks plain HTTP to the host, and why its sidecar failed."""
    host = "a.partner.example"
    with outside(lab, entry(host, declared), *more) as on:
        serve(on, served, A, tls=Tls("system", host) if tls else None)
        answer = from_pod(on, INSIDER, (A, declared["number"]), Ask(host, headers={"x-case": "plain"}))
        return answer.status, str(logged(on, INSIDER, "plain").get("failure", ""))


def test_plain_http_to_a_port_that_speaks_tls(each_lab: Lab) -> None:
    declared = port(443, "HTTP", 8443)

    assert plain(each_lab, declared, 8443)[0] == 503
    assert plain(each_lab, declared, 8443, with_tls("a.partner.example", 443)) == (200, "")


def test_tls_to_a_port_that_speaks_plain_http(each_lab: Lab) -> None:
    added = with_tls("a.partner.example", 80)

    status, failure = plain(each_lab, port(80, "HTTP", 8080), 8080, added, tls=False)
    assert (status, "WRONG_VERSION_NUMBER" in failure) == (503, True)
    assert plain(each_lab, port(80, "HTTP", 8443), 8443, added) == (200, "")


@pytest.mark.parametrize(("added", "expected"), [(False, "200"), (True, "WRONG_VERSION_NUMBER")])
def test_tls_is_added_to_tls(added: bool, expected: str, each_lab: Lab) -> None:  # noqa: FBT001 - a table
    host = "a.partner.example"
    more = [with_tls(host, 8443)] if added else []

    with outside(each_lab, entry(host, port(8443, "TLS")), *more) as on:
        serve(on, 8443, A, tls=Tls("system", host))
        answer = from_pod(on, INSIDER, (A, 8443), Ask(host), Speaks(host))

    assert (str(answer.status) if answer.status else answer.failure) == expected


def test_tls_is_added_to_what_speaks_first(each_lab: Lab) -> None:
    """The database gets a TLS handshake where it waits for a login, and the client nothing."""
    added = with_tls("a.partner.example", 5432)

    with outside(each_lab, database("a.partner.example", C), added) as on:
        greet(on.backs, on.at(A), 5432, GREETING)
        assert told(on, C, 5432, LOGIN) == b""
        (seen,) = until(lambda: on.backs.seen[f"{on.at(A)}:5432"], lambda: "the database was told nothing")
        assert seen.path.startswith("\x16\x03")
    cache = entry("a.partner.example", port(6379, "REDIS", 6380), addresses=[C])
    with outside(each_lab, cache, with_tls("a.partner.example", 6379)) as on:
        serve(on, 6380, A, tls=Tls("system", "a.partner.example"))
        assert reached(on, 6379, C) == "A"


# What a client reads first that waits for the server's greeting, and one that speaks first, by what is declared.
GREETED = {
    ("TLS", "ALLOW_ANY"): (None, GREETING),
    ("TLS", "REGISTRY_ONLY"): (None, b""),
    ("HTTP", "ALLOW_ANY"): (None, GREETING),
    ("HTTP", "REGISTRY_ONLY"): (None, b""),
    ("TCP", "ALLOW_ANY"): (GREETING, GREETING),
    ("TCP", "REGISTRY_ONLY"): (GREETING, GREETING),
}


@pytest.mark.parametrize(("protocol", "outbound"), GREETED)
def test_who_speaks_first(protocol: str, outbound: str, each_lab: Lab) -> None:
    declared = entry("a.partner.example", port(5870, protocol), addresses=[A] if protocol == "TCP" else [])
    expected = GREETED[protocol, outbound]

    with outside(each_lab, declared, outbound=outbound) as on:
        greet(on.backs, on.at(A), 5870, GREETING)
        heard = told(on, A, 5870, wait=LIMIT if expected[0] else 1), told(on, A, 5870, LOGIN)

    assert heard == expected


def test_a_host_outside_that_a_service_takes_for_itself_is_never_left_for(each_lab: Lab) -> None:
    host = "a.partner.example"
    to = [{"destination": {"host": ORDERS.host, "port": {"number": 8080}}}]
    spec = {"hosts": [ORDERS.host, host], "http": [{"route": to}]}
    taken = document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)
    declared = entry(host, port(8080, "HTTP"))

    with outside(each_lab, declared) as on:
        serve(on, 8080, A)
        assert reached(on, 8080, A) == "A"
    with by_hand(each_lab, declared, taken, hosts=HOSTS) as on:
        serve(on, 8080, A)
        (seen,) = dialled(on, 8080, host=host, address=A)[1]
        assert seen.address == on.at(on.workload("orders.shop").app)
