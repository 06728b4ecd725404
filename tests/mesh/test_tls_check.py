"""What the table of tls-check says is what Istio's own code makes of the same objects, on both versions."""

import json
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest
import yaml

from meshguard.tls.client import GATEWAY, SIDECAR, Client
from meshguard.tls.destination_rule import obeyed, prepare
from meshguard.tls.verdict import CALLER
from tests.mesh.istio import Istio, Mesh, Proxy, admit, generate
from tests.mesh.observed import received, rule, rule_of
from tests.mesh.observed import sent as seen_sent
from tests.mesh.settled import said_and_seen, version_of
from tests.tls import lookups, made_up
from tests.tls.given import understood
from tests.tls.lookups import LOOKUPS, Lookup, objects
from tests.tls.matrix import CLIENTS, HOST, PORTS, ROOT, SERVERS, TRAFFIC, Cell, cells, documents, kubernetes
from tests.tls.refused import REFUSED
from tests.tls.reported import Reported, reported

CALLER_PROXY = Proxy("sidecar", "caller", "callers", "10.9.9.9")
MESH_WIDE = "mesh STRICT"


def world(server: str, clients: Iterable[str]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for index, client in enumerate(clients):
        namespace = f"n{list(SERVERS).index(server)}-{index}"
        address = f"10.1.{list(SERVERS).index(server)}.{index + 1}"
        objects = list(documents(server, client, namespace))
        objects += running(namespace, address)
        yield client, address, objects


def running(namespace: str, address: str) -> Iterator[dict[str, Any]]:
    """Give the pod and the endpoints of the service, and its address."""
    labels = {"app": HOST, "security.istio.io/tlsMode": "istio"}
    pod = {"containers": [{"name": "app"}, {"name": "istio-proxy"}]}
    status = {"podIP": address, "phase": "Running"}
    yield {**kubernetes("Pod", namespace, f"{HOST}-0", pod, labels=labels), "status": status}
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": HOST, "namespace": namespace, "labels": {"kubernetes.io/service-name": HOST}},
        "addressType": "IPv4",
        "ports": [{"name": name, "port": number} for name, number in PORTS.items()],
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "name": f"{HOST}-0", "namespace": namespace},
            }
        ],
    }


@pytest.mark.parametrize("servers", [[name for name in SERVERS if name != MESH_WIDE], [MESH_WIDE]], ids=len)
def test_matrix(servers: list[str], istio: Istio) -> None:
    objects: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for server in servers:
        for client, address, found in world(server, CLIENTS):
            objects |= {json.dumps(one): one for one in found}
            places[server, client] = found[-1]["metadata"]["namespace"], address
    proxies = [
        Proxy("sidecar", f"{HOST}-0", namespace, address, {"app": HOST}) for namespace, address in places.values()
    ]
    caller, *pods = generate(istio, list(objects), [CALLER_PROXY, *proxies], Mesh())
    observed = [
        cell(place, traffic, caller, pod)
        for (place, pod) in zip(places.items(), pods, strict=True)
        for traffic in TRAFFIC
    ]
    assert observed == [one for one in cells() if one.server in servers]


def cell(place: Any, traffic: str, caller: Any, pod: Any) -> Cell:
    (server, client), (namespace, address) = place
    port, speaks_tls = TRAFFIC[traffic]
    layer = seen_sent(caller, f"{HOST}.{namespace}.svc.cluster.local", PORTS[port], address)
    own = (CALLER,) if speaks_tls else ()
    layers = own if layer is None else (layer, *own)
    return Cell(server, client, traffic, layers, received(pod, PORTS[port], layers[0] if layers else None))


@pytest.mark.parametrize("lookup", LOOKUPS, ids=lambda lookup: lookup.name)
def test_the_rule_that_counts(lookup: Lookup, istio: Istio) -> None:
    namespace, _, app = lookup.caller.partition(":")
    kind = "router" if lookup.kind == "gateway" else "sidecar"
    caller = Proxy(kind, "caller", namespace, "10.9.9.9", {"app": app} if app else {})
    (given,) = generate(istio, [json.dumps(one) for one in objects(lookup)], [caller], Mesh())

    assert rule(given, lookups.HOST, lookups.PORT) == lookup.counts


CALLERS = (
    Client(SIDECAR, "web"),
    Client(SIDECAR, "web", (("app", "me"),)),
    Client(SIDECAR, "shop"),
    Client(SIDECAR, ROOT),
    Client(GATEWAY, "web", (("app", "me"),)),
    Client(GATEWAY, ROOT),
)


def test_every_pair_of_rules(istio: Istio) -> None:
    cases = dict(lookups.pairs())
    documents = [one for found in cases.values() for one in found]
    facts = understood("\n---\n".join(map(json.dumps, documents)), version_of(istio)).world
    ready = prepare(facts.rules, facts.settings)
    kinds = {SIDECAR: "sidecar", GATEWAY: "router"}
    proxies = [
        Proxy(kinds[one.kind], f"caller-{index}", one.namespace, f"10.9.9.{index}", dict(one.labels))
        for index, one in enumerate(CALLERS)
    ]
    given = generate(istio, [json.dumps(one) for one in documents], proxies, Mesh())
    for caller, seen in zip(CALLERS, given, strict=True):
        told = {
            host: obeyed(ready, facts.settings, (caller.namespace, dict(caller.labels)), host, "shop")
            for host in cases
        }
        names = {host: "-" if found is None else found.merged.rule.ref.name for host, found in told.items()}
        made = {one["name"]: one for one in seen.clusters}
        assert {host: rule_of(made[f"outbound|{lookups.PORT}||{host}"]) for host in cases} == names


CLIENTS_MADE_UP = (
    Client(GATEWAY, ROOT, (("app", "s0"),)),  # first: later ones get what was made for sidecars of their namespace
    Client(GATEWAY, "b"),
    Client(SIDECAR, "a", (("app", "s0"), ("version", "v1"))),
    Client(SIDECAR, "a"),
    Client(SIDECAR, "b", (("app", "s1"),)),
    Client(SIDECAR, "elsewhere"),
    Client(SIDECAR, ROOT),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1000 if metafunc.config.getoption("--truth") else 25))


def test_made_up_mesh(seed: int, istio: Istio) -> None:
    made = made_up.make(Random(seed))
    mesh = Mesh(made.outbound_traffic, made.root_namespace, made.auto_mtls, *made.exports)
    said, seen = said_and_seen(made.objects, CLIENTS_MADE_UP, istio, mesh)
    if said != seen:  # about once in 4,000 times it answers before the last endpoint has reached it
        said, seen = said_and_seen(made.objects, CLIENTS_MADE_UP, istio, mesh)

    assert (said.sent, said.taken) == (seen.sent, seen.taken)


@pytest.mark.parametrize("cluster", tuple(reported()), ids=lambda cluster: cluster.name)
def test_reported_cluster(cluster: Reported, istio: Istio) -> None:
    mesh = Mesh(auto_mtls="enableAutoMtls: false" not in cluster.text)
    for asked in cluster.runs:
        callers = tuple(_client(word) for word in asked.arguments if word[:2] != "--" and word != "none")
        said, seen = said_and_seen(plain(cluster.text), callers, istio, mesh)

        assert (said.sent, said.taken) == (seen.sent, seen.taken)


@pytest.mark.parametrize("said", REFUSED)
def test_what_istio_refuses_is_left_out(said: str, istio: Istio) -> None:
    refused, _ = admit(istio, json.dumps(REFUSED[said]))

    assert refused


def _client(word: str) -> Client:
    kind, _, namespace = word.rpartition("=")
    return Client(kind or SIDECAR, namespace)


def plain(text: str) -> list[dict[str, Any]]:
    """Give the objects of manifests, Lists unfolded."""
    documents = [one for one in yaml.safe_load_all(text) if one is not None]
    return [item for one in documents for item in (one["items"] if one["kind"] == "List" else [one])]
