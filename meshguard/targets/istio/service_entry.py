"""The hosts outside that a service calls in, their ServiceEntries out."""

from collections.abc import Iterator

from meshguard.model import Service, Upstream, UpstreamPort
from meshguard.needed import namespace_of, service_name
from meshguard.policy import Facts
from meshguard.targets.istio import since
from meshguard.targets.istio.names import object_name
from meshguard.targets.istio.objects import Cause, EntryPort, Head, ServiceEntry


def service_entries(service: Service, facts: Facts) -> Iterator[ServiceEntry]:
    """Build what the mesh must know of each host outside; callers of this namespace alone see it."""
    for upstream in service.upstreams:
        if upstream.host is None:
            continue
        yield ServiceEntry(
            head=Head(
                (Cause(upstream.at),),
                since.api_version(facts, "networking"),
                namespace_of(facts),
                object_name(service_name(facts), upstream.host),
            ),
            host=upstream.host,
            addresses=tuple(_address(address) for address in upstream.addresses),
            resolution=resolution(upstream),
            ports=tuple(map(_port, sorted(upstream.ports, key=lambda port: port.number))),
        )


def resolution(upstream: Upstream) -> str:
    """Say where the host's addresses come from: its name, or for a wildcard the caller's own look-up."""
    return "NONE" if (upstream.host or "").startswith("*") else "DNS"


def _address(address: str) -> str:
    """Write a range of one address as that address: ranges are refused beside DNS."""
    return address.removesuffix("/128") if ":" in address else address.removesuffix("/32")


def _port(port: UpstreamPort) -> EntryPort:
    return EntryPort(
        number=port.number,
        name=f"{port.protocol.lower()}-{port.number}",
        protocol=port.protocol,
        target=port.originate_tls and port.originate_tls.value,
    )
