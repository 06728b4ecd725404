"""What is said of a service's pods in, its DestinationRules out: for callers, for gateways, for hosts outside."""

from collections.abc import Iterator

from meshguard.diagnostic import UserError, ValuePath
from meshguard.duration import duration
from meshguard.exposure import gateway_ports, gateways, originates_in_service
from meshguard.model import Port, Resilience, Service, SessionAffinity, Upstream
from meshguard.needed import namespace_of, service_name
from meshguard.policy import Facts
from meshguard.targets.istio import since
from meshguard.targets.istio.names import host_of, object_name
from meshguard.targets.istio.objects import (
    Balancer,
    Cause,
    DestinationRule,
    Head,
    Outlier,
    Pool,
    Tls,
    TrafficPolicy,
)

_ERRORS = 5  # what Istio takes when nothing is said; an empty outlierDetection would read as a slip
_SIMPLE = {"leastRequest": "LEAST_REQUEST", "roundRobin": "ROUND_ROBIN", "random": "RANDOM"}


def service_rule(service: Service, facts: Facts) -> DestinationRule | None:
    """Build how every caller treats the service; None where nothing is said."""
    policy = _traffic_policy(service.resilience)
    causes = _resilience_causes(service.resilience) if policy != TrafficPolicy() else ()
    ports = {}
    for port, tls, at in _own_tls(service, facts):
        ports[port.number] = policy._replace(tls=tls)
        causes = (*causes, Cause(at))
    if not causes:
        return None
    name = service_name(facts)
    return DestinationRule(
        head=Head(causes, since.api_version(facts, "networking"), namespace_of(facts), name),
        host=host_of(name, facts),
        export_to=("*",),
        policy=policy,
        ports=tuple(sorted(ports.items())),
    )


def gateway_rules(service: Service, facts: Facts) -> Iterator[DestinationRule]:
    """Build, for each namespace of gateways, how they speak TLS to ports whose application opens it.

    Such a rule hides the service's own one from these gateways, so it repeats every line of it.
    """
    ports = backend_tls_ports(service, facts)
    if not ports:
        return
    own = service_rule(service, facts)
    policy = own.policy if own is not None else TrafficPolicy()
    settings = dict(own.ports) if own is not None else {}
    settings |= {port.number: policy._replace(tls=backend_tls(port)) for port in ports}
    namespaces = {
        gateway.workload_namespace
        for gateway in gateways(service, facts, "terminate")
        if not originates_in_service(gateway, facts)
    }
    causes = tuple(Cause(port.at / "tls") for port in ports)
    name = service_name(facts)
    for namespace in sorted(namespaces):
        yield DestinationRule(
            head=Head(
                causes,
                since.api_version(facts, "networking"),
                namespace,
                object_name(name, namespace_of(facts)),
            ),
            host=host_of(name, facts),
            export_to=(".",),
            policy=policy,
            ports=tuple(sorted(settings.items())),
        )


def upstream_rules(service: Service, facts: Facts) -> Iterator[DestinationRule]:
    """Build how the sidecar adds TLS on the way to hosts outside."""
    for upstream in service.upstreams:
        ports = tuple(
            (port.number, TrafficPolicy(tls=_upstream_tls(upstream)))
            for port in sorted(upstream.ports, key=lambda port: port.number)
            if port.originate_tls is not None
        )
        if upstream.host is None or not ports:
            continue
        causes = tuple(
            Cause(port.originate_tls.at or port.at) for port in upstream.ports if port.originate_tls is not None
        )
        yield DestinationRule(
            head=Head(
                causes,
                since.api_version(facts, "networking"),
                namespace_of(facts),
                object_name(service_name(facts), upstream.host),
            ),
            host=upstream.host,
            export_to=(".",),
            policy=TrafficPolicy(),
            ports=ports,
        )


def backend_tls_ports(service: Service, facts: Facts) -> tuple[Port, ...]:
    """Give the ports that gateways which opened TLS must speak TLS to again."""
    return tuple(port for port in gateway_ports(service, facts) if port.protocol == "HTTPS")


def backend_tls(port: Port) -> Tls:
    """Say how a gateway speaks TLS to a port; the name on the certificate is sent and verified, or neither."""
    tls = port.tls
    if tls is None:
        raise UserError(
            f"'{port.at}' terminates TLS itself and a gateway routes to it; write the name on its certificate:"
            " `tls: {serverName: ...}`"
        )
    secret = tls.client_certificate or (None if tls.ca_certificates == "system" else tls.ca_certificates)
    if tls.insecure_skip_verify and tls.client_certificate is None:
        secret = None  # there is nothing to verify with
    return Tls(
        mode="SIMPLE" if tls.client_certificate is None else "MUTUAL",
        server_name=tls.server_name,
        ca_certificates="system" if secret is None and not tls.insecure_skip_verify else None,
        credential_name=secret,
        skip_verify=tls.insecure_skip_verify,
    )


def _upstream_tls(upstream: Upstream) -> Tls:
    """Verify the host's name; a wildcard's is the one that the caller asked for, which the proxy takes itself."""
    wildcard = upstream.host is None or upstream.host.startswith("*")
    return Tls("SIMPLE", server_name=None if wildcard else upstream.host, ca_certificates="system")


def _own_tls(service: Service, facts: Facts) -> Iterator[tuple[Port, Tls, ValuePath]]:
    """Give the ports that every caller must treat in a way of their own."""
    for port in service.ports:
        if port.bypass_mesh and port.protocol != "UDP":  # which no sidecar captures anyway
            yield port, Tls("DISABLE"), port.at / "bypassMesh"
    if any(originates_in_service(gateway, facts) for gateway in gateways(service, facts, "terminate")):
        for port in backend_tls_ports(service, facts):
            yield port, backend_tls(port), port.at / "tls"


def _resilience_causes(resilience: Resilience | None) -> tuple[Cause, ...]:
    if resilience is None or resilience.at is None:
        return (Cause(ValuePath(("defaults", "resilience")), policy=True),)
    return (Cause(resilience.at),)


def _traffic_policy(resilience: Resilience | None) -> TrafficPolicy:
    if resilience is None:
        return TrafficPolicy()
    return TrafficPolicy(_pool(resilience), _balancer(resilience), _outlier(resilience))


def _pool(resilience: Resilience) -> Pool | None:
    limits = resilience.connection_limits
    if limits is None:
        return None
    pool = Pool(limits.max_connections, _length(limits.connect_timeout), limits.max_pending_requests)
    return None if pool == Pool(None, None, None) else pool


def _outlier(resilience: Resilience) -> Outlier | None:
    said = resilience.outlier_detection
    if said is None:
        return None
    outlier = Outlier(
        said.consecutive_errors, _length(said.interval), _length(said.ejection_time), said.max_ejection_percent
    )
    return Outlier(_ERRORS, None, None, None) if outlier == Outlier(None, None, None, None) else outlier


def _balancer(resilience: Resilience) -> Balancer | None:
    """Choose pods; a preference for the own zone works by ejection, so without that it is left to the Service."""
    affinity = resilience.session_affinity or SessionAffinity(None, None, None, None)
    balancer = Balancer(
        simple=resilience.load_balancing and _SIMPLE[resilience.load_balancing.value],
        cookie=affinity.cookie,
        cookie_ttl=duration(affinity.ttl or 0) if affinity.cookie else None,
        header=affinity.header,
        by_locality=prefers_same_zone(resilience) and resilience.outlier_detection is not None,
    )
    return None if balancer == Balancer() else balancer


def prefers_same_zone(resilience: Resilience) -> bool:
    """Tell whether callers should stay in their zone."""
    return resilience.prefer_same_zone is not None and resilience.prefer_same_zone.value


def _length(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else duration(milliseconds)
