"""A section for requests from outside in, the gateways and the hosts that it asks for out."""

from typing import NamedTuple

from meshguard.diagnostic import ValuePath
from meshguard.model import (
    ROUTABLE,
    Port,
    Routing,
    Service,
    candidate_ports,
    internal_ports,
    port_named,
    route_port,
)
from meshguard.policy import Facts, Gateway, fill, template_words
from meshguard.routing import table


class Exposure(NamedTuple):
    """One gateway of a section. `name` and `gateway` are None where there is no default and none of that name.

    `hosts` are those of the values, else that of the gateway's host template; `missing` are the words of the
    template that are not known, so that there is no host.
    """

    at: ValuePath
    name: str | None
    gateway: Gateway | None
    hosts: tuple[str, ...]
    missing: tuple[str, ...] = ()


def exposures(routing: Routing, facts: Facts) -> tuple[Exposure, ...]:
    """Give what an external section asks for: each gateway that it names, or the policy's default one."""
    if not routing.visibility:
        default = facts.default_gateway
        return (_exposure(routing, facts, routing.at, None if default is None else default.name),)
    return tuple(_exposure(routing, facts, name.at or routing.at, name.value) for name in routing.visibility)


def _exposure(routing: Routing, facts: Facts, at: ValuePath, name: str | None) -> Exposure:
    gateway = facts.gateways.get(name or "")
    if routing.hosts:
        hosts = tuple(dict.fromkeys(host.value for host in routing.hosts))
        return Exposure(at, name, gateway, hosts)
    if gateway is None or gateway.host_template is None:
        return Exposure(at, name, gateway, ())
    host, missing = fill(gateway.host_template, template_words(facts.identity))
    return Exposure(at, name, gateway, () if missing else (host,), missing)


def own_hosts(routing: Routing, facts: Facts) -> frozenset[str]:
    """Give the hosts that a section asks for at all its gateways, as far as they are known."""
    return frozenset(host for exposure in exposures(routing, facts) for host in exposure.hosts)


def template_hosts(facts: Facts) -> frozenset[str]:
    """Give the hosts that the gateways' templates make for the service, and that are its own therefore."""
    words = template_words(facts.identity)
    filled = [fill(gateway.host_template, words) for gateway in facts.gateways.values() if gateway.host_template]
    return frozenset(host for host, missing in filled if not missing)


def gateways(service: Service, facts: Facts, tls: str) -> tuple[Gateway, ...]:
    """Give the gateways that the service is reachable by and that do this with TLS: `terminate`, `passthrough`."""
    if service.external is None:
        return ()
    found = (exposure.gateway for exposure in exposures(service.external, facts))
    return tuple(gateway for gateway in found if gateway is not None and gateway.tls == tls)


def gateway_ports(service: Service, facts: Facts) -> tuple[Port, ...]:
    """Give the ports that a gateway which terminates TLS sends requests to."""
    return opened_ports(service) if gateways(service, facts, "terminate") else ()


def foreign_backends(service: Service, facts: Facts) -> tuple[tuple[ValuePath, str, int], ...]:
    """Give the places that send requests which a gateway opened to other Services: with their names and ports."""
    routing, own = service.external, facts.identity.service
    found: list[tuple[ValuePath, str, int]] = []
    for route in table(routing) if routing is not None and gateways(service, facts, "terminate") else ():
        port = routing and route_port(service, routing, route)
        if port is not None and route.redirect is None:
            to = (*route.backends, *((route.mirror,) if route.mirror is not None else ()))
            found += [(each.at, each.service, each.port or port.number) for each in to if each.service != own]
    return tuple(found)


def opened_ports(service: Service) -> tuple[Port, ...]:
    """Give the ports that requests from outside go to where TLS is opened for them."""
    routing = service.external
    if routing is None:
        return ()
    used = {route_port(service, routing, route) for route in table(routing) if route.redirect is None}
    return tuple(port for port in service.ports if port in used and port.protocol in ROUTABLE)


def perhaps_opened_ports(service: Service, facts: Facts) -> tuple[Port, ...]:
    """Give the ports that a gateway sends requests to which it opened; where none is known, it opens them."""
    routing = service.external
    is_opened = routing is not None and "terminate" in tls_modes(routing, facts)
    return opened_ports(service) if is_opened else ()


def routed_targets(service: Service, facts: Facts) -> frozenset[int]:
    """Give the container ports that any route uses, from outside or inside the mesh."""
    used: list[Port | None] = []
    if service.external is not None:
        used += perhaps_opened_ports(service, facts)
        is_passed = "passthrough" in tls_modes(service.external, facts)
        used += [passthrough_port(service, service.external)] if is_passed else ()
    if service.internal is not None:
        used += internal_ports(service, service.internal)
        named = {route.port.value for route in service.internal.routes or () if route.port is not None}
        used += [port for port in service.ports if port.name in named]
    return frozenset(port.target for port in used if port is not None)


def open_targets(service: Service, facts: Facts) -> frozenset[int]:
    """Give the container ports whose application gets the TLS of callers without a mesh certificate as it is.

    Those that a gateway speaks TLS to take any caller in; past the sidecar nobody is asked.
    """
    spoken = [port for port in gateway_ports(service, facts) if port.protocol == "HTTPS"]
    return frozenset(port.target for port in (*spoken, *(port for port in service.ports if port.bypass_mesh)))


def exposed_metrics(service: Service) -> tuple[tuple[ValuePath, Port], ...]:
    """Give the places that send requests from outside to a port named after metrics, though there is another."""
    routing = service.external
    if routing is None or not candidate_ports(service):
        return ()
    chosen = (routing.port, *(route.port for route in routing.routes or ()))
    said = [(name.at, port_named(service, name.value)) for name in chosen if name is not None]
    return tuple((at, port) for at, port in said if at is not None and port is not None and is_for_metrics(port))


def is_for_metrics(port: Port) -> bool:
    """Tell whether a port is for metrics and nothing else, as its name says."""
    return port.metrics is not None and not {"metrics", "prometheus", "prom"}.isdisjoint(port.name.split("-"))


def spare_port(service: Service, metrics: str) -> str:
    """Write a port for metrics that the service can have beside its others."""
    taken = {number for port in service.ports for number in (port.number, port.target)}
    number = next(number for number in range(9090, 9200) if number not in taken)
    name = "http-metrics" if port_named(service, "http-metrics") is None else f"http-{number}"
    return f"{{number: {number}, name: {name}, metrics: {metrics}}}"


def tls_modes(routing: Routing, facts: Facts) -> frozenset[str]:
    """Give what the gateways of a section do with TLS; where none is known, they open it."""
    known = {exposure.gateway.tls for exposure in exposures(routing, facts) if exposure.gateway is not None}
    return frozenset(known or {"terminate"})


def passthrough_port(service: Service, routing: Routing) -> Port | None:
    """Give the port that a passthrough gateway hands connections to: the one said, or the only one with TLS."""
    if routing.port is not None:
        return port_named(service, routing.port.value)
    found = [port for port in service.ports if port.protocol in {"TLS", "HTTPS"} and port.metrics is None]
    return found[0] if len(found) == 1 else None


def originates_in_service(gateway: Gateway, facts: Facts) -> bool:
    """Tell whether in-mesh callers get the settings too that make this gateway speak TLS to a port."""
    return gateway.tls_origination_in == "service" or gateway.workload_namespace == facts.identity.namespace
