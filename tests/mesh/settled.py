"""Objects of people in, what tls-check and what Istio's own code make of them out, to be compared.

Pods, endpoints and addresses, which a cluster would add, are added here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple, TypeAlias

from meshguard.tls.check import Row, check
from meshguard.tls.client import SIDECAR, Client
from meshguard.tls.facts import Ref, Service, Settings, Workload, World, covers
from meshguard.tls.server import MARK, container_port, injection_of, selected
from meshguard.tls.verdict import CALLER, KEPT_BACK, MESH, RULE
from meshguard.tls.verdict import received as decided
from tests.mesh.istio import Istio, Json, Mesh, Proxy, Resources, generate
from tests.mesh.observed import UNKNOWN, received
from tests.mesh.observed import sent as seen_sent
from tests.tls.given import understood
from tests.tls.matrix import kubernetes

READY = {"type": "Ready", "status": "True"}
_UNKNOWN = frozenset(
    {"not-exported", "not-imported", "hidden", "alias", "named-udp", "udp"}
)  # why there is no cluster
UNTOLD = "untold"  # there is a cluster, and what it does depends on more than objects
_ENTRIES = frozenset({"ServiceEntry", "WorkloadEntry"})
_ISTIO = ("networking.istio.io/", "security.istio.io/")
_PODS = frozenset({"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


Key: TypeAlias = tuple[str, str, str]  # kind, namespace and name


class Way(NamedTuple):
    """From whom to what; `server` is a pod or an address, None where a name is all that is known."""

    client: Client
    host: str
    port: int
    subset: str
    server: Ref | None


class Said(NamedTuple):
    """What is sent on each way, and what ports of pods do with plaintext, mutual TLS and other TLS."""

    sent: dict[Way, str | None]
    taken: dict[tuple[Ref, int], tuple[str, ...]]


def said_and_seen(objects: list[Json], clients: tuple[Client, ...], istio: Istio, mesh: Mesh) -> tuple[Said, Said]:
    """Give what tls-check says, and what Istio has done with the same objects."""
    settings = version_of(istio)._replace(
        auto_mtls=mesh.auto_mtls,
        outbound_traffic=mesh.outbound_traffic,
        root_namespace=mesh.root_namespace,
        service_export=frozenset(mesh.service_export or "*"),
        route_export=frozenset(mesh.route_export or "*"),
        rule_export=frozenset(mesh.rule_export or "*"),
    )
    world = understood("\n---\n".join(map(json.dumps, objects)), settings).world
    rows = check(world, clients)
    world = _assumed(world)
    addresses = _addresses(world) | dict(_written(objects))
    callers = [_caller(index, client) for index, client in enumerate(clients)]
    pods = {pod.ref: pod for pod in _workloads(world) if injection_of(world, pod).kind == "sidecar"}
    proxies = [
        Proxy("sidecar", ref.name, ref.namespace, addresses[_key(ref)], pod.labels) for ref, pod in pods.items()
    ]
    documents = [json.dumps(one) for one in (*_kept(objects), *_running(world, addresses))]
    given = generate(istio, documents, [*callers, *proxies], mesh)
    by_client = dict(zip(clients, given, strict=False))
    by_pod = dict(zip(pods, given[len(callers) :], strict=True))
    said = Said(_sent(world, rows), dict(_taken(rows)))
    seen = Said(
        {way: _seen(by_client[way.client], way, addresses, told) for way, told in said.sent.items()},
        {
            (ref, port): tuple(received(by_pod[ref], port, layer) for layer in (None, MESH, RULE))
            for ref, port in said.taken
        },
    )
    return said, seen


def _assumed(world: World) -> World:
    """Add the pods that a Service is taken to have where none is known."""
    added = dict(world.workloads)
    for service in (one for listed in world.services.values() for one in listed if not one.is_entry):
        if service.selector is not None and not any(selected(world, service)):
            ref = Ref("Pod", service.ref.namespace, f"pod-of-{service.ref.name}", service.ref.span)
            named = (port for port in service.ports if isinstance(port.target, str))
            pod = Workload(
                ref=ref,
                labels={**service.selector, MARK: "istio"},
                annotations={},
                ports={str(port.target): 9000 + port.number % 1000 for port in named},
                is_host_network=False,
                proxy="sidecar",
                is_pod=True,
            )
            added[ref.namespace] = (*added.get(ref.namespace, ()), pod)
    return world._replace(workloads=added)


def version_of(istio: Istio) -> Settings:
    """Give settings that say no more than the version."""
    major, minor = istio.minor.split(".")
    return Settings((int(major), int(minor)))


def _caller(index: int, client: Client) -> Proxy:
    kind = "sidecar" if client.kind == SIDECAR else "router"
    return Proxy(kind, f"caller-{index}", client.namespace, f"10.9.9.{index + 1}", dict(client.labels))


def _workloads(world: World) -> list[Workload]:
    return [one for listed in world.workloads.values() for one in listed]


def _key(ref: Ref) -> Key:
    return ref.kind, ref.namespace, ref.name


def _addresses(world: World) -> dict[Key, str]:
    return {_key(one.ref): f"10.1.{index >> 8}.{index % 256}" for index, one in enumerate(_workloads(world), 1)}


def _written(objects: Iterable[Json]) -> Iterator[tuple[Key, str]]:
    """Give the addresses that people wrote themselves."""
    for one in objects:
        key = one["kind"], one["metadata"].get("namespace", "default"), one["metadata"]["name"]
        if one["kind"] not in _ENTRIES:
            continue
        for entry in (one["spec"], *one["spec"].get("endpoints", ())):
            if "address" in entry:
                yield key, entry["address"]


def _kept(objects: Iterable[Json]) -> Iterator[Json]:
    """Give what stays as it is, of what Istio heeds; the API server adds an address to a Service."""
    for index, one in enumerate(objects, 1):
        metadata, spec = {"namespace": "default", **one["metadata"]}, one.get("spec", {})
        if one["kind"] == "Service" and spec.get("type") != "ExternalName":
            ports = [{"targetPort": port["port"], **port} for port in spec["ports"]]
            spec = {"clusterIP": f"10.2.{index >> 8}.{index % 256}", **spec, "ports": ports}
        if one["kind"] == "Namespace":
            yield one
        elif one["kind"] == "Service" or one["apiVersion"].startswith(_ISTIO):
            yield {**one, "metadata": metadata, "spec": _with_full_name(spec, metadata["namespace"])}


def _with_full_name(spec: Json, namespace: str) -> Json:
    """Write the host of a rule in full, which istiod does when it reads from a cluster."""
    host = spec.get("host", ".")
    return spec if "." in host or host == "*" else {**spec, "host": f"{host}.{namespace}.svc.cluster.local"}


def _running(world: World, addresses: Mapping[Key, str]) -> Iterator[Json]:
    for pod in _workloads(world):
        has_sidecar = injection_of(world, pod).kind == "sidecar"
        labels = {**({MARK: "istio"} if has_sidecar else {}), **pod.labels}
        ports = [{"name": name, "containerPort": number} for name, number in pod.ports.items()]
        containers = [{"name": "app", "ports": ports}, *([{"name": "istio-proxy"}] if has_sidecar else [])]
        made = kubernetes("Pod", pod.ref.namespace, pod.ref.name, {"containers": containers}, labels=labels)
        yield {**made, "status": {"podIP": addresses[_key(pod.ref)], "phase": "Running", "conditions": [READY]}}
    for listed in world.services.values():
        for service in listed:
            if service.selector is not None and not service.is_entry:
                yield from _slices(world, service, addresses)


def _slices(world: World, service: Service, addresses: Mapping[Key, str]) -> Iterator[Json]:
    """Give the endpoints of each pod, whose numbers of named ports may differ."""
    for index, pod in enumerate(world.workloads.get(service.ref.namespace, ())):
        numbers = {port.name: container_port(port, pod) for port in service.ports}
        if covers(service.selector or {}, pod.labels):
            reference = {"kind": "Pod", "name": pod.ref.name, "namespace": pod.ref.namespace}
            yield {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{service.ref.name}-{index}",
                    "namespace": service.ref.namespace,
                    "labels": {"kubernetes.io/service-name": service.ref.name},
                },
                "addressType": "IPv4",
                "ports": [{"name": name, "port": number} for name, number in numbers.items() if number],
                "endpoints": [
                    {"addresses": [addresses[_key(pod.ref)]], "conditions": {"ready": True}, "targetRef": reference}
                ],
            }


def _sent(world: World, rows: Iterable[Row]) -> dict[Way, str | None]:
    """Give what is said of each way; what is not said of a subset is what is said of the whole."""
    found: dict[Way, str | None] = {}
    labels = {one.ref: one.labels for one in _workloads(world)}
    for row in sorted(rows, key=lambda row: not row.subset):
        layer = next((one for one in row.sent.layers if one != CALLER), None)
        known = () if row.sent.obeyed is None or row.subset else row.sent.obeyed.merged.subsets
        for client, ref in (
            () if row.subset and not row.server.workloads else product(row.clients, row.server.workloads or [None])
        ):
            way = Way(client, row.service.host, row.port.number, row.subset, ref)
            found[way] = UNKNOWN if row.sent.why in _UNKNOWN else layer
            if row.verdict.reception == KEPT_BACK and found[way] != UNKNOWN:
                found[way] = UNTOLD
            for subset in known:
                if ref in labels and covers(subset.labels, labels[ref]):
                    found.setdefault(way._replace(subset=subset.name), found[way])
    return found


def _seen(caller: Resources, way: Way, addresses: Mapping[Key, str], told: str | None) -> str | None:
    name, namespace = way.host.split(".")[:2]
    unseen = "Pod", namespace, f"pod-of-{name}"
    address = addresses.get(unseen if way.server is None else _key(way.server), "")
    seen = seen_sent(caller, way.host, way.port, address, way.subset)
    return UNTOLD if told == UNTOLD and seen != UNKNOWN else seen


def _taken(rows: Iterable[Row]) -> Iterator[tuple[tuple[Ref, int], tuple[str, ...]]]:
    for row in rows:
        server = row.server
        if server.kind == "sidecar" and server.accepted is not None and server.port is not None:
            mode, kind = server.accepted.mode, server.listener
            for ref in server.workloads:
                if ref.kind in _PODS:
                    yield (ref, server.port), tuple(decided(mode, kind, layer) for layer in (None, MESH, RULE))
