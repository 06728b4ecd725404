"""What no object of the mesh can say, so that the chart or the platform must: one line for each fact."""

from collections.abc import Iterator

from meshguard.exposure import gateways
from meshguard.model import Port, Service
from meshguard.policy import Facts
from meshguard.targets.istio.destination_rule import backend_tls, backend_tls_ports, prefers_same_zone


def chart_facts(service: Service, facts: Facts) -> tuple[str, ...]:
    """Give the settings of the Service, of the pods and of the gateways' namespaces."""
    return (*_service_lines(service), *_pod_lines(service, facts), *_secret_lines(service, facts))


def _service_lines(service: Service) -> Iterator[str]:
    for port in sorted(service.ports, key=lambda port: port.number):
        transport = "protocol: UDP" if port.protocol == "UDP" else f"appProtocol: {port.protocol.lower()}"
        yield f"Service port {port.number}: name: {port.name}, targetPort: {port.target}, {transport}"
    if service.resilience is not None and prefers_same_zone(service.resilience):
        yield "Service: trafficDistribution: PreferClose"


def _pod_lines(service: Service, facts: Facts) -> Iterator[str]:
    bypassed = sorted({port.target for port in service.ports if port.bypass_mesh and port.protocol != "UDP"})
    if bypassed:
        listed = ",".join(map(str, bypassed))
        yield f'pod annotation traffic.sidecar.istio.io/excludeInboundPorts: "{listed}"'
    scraped = next((port for port in service.ports if port.metrics is not None), None)
    if scraped is not None and facts.mesh.prometheus == "merged":
        yield from _scrape_lines(scraped)


def _scrape_lines(port: Port) -> Iterator[str]:
    yield 'pod annotation prometheus.io/scrape: "true"'
    yield f'pod annotation prometheus.io/port: "{port.target}"'
    yield f"pod annotation prometheus.io/path: {port.metrics}"


def _secret_lines(service: Service, facts: Facts) -> Iterator[str]:
    """Name the Secrets that gateways read, each in the namespace of their pods."""
    namespaces = sorted({gateway.workload_namespace for gateway in gateways(service, facts, "terminate")})
    for port in backend_tls_ports(service, facts):
        tls = backend_tls(port)
        keys = "ca.crt" if tls.mode == "SIMPLE" else "tls.crt, tls.key and ca.crt"
        for namespace in namespaces if tls.credential_name is not None else ():
            yield f"Secret {tls.credential_name} in {namespace}: {keys} for port {port.number}"
