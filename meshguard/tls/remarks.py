"""Facts of a mesh in, remarks out on what Istio takes in and then passes over without a word."""

from collections.abc import Iterator
from itertools import chain

from meshguard.tls.facts import DestinationRule, PeerAuthentication, Ref, Remark, Service, Workload, World, covers
from meshguard.tls.scope import are_alike
from meshguard.tls.server import container_port, injection_of, ports_listed, selected

_NO_OUTBOUND_PORTS = "traffic.sidecar.istio.io/excludeOutboundPorts"


def remarks_on(world: World) -> tuple[Remark, ...]:
    """Name objects, or parts of them, that have no effect though they look as if they had."""
    found = (*_authentications(world), *_rules(world), *_callers(world), *_entries(world))
    return tuple(sorted(found, key=lambda remark: remark.span))


def _remark(ref: Ref, words: str) -> Remark:
    return Remark(ref.span, f"{ref.kind} '{ref}' {words}")


def _authentications(world: World) -> Iterator[Remark]:
    for namespace, listed in world.authentications.items():
        whole: list[PeerAuthentication] = []
        for one in listed:
            if not one.selector:
                whole.append(one)
            elif namespace == world.settings.root_namespace:
                yield _remark(one.ref, "has no effect: in the root namespace Istio ignores one with a selector")
            if one.ports and not one.selector:
                yield _remark(one.ref, "has portLevelMtls without a selector, which Istio refuses or ignores")
            yield from _wrong_ports(world, one) if one.selector else ()
        for one in whole[1:]:
            yield _remark(one.ref, f"has no effect: '{whole[0].ref}' is older, or first by name")


def _wrong_ports(world: World, one: PeerAuthentication) -> Iterator[Remark]:
    """Find ports that are those of a Service, where portLevelMtls goes by those of the container."""
    entries = {entry.number: entry for entry in one.ports}
    for number, target in dict(_moved_ports(world, one)).items():
        if number in entries:
            ref = one.ref._replace(span=entries[number].span)
            yield _remark(ref, f"has {number} in portLevelMtls, and pods listen on {target} for that port")


def _moved_ports(world: World, one: PeerAuthentication) -> Iterator[tuple[int, int]]:
    """Give the ports of Services whose pods are selected, and listen on another port, with that one."""
    for service in world.services.get(one.ref.namespace, ()):
        for pod in selected(world, service) if service.selector is not None else ():
            if covers(one.selector, pod.labels):
                targets = {port.number: container_port(port, pod) for port in service.ports}
                for number, target in targets.items():
                    if target is not None and number not in targets.values():
                        yield number, target


def _rules(world: World) -> Iterator[Remark]:
    first: dict[tuple[str, str, frozenset[str]], DestinationRule] = {}
    names = {(service.ref.name, namespace) for namespace, listed in world.services.items() for service in listed}
    for rule in world.rules:
        name, _, namespace = rule.host.partition(".")
        if (name, namespace.removesuffix(".svc")) in names:
            host = f"{name}.{namespace.removesuffix('.svc')}.svc.{world.settings.cluster_domain}"
            yield _remark(rule.ref, f"has no effect: the host '{rule.host}' is no full name, write '{host}'")
        key = rule.ref.namespace, rule.host, rule.export_to
        if rule.selector is None and rule.policy is not None:
            known = first.setdefault(key, rule)
            if known is not rule:
                said = (
                    f"has a trafficPolicy without effect: '{known.ref}' has one for the same host, and comes first"
                )
                yield _remark(rule.ref, said)


def _callers(world: World) -> Iterator[Remark]:
    """Find pods with a sidecar that call some port without it."""
    services = chain.from_iterable(world.services.values())
    dialled = {port.number for service in services for port in service.ports}
    for pod in chain.from_iterable(world.workloads.values()):
        found = sorted(ports_listed(pod.annotations.get(_NO_OUTBOUND_PORTS, "")) & dialled)
        if found and injection_of(world, pod).kind == "sidecar":
            yield _around(pod, ", ".join(map(str, found)))


def _around(pod: Workload, ports: str) -> Remark:
    return _remark(pod.ref, f"calls port {ports} past its sidecar (excludeOutboundPorts), as `--client none` does")


def _entries(world: World) -> Iterator[Remark]:
    """Find hosts that several ServiceEntries of a namespace have, each in its own way."""
    for listed in world.services.values():
        first: dict[str, Service] = {}
        for one in listed:
            known = first.setdefault(one.host, one)
            if known is not one and known.is_entry and one.is_entry and not are_alike(known, one):
                words = (
                    f"has the host '{one.host}', which '{known.ref}' has too: as they differ in resolution, labels,"
                    " exportTo or workloadSelector, proxies know the ports of the older one only, and of two of one"
                    " age those of either"
                )
                yield _remark(one.ref, words)
