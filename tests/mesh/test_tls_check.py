"""What the table of tls-check says is what Istio's own code makes of the same objects, on both versions."""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from random import Random
from typing import Any

import pytest

from meshguard.tls.client import GATEWAY, SIDECAR, Client, Target, sent
from meshguard.tls.destination_rule import obeyed, prepare
from meshguard.tls.facts import Settings, World
from meshguard.tls.server import servers
from meshguard.tls.verdict import CALLER, MESH, RULE
from meshguard.tls.verdict import received as decided
from tests.mesh.istio import Istio, Mesh, Proxy, Resources, generate
from tests.mesh.observed import UNKNOWN, received, rule
from tests.mesh.observed import sent as seen_sent
from tests.tls import lookups, made_up
from tests.tls.given import understood
from tests.tls.lookups import LOOKUPS, Lookup, objects
from tests.tls.matrix import CLIENTS, HOST, PORTS, ROOT, SERVERS, TRAFFIC, Cell, cells, documents, kubernetes

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


CLIENTS_MADE_UP = (
    Client(SIDECAR, "a", (("app", "s0"), ("version", "v1"))),
    Client(SIDECAR, "a"),
    Client(SIDECAR, "b", (("app", "s1"),)),
    Client(SIDECAR, "elsewhere"),
    Client(SIDECAR, ROOT),
    Client(GATEWAY, ROOT, (("app", "s0"),)),
    Client(GATEWAY, "b"),
)


@pytest.mark.parametrize("seed", range(25))
def test_made_up_mesh(seed: int, istio: Istio) -> None:
    mesh = made_up.make(Random(seed))
    version = tuple(map(int, istio.minor.split(".")))
    settings = Settings((version[0], version[1]), auto_mtls=mesh.auto_mtls)
    facts = understood("\n---\n".join(map(json.dumps, mesh.objects)), settings).world
    proxies = [_proxy(index, client) for index, client in enumerate(CLIENTS_MADE_UP)]
    pods = [pod for pod in mesh.pods if pod.has_sidecar]
    proxies += [Proxy("sidecar", pod.name, pod.namespace, pod.address, pod.labels) for pod in pods]
    given = generate(istio, [json.dumps(one) for one in mesh.objects], proxies, Mesh(auto_mtls=mesh.auto_mtls))
    callers = dict(zip(CLIENTS_MADE_UP, given, strict=False))
    servers_ = {(pod.namespace, pod.name): one for pod, one in zip(pods, given[len(callers) :], strict=True)}
    told = dict(_told(facts))
    assert {key: _seen(callers[key[0]], key, mesh) for key in told} == told
    for (namespace, name, port), expected in _taken(facts):
        taken = tuple(received(servers_[namespace, name], port, layer) for layer in (None, MESH, RULE))
        assert (namespace, name, port, taken) == (namespace, name, port, expected)


def _proxy(index: int, client: Client) -> Proxy:
    kind = "sidecar" if client.kind == SIDECAR else "router"
    return Proxy(kind, f"caller-{index}", client.namespace, f"10.9.9.{index + 1}", dict(client.labels))


def _told(facts: World) -> Iterator[tuple[tuple[Client, str, int, str, str], str | None]]:
    """Give what tls-check says each client sends to each pod, for all subsets that the client knows."""
    rules = prepare(facts.rules, facts.settings)
    for service in (one for listed in facts.services.values() for one in listed):
        for client, port in product(CLIENTS_MADE_UP, service.ports):
            all_servers = servers(facts, service, port)
            found = obeyed(
                rules, facts.settings, (client.namespace, dict(client.labels)), service.host, service.ref.namespace
            )
            subsets = () if found is None or service.resolution == "headless" else found.merged.subsets
            for subset in (None, *subsets):
                for server in servers(facts, service, port, None if subset is None else subset.labels):
                    what = sent(facts, rules, client, Target(service, port, subset, all_servers), server)
                    layer = next((one for one in what.layers if one != CALLER), None)
                    layer = UNKNOWN if what.why in {"not-exported", "named-udp"} else layer
                    for name in [ref.name for ref in server.workloads] or [""]:
                        yield (
                            (client, service.host, port.number, "" if subset is None else subset.name, name),
                            layer,
                        )


def _seen(caller: Resources, key: tuple[Client, str, int, str, str], mesh: made_up.Mesh) -> str | None:
    _, host, port, subset, name = key
    address = next((pod.address for pod in mesh.pods if pod.name == name), "10.3.0.1")
    return seen_sent(caller, host, port, address, subset)


def _taken(facts: World) -> Iterator[tuple[tuple[str, str, int], tuple[str, str, str]]]:
    for service in (one for listed in facts.services.values() for one in listed):
        for port in service.ports:
            for server in servers(facts, service, port):
                for ref in server.workloads if server.kind == "sidecar" and not service.is_entry else ():
                    assert server.accepted is not None
                    assert server.port is not None
                    mode, kind = server.accepted.mode, server.listener
                    expected = tuple(decided(mode, kind, layer) for layer in (None, MESH, RULE))
                    yield (ref.namespace, ref.name, server.port), (expected[0], expected[1], expected[2])
