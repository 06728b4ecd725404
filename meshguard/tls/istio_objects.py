"""Istio's own objects: heads and specs in, facts out; MalformedError for what the API would refuse."""

from collections.abc import Iterator, Mapping

from meshguard.tls import fields
from meshguard.tls.facts import (
    ClientTls,
    DestinationRule,
    Egress,
    Endpoint,
    Gateway,
    PeerAuthentication,
    Port,
    PortMode,
    PortPolicy,
    Ref,
    Route,
    Service,
    Settings,
    Sidecar,
    Subset,
    TrafficPolicy,
)
from meshguard.tls.fields import Field, MalformedError, below
from meshguard.tls.head import Head
from meshguard.tls.protocol import entry_protocol

_MODES = ("UNSET", "DISABLE", "PERMISSIVE", "STRICT")
_TLS_MODES = ("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")
_SERVER_MODES = ("PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL")
_OUTBOUND = ("REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS")
_RESOLUTIONS = {"": "headless", "NONE": "headless", "STATIC": "static"}
_ONE_ENDPOINT = "DNS_ROUND_ROBIN"
_RESOLUTION_WORDS = ("NONE", "STATIC", "DNS", _ONE_ENDPOINT, "DYNAMIC_DNS")


def peer_authentication(head: Head, _: Settings) -> Iterator[PeerAuthentication]:
    """Read what servers accept."""
    mode, ports = below(head.spec, "mtls", "mode"), below(head.spec, "portLevelMtls")
    yield PeerAuthentication(
        ref=head.ref,
        created=head.created,
        selector=_selector(below(head.spec, "selector", "matchLabels")),
        mode=_mode(mode),
        mode_span=None if mode.node is None else mode.span,
        ports=tuple(
            PortMode(fields.port_key(key, entry), _mode(below(entry, "mode")), entry.span)
            for key, entry in fields.entries(ports)
        ),
    )


def _selector(field: Field) -> dict[str, str]:
    """Read the labels that pods must have; the API knows no wildcards in them."""
    found = fields.labels(field)
    for key, value in found.items():
        if "*" in f"{key}{value}":
            raise MalformedError(f"{field.path} has '{key}: {value}', and `*` stands for nothing there", field.span)
    return found


def _mode(field: Field) -> str | None:
    said = fields.word(field, _MODES)
    return None if said in {"", "UNSET"} else said


def destination_rule(head: Head, settings: Settings) -> Iterator[DestinationRule]:
    """Read how callers treat a host; a host without a dot is a Service of the rule's namespace."""
    said = fields.text(below(head.spec, "host"))
    if not said:
        raise MalformedError("spec.host is missing", head.spec.span)
    selector = below(head.spec, "workloadSelector")
    yield DestinationRule(
        ref=head.ref,
        created=head.created,
        host=_full_name(said, head.ref.namespace, settings),
        export_to=frozenset(fields.texts(below(head.spec, "exportTo"))),
        selector=None if selector.node is None else _selector(below(selector, "matchLabels")),
        policy=_traffic_policy(below(head.spec, "trafficPolicy")),
        subsets=tuple(_subset(item, head.ref) for item in fields.items(below(head.spec, "subsets"))),
    )


def _full_name(host: str, namespace: str, settings: Settings) -> str:
    if "." in host or ":" in host or host == "*":
        return host
    return f"{host}.{namespace}.svc.{settings.cluster_domain}"


def _subset(field: Field, rule: Ref) -> Subset:
    policy = _traffic_policy(below(field, "trafficPolicy"))
    return Subset(fields.text(below(field, "name")), fields.labels(below(field, "labels")), policy, rule)


def _traffic_policy(field: Field) -> TrafficPolicy | None:
    if field.node is None:
        return None
    ports = fields.items(below(field, "portLevelSettings"))
    return TrafficPolicy(_client_tls(field), _balancer(field), tuple(_port_policy(item) for item in ports))


def _port_policy(field: Field) -> PortPolicy:
    number = fields.number(below(field, "port", "number"))
    return PortPolicy(number, _client_tls(field), _balancer(field), field.span)


def _balancer(policy: Field) -> str | None:
    field = below(policy, "loadBalancer")
    return None if field.node is None else fields.text(below(field, "simple"))


def _client_tls(policy: Field) -> ClientTls | None:
    """Read how TLS is spoken; without a mode it is DISABLE, the first word of the API's list."""
    field = below(policy, "tls")
    if field.node is None:
        return None
    said = below(field, "mode")
    certificate = fields.text(below(field, "clientCertificate")) and fields.text(below(field, "privateKey"))
    return ClientTls(
        mode=fields.word(said, _TLS_MODES) or "DISABLE",
        span=said.span,
        has_mode=said.node is not None,
        credential=fields.text(below(field, "credentialName")),
        has_certificate=bool(certificate),
        skips_verification=fields.flag(below(field, "insecureSkipVerify")),
    )


def service_entry(head: Head, _: Settings) -> Iterator[Service]:
    """Read the hosts that are added to the mesh, each as a service of its own."""
    selector = below(head.spec, "workloadSelector")
    resolution = fields.word(below(head.spec, "resolution"), _RESOLUTION_WORDS)
    location = fields.word(below(head.spec, "location"), ("MESH_EXTERNAL", "MESH_INTERNAL"))
    ports = tuple(_entry_port(item) for item in fields.items(below(head.spec, "ports")))
    endpoints = tuple(
        _endpoint(item, head.ref, fields.labels(below(item, "labels")))
        for item in fields.items(below(head.spec, "endpoints"))
    )
    hosts = fields.texts(below(head.spec, "hosts"))
    _refuse(
        head,
        {
            "has '*' in hosts": "*" in hosts,
            "has workloadSelector and endpoints, and may have one of them": selector.node is not None
            and bool(endpoints),
            "has endpoints, which resolution NONE does not allow": resolution in {"", "NONE"} and bool(endpoints),
            "has endpoints, of which DNS_ROUND_ROBIN allows one": resolution == _ONE_ENDPOINT
            and len(endpoints) > 1,
            "has two ports of one number or name": len({port.number for port in ports}) < len(ports)
            or len({port.name for port in ports}) < len(ports),
        },
    )
    for host in hosts:
        yield Service(
            ref=head.ref,
            created=head.created,
            host=host,
            ports=ports,
            selector=None if selector.node is None else _selector(below(selector, "labels")),
            resolution=_RESOLUTIONS.get(resolution, "dns"),
            is_external=location != "MESH_INTERNAL",
            is_entry=True,
            export_to=frozenset(fields.texts(below(head.spec, "exportTo"))),
            endpoints=endpoints,
            labels=head.labels,
        )


def _refuse(head: Head, faults: Mapping[str, bool]) -> None:
    """Refuse an object that has one of the faults."""
    for said, is_there in faults.items():
        if is_there:
            raise MalformedError(f"it {said}", head.spec.span)


def _entry_port(field: Field) -> Port:
    target = below(field, "targetPort")
    protocol = entry_protocol(fields.text(below(field, "protocol")))
    return Port(
        number=fields.port(below(field, "number")),
        name=fields.text(below(field, "name")),
        protocol=protocol,
        target=None if target.node is None else fields.port(target),
        is_udp=protocol == "UDP",
    )


def _endpoint(field: Field, ref: Ref, labels: dict[str, str]) -> Endpoint:
    ports = fields.entries(below(field, "ports"))
    account = fields.text(below(field, "serviceAccount"))
    return Endpoint(ref, labels, bool(account), {name: fields.port(number) for name, number in ports})


def workload_entry(head: Head, _: Settings) -> Iterator[Endpoint]:
    """Read an address outside of Kubernetes, such as a virtual machine; labels of the object go first."""
    yield _endpoint(head.spec, head.ref, {**fields.labels(below(head.spec, "labels")), **head.labels})


def sidecar(head: Head, _: Settings) -> Iterator[Sidecar]:
    """Read what sidecars know, and what they listen to."""
    selector = below(head.spec, "workloadSelector")
    policy = below(head.spec, "outboundTrafficPolicy")
    outbound = fields.word(below(policy, "mode"), _OUTBOUND) or "REGISTRY_ONLY"  # the first word of the API's list
    ingress = (below(item, "port") for item in fields.items(below(head.spec, "ingress")))
    yield Sidecar(
        ref=head.ref,
        created=head.created,
        selector=None if selector.node is None else _selector(below(selector, "labels")),
        egress=tuple(_egress(item) for item in fields.items(below(head.spec, "egress"))),
        outbound=None if policy.node is None else outbound,
        ingress=tuple(
            (fields.port(below(port, "number")), entry_protocol(fields.text(below(port, "protocol"))))
            for port in ingress
        ),
    )


def _egress(field: Field) -> Egress:
    """Read the hosts of a listener; a port narrows them, but for one that is a proxy for all."""
    port = below(field, "port")
    is_proxy = entry_protocol(fields.text(below(port, "protocol"))) == "HTTP_PROXY"
    number = fields.number(below(port, "number"))
    return Egress(fields.texts(below(field, "hosts")), None if is_proxy else number)


def virtual_service(head: Head, settings: Settings) -> Iterator[Route]:
    """Read where requests go; one without hosts is a part of another, which a gateway may obey."""
    hosts = fields.texts(below(head.spec, "hosts"))
    bound = fields.texts(below(head.spec, "gateways")) or ("mesh",)
    for kind in ("http", "tls", "tcp"):
        for rule in fields.items(below(head.spec, kind)):
            dialled = _ports_of(rule)
            for destination in _destinations(rule):
                port = fields.number(below(destination, "port", "number"))
                yield Route(
                    ref=head.ref,
                    kind=kind,
                    host=_full_name(fields.text(below(destination, "host")), head.ref.namespace, settings),
                    port=port,
                    subset=fields.text(below(destination, "subset")),
                    dialled=dialled,
                    hosts=tuple(_full_name(host, head.ref.namespace, settings) for host in hosts),
                    export_to=frozenset(fields.texts(below(head.spec, "exportTo"))),
                    is_of_mesh="mesh" in bound,
                    is_of_gateway=not hosts or set(bound) != {"mesh"},
                )


def _ports_of(rule: Field) -> frozenset[int]:
    """Give the ports that a rule matches, none where it matches all."""
    found = {fields.number(below(match, "port")) for match in fields.items(below(rule, "match"))}
    return frozenset() if None in found else frozenset(port for port in found if port is not None)


def _destinations(rule: Field) -> Iterator[Field]:
    for target in fields.items(below(rule, "route")):
        yield below(target, "destination")
    for mirror in fields.items(below(rule, "mirrors")):
        yield below(mirror, "destination")
    if below(rule, "mirror").node is not None:
        yield below(rule, "mirror")


def gateway(head: Head, _: Settings) -> Iterator[Gateway]:
    """Read what gateways listen to."""
    servers = fields.items(below(head.spec, "servers"))
    yield Gateway(
        head.ref,
        fields.labels(below(head.spec, "selector")),
        tuple(
            (
                fields.port(below(server, "port", "number")),
                fields.word(below(server, "tls", "mode"), _SERVER_MODES),
            )
            for server in servers
        ),
    )
