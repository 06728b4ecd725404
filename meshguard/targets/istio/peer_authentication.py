"""The ports that must take callers without a mesh certificate in, one PeerAuthentication out."""

from collections.abc import Iterator

from meshguard.diagnostic import ValuePath
from meshguard.exposure import routed_targets
from meshguard.model import Port, Service
from meshguard.needed import namespace_of, pod_labels, service_name
from meshguard.policy import Facts
from meshguard.targets.istio import since
from meshguard.targets.istio.destination_rule import backend_tls_ports
from meshguard.targets.istio.objects import Cause, Head, PeerAuthentication


def peer_authentication(service: Service, facts: Facts) -> PeerAuthentication | None:
    """Build what pods accept on single container ports; None where the namespace's mode does for all."""
    permissive = tuple(_permissive(service, facts)) if facts.mtls == "STRICT" else ()
    if not permissive:
        return None
    causes = tuple(Cause(at) for _, at in permissive)
    return PeerAuthentication(
        head=Head(causes, since.api_version(facts, "security"), namespace_of(facts), service_name(facts)),
        labels=pod_labels(causes[0].at, facts),
        ports=tuple((target, "PERMISSIVE") for target in sorted({port.target for port, _ in permissive})),
    )


def _permissive(service: Service, facts: Facts) -> Iterator[tuple[Port, ValuePath]]:
    for port in backend_tls_ports(service, facts):
        if not port.bypass_mesh:
            yield port, port.at / "tls"
    if facts.mesh.prometheus == "outside":
        routed = routed_targets(service, facts)
        for port in service.ports:
            if port.metrics is not None and not port.bypass_mesh and port.target not in routed:
                yield port, port.at / "metrics"
