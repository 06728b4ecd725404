"""Services that meshguard rendered in, a whole cluster around them out: as documents for Istio, with addresses.

Everything stands in 127.1.0.0/16, and `envoy` moves it to where nothing else listens: pod n is 127.1.10.n, its
application 127.1.11.n (a sidecar keeps the pod's own address), its Service 127.1.12.n, hosts outside 127.1.13.n.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from meshguard.model import BackendTLS, Port, Service, ports_of, served_routes
from meshguard.policy import Facts, Gateway
from meshguard.targets import Rendered
from tests.mesh.backends import Tls
from tests.mesh.certificates import certificate
from tests.mesh.istio import Mesh, Proxy

HTTP_PORT, HTTPS_PORT = 8080, 8443  # of a gateway's pods


class ServicePort(NamedTuple):
    """A port of a Service; `target` is the pod's. `tls` is what an application shows that speaks TLS itself.

    Where the pod has a sidecar, `captured` tells whether it takes what comes in on the port. An application with a
    `greeting` speaks no HTTP, and first.
    """

    number: int
    name: str
    protocol: str
    target: int
    tls: Tls | None = None
    captured: bool = True
    greeting: bytes = b""


class Workload(NamedTuple):
    """A Service with one pod, whose application is `app`. `number` decides its addresses.

    A workload `of` another one is a further pod of that one's Service, and has none of its own.
    """

    name: str
    namespace: str
    number: int
    ports: tuple[ServicePort, ...]
    labels: Mapping[str, str]
    sidecar: bool = True
    of: str = ""

    @property
    def pod(self) -> str:
        return f"127.1.10.{self.number}"

    @property
    def app(self) -> str:
        return f"127.1.11.{self.number}" if self.sidecar else self.pod

    @property
    def vip(self) -> str:
        return f"127.1.12.{self.number}"

    @property
    def host(self) -> str:
        return f"{self.of or self.name}.{self.namespace}.svc.cluster.local"

    def behind(self, port: ServicePort) -> str:
        """Give where the application listens."""
        return self.app if port.captured else self.pod


class World(NamedTuple):
    """A cluster: who is in it by name (`orders.checkout-prod`), and what the API server holds."""

    workloads: Mapping[str, Workload]
    documents: tuple[str, ...]
    mesh: Mesh


def world(
    facts: Facts,
    services: Iterable[tuple[Service, Facts, Rendered]] = (),
    more: Iterable[Workload] = (),
    documents: Iterable[str] = (),
    *,
    sidecars: bool = True,
) -> World:
    """Build the cluster around rendered services: those that they send to, their gateways, and what is given."""
    found = tuple(services)
    workloads: dict[str, Workload] = {}
    for service, own, _ in found:
        for name, ports in _services_of(service, own):
            namespace = own.identity.namespace or ""
            _add(workloads, Workload(name, namespace, 0, ports, labels_of(name, own), sidecars))
    for gateway in facts.gateways.values():
        name, _, namespace = gateway_name(gateway).partition(".")
        _add(workloads, Workload(name, namespace, 0, _GATEWAY_PORTS, {"gateway": gateway.name}, sidecar=False))
    for workload in more:
        _add(workloads, workload)
    rendered = [manifest.text for _, _, one in found for manifest in one.manifests]
    return World(
        workloads,
        (
            *_surroundings(workloads.values(), facts),
            *(document for workload in workloads.values() for document in documents_of(workload)),
            *rendered,
            *documents,
        ),
        Mesh(facts.mesh.outbound_traffic, facts.mesh.root_namespace),
    )


def sidecar(workload: Workload) -> Proxy:
    """Give the sidecar of a workload as istiod sees it."""
    return Proxy("sidecar", workload.name, workload.namespace, workload.pod, _pod_labels(workload))


def router(workload: Workload) -> Proxy:
    """Give a gateway as istiod sees it."""
    return Proxy("router", workload.name, workload.namespace, workload.pod, _pod_labels(workload))


def labels_of(name: str, facts: Facts) -> dict[str, str]:
    """Give the labels of a service's pods, as the policy has them."""
    found = facts.policy.pod_labels or {"app": "{service}"}
    return {key: text.replace("{service}", name) for key, text in found.items()}


def gateway_name(gateway: Gateway) -> str:
    """Give the name of the workload that is this gateway: `gateway-public.istio-ingress`."""
    return f"gateway-{gateway.name}.{gateway.workload_namespace}"


def _add(workloads: dict[str, Workload], one: Workload) -> None:
    """Add a workload, or its ports to those that are known of it."""
    key = f"{one.name}.{one.namespace}"
    known = workloads.get(key)
    if known is None:
        workloads[key] = one._replace(number=len(workloads) + 1)
    else:
        numbers = {port.number for port in known.ports}
        added = tuple(port for port in one.ports if port.number not in numbers)
        workloads[key] = known._replace(ports=known.ports + added)


def _services_of(service: Service, facts: Facts) -> Iterator[tuple[str, tuple[ServicePort, ...]]]:
    """Give the service itself and each other one that its routes name, with its ports."""
    yield str(facts.identity.service), tuple(map(_port, service.ports))
    for routing, route in served_routes(service):
        for port in ports_of(service, routing, route):
            others = [(backend.service, backend.port) for backend in route.backends]
            if route.mirror is not None:
                others.append((route.mirror.service, route.mirror.port))
            for name, said in others:
                number = said or port.number
                target = number if number >= 1024 else number + 20000
                yield name, (ServicePort(number, f"{port.protocol.lower()}-{number}", port.protocol, target),)


def _port(port: Port) -> ServicePort:
    """Give a port as it is deployed: what speaks TLS shows what the values say that it does."""
    tls = None
    if port.protocol in {"HTTPS", "TLS"}:
        said = port.tls or BackendTLS(port.at, None, "system", None, insecure_skip_verify=False)
        signer = "unknown" if said.insecure_skip_verify else said.client_certificate or said.ca_certificates
        tls = Tls(signer, said.server_name or "backend", said.client_certificate)
    return ServicePort(port.number, port.name, port.protocol, port.target, tls, captured=not port.bypass_mesh)


_GATEWAY_PORTS = (
    ServicePort(80, "http2", "HTTP2", HTTP_PORT),
    ServicePort(443, "https", "HTTPS", HTTPS_PORT),
)


def _surroundings(workloads: Iterable[Workload], facts: Facts) -> Iterator[str]:
    """Give namespaces, Gateways, and the modes of mutual TLS that the policy tells of."""
    mesh = facts.mesh
    for namespace in sorted({workload.namespace for workload in workloads} | {mesh.root_namespace}):
        labels = {"istio-injection": "enabled", "kubernetes.io/metadata.name": namespace}
        yield document("v1", "Namespace", namespace, None, labels=labels)
    for gateway in facts.gateways.values():
        yield _gateway(gateway)
        yield _secret(f"{gateway.name}-certificate", gateway.workload_namespace)
    yield peer_authentication(mesh.root_namespace, "default", mesh.mtls)
    for namespace, mode in sorted(mesh.namespaces.items()):
        yield peer_authentication(namespace, "default", mode)


def _secret(name: str, namespace: str) -> str:
    made = certificate("system", ("gateway",))
    data = {"tls.crt": b64encode(made.chain.encode()).decode(), "tls.key": b64encode(made.key.encode()).decode()}
    return document("v1", "Secret", name, namespace, type="kubernetes.io/tls", data=data)


def peer_authentication(namespace: str, name: str, mode: str) -> str:
    """Give the mode of a namespace, or of the mesh."""
    return document("security.istio.io/v1", "PeerAuthentication", name, namespace, spec={"mtls": {"mode": mode}})


def _gateway(gateway: Gateway) -> str:
    namespace, _, name = gateway.gateway.partition("/")
    if gateway.tls == "passthrough":
        servers = [_server(443, "tls", "TLS", {"mode": "PASSTHROUGH"})]
    else:
        opened = {"mode": "SIMPLE", "credentialName": f"{gateway.name}-certificate"}
        servers = [_server(80, "http", "HTTP", None), _server(443, "https", "HTTPS", opened)]
    spec = {"selector": {"gateway": gateway.name}, "servers": servers}
    return document("networking.istio.io/v1", "Gateway", name, namespace, spec=spec)


def _server(number: int, name: str, protocol: str, tls: Mapping[str, Any] | None) -> dict[str, Any]:
    port = {"number": number, "name": name, "protocol": protocol}
    return {"port": port, "hosts": ["*"], **({} if tls is None else {"tls": tls})}


def documents_of(workload: Workload) -> Iterator[str]:
    """Give the Service, the Pod and the EndpointSlice of a workload."""
    name, namespace = workload.name, workload.namespace
    spec = {
        "clusterIP": workload.vip,
        "selector": dict(workload.labels),
        "ports": [_service_port(port) for port in workload.ports],
    }
    if not workload.of:
        yield document("v1", "Service", name, namespace, spec=spec)
    labels = _pod_labels(workload)
    proxy = [_PROXY] if workload.sidecar or "gateway" in workload.labels else []
    pod = {"serviceAccountName": name, "containers": [_container(workload), *proxy]}
    status = {"podIP": workload.pod, "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    excluded = ",".join(str(port.target) for port in workload.ports if not port.captured)
    notes = {"annotations": {"traffic.sidecar.istio.io/excludeInboundPorts": excluded}} if excluded else {}
    yield document("v1", "Pod", f"{name}-0", namespace, labels=labels, metadata=notes, spec=pod, status=status)
    yield document(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        name,
        namespace,
        labels={"kubernetes.io/service-name": workload.of or name},
        addressType="IPv4",
        ports=[_slice_port(port) for port in workload.ports],
        endpoints=[_endpoint(workload)],
    )


def _pod_labels(workload: Workload) -> dict[str, str]:
    mode = {"security.istio.io/tlsMode": "istio"} if workload.sidecar else {}
    return {**workload.labels, **mode}


def _transport(port: ServicePort) -> str:
    return "UDP" if port.protocol == "UDP" else "TCP"


def _service_port(port: ServicePort) -> dict[str, Any]:
    found = {"name": port.name, "port": port.number, "targetPort": port.target, "protocol": _transport(port)}
    return found if port.protocol == "UDP" else {**found, "appProtocol": port.protocol.lower()}


def _slice_port(port: ServicePort) -> dict[str, Any]:
    return {"name": port.name, "port": port.target, "protocol": _transport(port)}


def _container(workload: Workload) -> dict[str, Any]:
    targets = dict.fromkeys((port.target, _transport(port)) for port in workload.ports)
    ports = [{"containerPort": target, "protocol": transport} for target, transport in targets]
    return {"name": "app", "image": "app", "ports": ports}


_PROXY = {"name": "istio-proxy", "image": "istio/proxyv2"}


def _endpoint(workload: Workload) -> dict[str, Any]:
    reference = {"kind": "Pod", "name": f"{workload.name}-0", "namespace": workload.namespace}
    return {"addresses": [workload.pod], "conditions": {"ready": True}, "targetRef": reference}


def document(
    version: str,
    kind: str,
    name: str,
    namespace: str | None,
    *,
    labels: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] = MappingProxyType({}),
    **fields: Any,
) -> str:
    """Write one document; JSON is YAML."""
    head: dict[str, Any] = {"name": name, **metadata}
    if namespace is not None:
        head["namespace"] = namespace
    if labels:
        head["labels"] = dict(labels)
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": head, **fields})
