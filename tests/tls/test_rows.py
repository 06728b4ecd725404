"""Rows and what is told of them, for all that stands at the edge of a mesh: kind of server by kind of client."""

from typing import Any, NamedTuple

import pytest

from meshguard.tls import words
from meshguard.tls.check import Row
from meshguard.tls.client import GATEWAY, NONE, SIDECAR, Client
from meshguard.tls.explain import caller_sees, explain
from meshguard.tls.facts import Settings
from meshguard.tls.verdict import CALLER, MESH
from tests.tls.given import ELSEWHERE, NEWEST, rows
from tests.tls.matrix import authentication, istio, kubernetes

HOST = "app.shop.svc.cluster.local"
LOCKED = NEWEST._replace(outbound_traffic="REGISTRY_ONLY")
AT_GATEWAY = Client(GATEWAY, "edge")
STRICT = authentication("shop", "default", {"mtls": {"mode": "STRICT"}})


def service(port: dict[str, Any], *, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "app"}, "ports": [port]}
    return kubernetes("Service", namespace, "app", spec, **more)


def pod(*containers: str, **labels: str) -> dict[str, Any]:
    made = kubernetes(
        "Pod",
        "shop",
        "app-0",
        {"nodeName": "n", "containers": [{"name": name} for name in ("app", *containers)]},
        labels={"app": "app", **labels},
    )
    return {**made, "status": {"phase": "Running"}}


def rule(**tls: Any) -> dict[str, Any]:
    spec = {"host": HOST, "trafficPolicy": {"tls": tls}}
    return istio("networking", "DestinationRule", "shop", "r", spec)


def entry(**spec: Any) -> dict[str, Any]:
    ports = [{"number": 443, "name": "p", "protocol": "TCP"}]
    return istio("networking", "ServiceEntry", "shop", "e", {"hosts": [HOST], "ports": ports, **spec})


MACHINE = istio("networking", "WorkloadEntry", "shop", "vm", {"address": "10.0.0.1", "labels": {"app": "app"}})
HTTP, TCP = {"name": "http", "port": 80}, {"name": "tcp", "port": 5432}
HIDDEN = service(HTTP, annotations={"networking.istio.io/exportTo": "."})
AMBIENT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio.io/dataplane-mode": "ambient"}},
}


class Case(NamedTuple):
    """Objects and who calls, and what has to be told: status, what the caller gets, and words of the sentences."""

    objects: list[dict[str, Any]]
    status: str
    sees: str
    words: tuple[str, ...]
    client: Client
    settings: Settings


def case(
    objects: list[dict[str, Any]],
    status: str,
    sees: str,
    *words: str,
    client: Client = ELSEWHERE,
    settings: Settings = NEWEST,
) -> Case:
    return Case(objects, status, sees, words, client, settings)


CASES = {
    "UDP": case([service({"port": 53, "protocol": "UDP"})], "plaintext", "", "UDP is not captured by sidecars"),
    "a port that is only named UDP": case(
        [service({"name": "udp-x", "port": 53}), STRICT],
        "CONFLICT",
        " UR",
        "has no listener for a port that is named UDP",
    ),
    "a port of the proxy's own": case(
        [service({"name": "http", "port": 15021})],
        "plaintext",
        "",
        "has no listener for a port that is the proxy's own",
    ),
    "a service that is not exported": case(
        [HIDDEN, STRICT],
        "CONFLICT",
        "503 UC",
        "which is not exported to its namespace: it passes on what it gets, plaintext",
    ),
    "and where nothing else gets out": case(
        [HIDDEN], "CONFLICT", "502 ", "nothing gets out (REGISTRY_ONLY)", "does not leave", settings=LOCKED
    ),
    "and over TCP": case(
        [service(TCP, annotations={"networking.istio.io/exportTo": "."})], "CONFLICT", " UH", settings=LOCKED
    ),
    "and from a gateway": case([HIDDEN], "CONFLICT", "503 NC", "there is nowhere to send to", client=AT_GATEWAY),
    "ambient mode": case(
        [service(HTTP), AMBIENT], "not judged", "", "The pods are in ambient mode", "cannot be told"
    ),
    "no container port of that name": case(
        [service({**HTTP, "targetPort": "web"}), pod("istio-proxy")],
        "not judged",
        "",
        "have no container port named 'web', so that nobody answers",
    ),
    "another name of a service": case(
        [
            service(HTTP),
            kubernetes("Service", "shop", "old", {"type": "ExternalName", "externalName": HOST, "ports": [HTTP]}),
        ],
        "OK",
        "",
    ),
    "a client certificate that is not there": case(
        [service(HTTP), STRICT, rule(mode="MUTUAL")], "CONFLICT", "503 UC", "It says MUTUAL without a certificate"
    ),
    "mutual TLS to an address that may take it": case(
        [entry(location="MESH_INTERNAL", resolution="DNS"), rule(mode="ISTIO_MUTUAL")],
        "not judged",
        "",
        "is said to be of the mesh, and may have a proxy or not",
    ),
    "plaintext to an address that may not take it": case([entry(location="MESH_INTERNAL")], "not judged", ""),
    "mutual TLS to a machine that may take it": case(
        [service(HTTP), MACHINE, rule(mode="ISTIO_MUTUAL")], "not judged", ""
    ),
    "plaintext to a machine": case([service(HTTP), MACHINE], "plaintext", "", "(WorkloadEntry shop/vm)"),
    "mutual TLS to a host outside": case(
        [entry(resolution="DNS"), rule(mode="ISTIO_MUTUAL")], "CONFLICT", " UF,URX"
    ),
    "mutual TLS to a gateway that may not open it": case(
        [service(HTTP), pod(**{"inject.istio.io/templates": "gateway"}), rule(mode="ISTIO_MUTUAL")],
        "not judged",
        "",
        "The pods are a gateway: what it takes is what Gateway objects say (Pod shop/app-0)",
    ),
    "TLS that looks like the mesh's": case(
        [service(HTTP), rule(mode="SIMPLE")],
        "CONFLICT",
        "503 URX,UF",
        "asks for a certificate of the mesh",
        settings=Settings((1, 18)),
    ),
    "plaintext to who expects TLS": case(
        [service({"name": "https", "port": 443}), pod()],
        "CONFLICT",
        "503 UC",
        "Plaintext reaches an application that expects TLS",
        client=AT_GATEWAY,
    ),
    "TLS to who expects plaintext": case(
        [service(HTTP), authentication("shop", "a", {"mtls": {"mode": "DISABLE"}}), rule(mode="SIMPLE")],
        "CONFLICT",
        "503 URX,UF",
        "expects plaintext HTTP and gets TLS",
    ),
    "unverified TLS over STRICT": case(
        [service(TCP), STRICT, rule(mode="SIMPLE", insecureSkipVerify=True)],
        "CONFLICT",
        " ",
        "a connection that is reset",
    ),
    "TLS to a port that an older service calls tcp": case(
        [
            service({**TCP, "targetPort": 8080}, creationTimestamp="2024-01-01T00:00:00Z"),
            kubernetes(
                "Service", "shop", "too", {"selector": {"app": "app"}, "ports": [{**HTTP, "targetPort": 8080}]}
            ),
            pod("istio-proxy"),
            istio(
                "networking",
                "DestinationRule",
                "shop",
                "r",
                {"host": "too.shop.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}},
            ),
        ],
        "CONFLICT",
        "503 URX,UF",
        "TLS reaches an application whose port is declared as plaintext",
    ),
    "no proxy, to a port without a protocol": case(
        [service({"port": 443}), STRICT], "CONFLICT", " ", "plaintext, or TLS that fares alike", client=Client(NONE)
    ),
    "no proxy at all": case(
        [service(TCP), STRICT], "CONFLICT", " ", "The caller has no proxy", client=Client(NONE)
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(name: str) -> None:
    asked = CASES[name]
    row = one(rows(asked.objects, asked.client, asked.settings))
    told = " | ".join(explain(row))

    assert row.verdict.status == asked.status
    for said in asked.words:
        assert said in told
    if row.verdict.status == "CONFLICT":
        seen = caller_sees(row)
        assert f"{seen.status} {seen.flags}" == asked.sees
        assert seen.words in told


def one(found: tuple[Row, ...]) -> Row:
    """Give the row of the one service, or of its other name."""
    return found[-1]


def test_what_is_said_of_udp_in_the_table() -> None:
    row = one(rows(CASES["UDP"].objects))
    assert (words.server(row), words.client(row), words.authn_policy(row)) == ("not captured", "plaintext", None)


def test_another_name_is_named() -> None:
    alias = rows(CASES["another name of a service"].objects)[-1]
    assert alias.host == "old.shop.svc.cluster.local"
    assert explain(alias)[0].startswith(f"old.shop.svc.cluster.local:80, another name of {HOST} (HTTP), called by")


def test_names_that_go_round_end_somewhere() -> None:
    names = [
        kubernetes(
            "Service",
            "shop",
            a,
            {"type": "ExternalName", "externalName": f"{b}.shop.svc.cluster.local", "ports": [HTTP]},
        )
        for a, b in (("a", "b"), ("b", "a"))
    ]
    assert {row.verdict.status for row in rows(names)} == {"plaintext"}


@pytest.mark.parametrize(
    ("mode", "name", "tls", "status"),
    [
        ("ISTIO_MUTUAL", "http", {"mode": "ISTIO_MUTUAL"}, "OK"),
        ("AUTO_PASSTHROUGH", "http", {"mode": "ISTIO_MUTUAL"}, "OK"),
        ("SIMPLE", "http", {"mode": "ISTIO_MUTUAL"}, "not judged"),
        ("SIMPLE", "http", {"mode": "SIMPLE"}, "app TLS"),
        ("PASSTHROUGH", "https", {"mode": "DISABLE"}, "app TLS"),
        ("ISTIO_MUTUAL", "http", {"mode": "DISABLE"}, "not judged"),
        ("", "http", {"mode": "DISABLE"}, "plaintext"),
    ],
)
def test_what_gateways_take_is_what_their_objects_say(
    mode: str, name: str, tls: dict[str, str], status: str
) -> None:
    gateway = istio(
        "networking",
        "Gateway",
        "shop",
        "g",
        {"selector": {"app": "app"}, "servers": [{"port": {"number": 80}, "tls": {"mode": mode}, "hosts": ["x"]}]},
    )
    (row,) = rows([service({"name": name, "port": 80}), pod("istio-proxy"), gateway, rule(**tls)])
    assert row.verdict.status == status


def test_of_two_services_of_one_name_the_callers_own_comes_first() -> None:
    entries = [
        istio(
            "networking",
            "ServiceEntry",
            namespace,
            "e",
            {
                "hosts": ["x.example"],
                "ports": [{"number": port, "name": "p", "protocol": "TCP"}],
                "resolution": "DNS",
            },
        )
        for namespace, port in (("a", 1), ("b", 2))
    ]
    assert [(row.port.number, row.sent.why) for row in rows(entries, Client(SIDECAR, "b"))] == [
        (1, "hidden"),
        (2, "external"),
    ]


def test_before_1_24_rules_of_one_host_were_merged_whoever_they_were_for() -> None:
    rules = [
        istio("networking", "DestinationRule", "shop", name, {"host": HOST, "exportTo": [place], **spec})
        for name, place, spec in (
            ("a", "web", {"subsets": [{"name": "v1", "labels": {"version": "v1"}}]}),
            ("b", "elsewhere", {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}),
        )
    ]
    modes = {
        version: one(rows([service(HTTP), *rules], Client(SIDECAR, "web"), Settings(version))).sent.layers
        for version in ((1, 23), (1, 24))
    }
    assert modes == {(1, 23): (), (1, 24): ("mTLS",)}


def test_machines_behind_a_named_port_are_those_that_know_it() -> None:
    machines = [
        istio(
            "networking",
            "WorkloadEntry",
            "shop",
            f"vm-{name}",
            {"address": "10.0.0.1", "labels": {"app": "app"}, "serviceAccount": "app", "ports": {name: 9}},
        )
        for name in ("web", "other")
    ]
    (row,) = rows([service({**HTTP, "targetPort": "web"}), *machines])
    assert [ref.name for ref in row.server.workloads] == ["vm-web"]
    assert (row.server.kind, row.server.port) == ("sidecar", 9)


def test_what_is_mirrored_is_called_too() -> None:
    spec = {"hosts": ["x"], "gateways": ["g"], "http": [{"mirrors": [{"destination": {"host": "app"}}]}]}
    routes = istio("networking", "VirtualService", "shop", "v", spec)
    assert [row.host for row in rows([service(HTTP), routes], AT_GATEWAY)] == [HOST]


def test_no_more_clients_are_named_than_a_reader_takes_in() -> None:
    some = [Client(SIDECAR, name) for name in "abcdefgh"]

    assert words.callers(some[:2]) == "a, b"
    assert words.callers(some) == "a, b, c, d, e and 3 more"
    assert words.callers(some[1:], some) == "all but a"
    assert words.callers(some[:3], some) == "a, b, c"


def shared(name: str, resolution: str, ports: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    made = {"hosts": ["x.example"], "location": "MESH_INTERNAL", "resolution": resolution, "ports": ports, **spec}
    created = f"2024-01-01T00:00:0{name[-1]}Z"
    return istio("networking", "ServiceEntry", "shop", name, made, creationTimestamp=created)


def test_addresses_of_one_host_and_name_of_a_port_are_put_together() -> None:
    http = {"number": 80, "name": "http", "protocol": "HTTP"}
    tls = {"number": 443, "name": "tls", "protocol": "TLS"}
    inside, outside = {"address": "10.0.0.1", "serviceAccount": "x"}, {"address": "10.0.0.2"}
    objects = [
        shared("e0", "STATIC", [http], endpoints=[inside]),
        shared("e1", "STATIC", [http, tls], endpoints=[outside]),
        shared("e2", "STATIC", [http]),
    ]
    found = {(row.port.number, row.server.kind): row.sent.layers for row in rows(objects)}

    assert found == {(80, "sidecar"): (MESH,), (80, "outside"): (), (443, "outside"): (CALLER,)}


def test_what_is_hidden_behind_another_is_passed_on() -> None:
    ports = [{"number": 443, "name": "tls", "protocol": "TCP"}]
    objects = [
        shared("e0", "DNS", [{"number": 80, "name": "http", "protocol": "HTTP"}]),
        shared("e1", "NONE", ports),
    ]
    row = rows(objects)[-1]

    assert (row.port.number, row.sent.why, row.sent.layers) == (443, "hidden", ())
    assert explain(row)[1] == (
        "The client's proxy has nothing for this port, as something else of this host comes first, and the two are"
        " not made one: it passes on what it gets, plaintext"
    )


def test_another_name_leads_to_what_is_not_exported() -> None:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
    alias = kubernetes(
        "Service", "web", "old", {"type": "ExternalName", "externalName": "x.example", "ports": [{"port": 80}]}
    )
    found = rows([shared("e0", "DNS", ports, exportTo=["."]), alias])

    assert [(row.host, row.sent.why) for row in found] == [("old.web.svc.cluster.local", "not-exported")]


@pytest.mark.parametrize(
    ("name", "resolution", "more", "expected"),
    [
        ("http", "DNS", {}, ()),
        ("other", "DNS", {}, ()),
        ("http", "NONE", {}, (MESH,)),
        ("http", "STATIC", {}, (MESH,)),
        ("other", "STATIC", {"endpoints": [{"address": "10.0.0.1", "serviceAccount": "x"}]}, (MESH,)),
        ("other", "STATIC", {"endpoints": [{"address": "10.0.0.1"}]}, ()),
        ("http", "STATIC", {"workloadSelector": {"labels": {"app": "nobody"}}}, (MESH,)),
    ],
)
def test_addresses_of_an_entry_count_beside_the_pods_of_a_headless_service(
    name: str, resolution: str, more: dict[str, Any], expected: tuple[str, ...]
) -> None:
    headless = service(HTTP)
    headless["spec"]["clusterIP"] = "None"
    ports = [{"number": 80, "name": name, "protocol": "HTTP"}]
    found = rows([headless, pod("istio-proxy"), shared("e1", resolution, ports, hosts=[HOST], **more)])

    assert [row.sent.layers for row in found if row.server.kind == "sidecar"][:1] == [expected]


def test_a_host_where_nothing_has_an_address_has_no_sidecars() -> None:
    objects = [shared("e1", "NONE", [{"number": 80, "name": "http", "protocol": "HTTP"}])]

    assert [(row.sent.why, row.sent.layers) for row in rows(objects)] == [("not-all-marked", ())]


@pytest.mark.parametrize(
    ("exported", "caller", "status"),
    [
        ("~", Client(SIDECAR, "shop"), "not judged"),
        ("~", Client(SIDECAR, "web"), "plaintext"),
        ("~,web", Client(SIDECAR, "web"), "plaintext"),
        ("~,*", Client(SIDECAR, "web"), "not judged"),
        ("~,*", Client(NONE), "plaintext"),
    ],
)
def test_the_pods_of_a_service_for_nobody_are_not_known(exported: str, caller: Client, status: str) -> None:
    hidden = service(HTTP, annotations={"networking.istio.io/exportTo": exported})
    rules = [{"route": [{"destination": {"host": HOST}}]}]
    routes = istio("networking", "VirtualService", "shop", "v", {"hosts": [HOST], "http": rules, "exportTo": ["."]})
    row = one(rows([hidden, pod("istio-proxy"), routes], caller))

    assert row.verdict.status == status
    assert any("exportTo of the Service has '~'" in told for told in explain(row)) is (status == "not judged")


@pytest.mark.parametrize(("account", "expected"), [({"serviceAccount": "x"}, (MESH,)), ({}, ())])
def test_an_entry_without_resolution_counts_the_addresses_of_others(
    account: dict[str, str], expected: tuple[str, ...]
) -> None:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
    endpoints = [{"address": "10.0.0.1", **account}]
    found = rows([shared("e0", "NONE", ports), shared("e1", "STATIC", ports, endpoints=endpoints)])

    assert {row.sent.layers for row in found} == {expected}
