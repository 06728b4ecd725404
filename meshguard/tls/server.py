"""Who takes a connection: a service's port in, the kinds of pods behind it out, each with what it accepts.

Pods of several workloads behind one port may differ: with and without a sidecar, of another PeerAuthentication.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshguard.tls.facts import Endpoint, Labels, Port, Ref, Service, Workload, World, covers
from meshguard.tls.peer_authentication import Accepted, accepted, perhaps
from meshguard.tls.protocol import AUTO, HTTP, OPENED_BY_APPLICATION, listener
from meshguard.tls.scope import sidecar_of

MARK = "security.istio.io/tlsMode"  # the label by which clients know a pod that takes mutual TLS
_INJECT = "sidecar.istio.io/inject"
_REVISION, _INJECTION, _DATAPLANE = "istio.io/rev", "istio-injection", "istio.io/dataplane-mode"
_INCLUDE = "traffic.sidecar.istio.io/includeInboundPorts"
_EXCLUDE = "traffic.sidecar.istio.io/excludeInboundPorts"
_NEVER_CAPTURED = frozenset({15020, 15021, 15090})
_NEVER_INJECTED = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
_UNKNOWN_ADDRESSES = "it selects no pods, so that its addresses are taken to be outside of the mesh"


class Server(NamedTuple):
    """Pods, or addresses, that behave alike on a port.

    `kind` is `sidecar`, `excluded` (a sidecar that does not see the port), `none`, `gateway`, `ambient`, `outside`
    or `nobody`. `is_marked`: clients that choose by themselves take it for one that takes mutual TLS. `port` is the
    container's, None where it is not known. `accepted` is None where no sidecar has a say. `listener` is the kind
    of listener that a sidecar has there, and `speaks` what its application takes: `TLS`, `plaintext` or empty for
    whatever it is sent. `assumed` says what was taken for granted.
    """

    kind: str
    workloads: tuple[Ref, ...]
    is_marked: bool
    port: int | None
    accepted: Accepted | None
    listener: str
    speaks: str
    assumed: tuple[str, ...] = ()


class Injection(NamedTuple):
    """Whether pods have a proxy: `kind` as of a Server; `assumed` is empty where it is known."""

    kind: str
    assumed: str = ""


def servers(world: World, service: Service, port: Port, subset: Labels | None = None) -> tuple[Server, ...]:
    """Give the kinds of servers behind a port, all or those of a subset; none where a subset has no pods."""
    labels = subset or {}
    if service.is_entry:
        return grouped(_of_entry(world, service, port, labels))
    if service.selector is None:
        is_api_server = (service.ref.namespace, service.ref.name) == ("default", "kubernetes")
        return (_outside(port)._replace(assumed=() if is_api_server else (_UNKNOWN_ADDRESSES,)),)
    pods = tuple(selected(world, service))
    machines = tuple(_machines(world, service)) if service.resolution == "static" else ()
    if not pods and not machines:
        return (_unseen(world, service, port, labels),)
    chosen = [pod for pod in pods if covers(labels, pod.labels)]
    of_pods = (made for pod in chosen for made in _of_workload(world, port, pod))
    of_machines = (made for one in machines for made in _of_endpoint(world, service, port, one, labels))
    found = grouped((*of_pods, *of_machines))
    return found or tuple(_nobody(port, pod) for pod in chosen[:1])


def grouped(found: Iterable[Server]) -> tuple[Server, ...]:
    """Make one of servers that behave alike."""
    groups: dict[Server, list[Ref]] = {}
    for one in found:
        groups.setdefault(one._replace(workloads=()), []).extend(one.workloads)
    return tuple(one._replace(workloads=tuple(refs)) for one, refs in groups.items())


def selected(world: World, service: Service) -> Iterator[Workload]:
    """Give the pods that a Service selects, which must have a selector."""
    for one in world.workloads.get(service.ref.namespace, ()):
        if covers(service.selector or {}, one.labels):
            yield one


def _of_workload(world: World, port: Port, pod: Workload) -> Iterator[Server]:
    """Give the server that pods are; none where they lack the port of that name."""
    number = container_port(port, pod)
    if number is None:
        return
    injection = injection_of(world, pod)
    is_hidden = injection.kind == "sidecar" and not is_captured(pod.annotations, number)
    made = _server("excluded" if is_hidden else injection.kind, port, number)
    is_marked = pod.labels.get(MARK, "istio" if injection.kind == "sidecar" else "") == "istio"
    heeds = is_marked or made.kind == "sidecar"
    yield made._replace(
        workloads=(pod.ref,),
        is_marked=is_marked,
        accepted=accepted(world, pod.ref.namespace, pod.labels, number) if heeds else None,
        listener=listener(_declared(world, pod, number)) if heeds else "",
        assumed=(injection.assumed,) if injection.assumed else (),
    )


def _server(kind: str, port: Port, number: int | None) -> Server:
    """Give a server of a kind that nobody takes for one of the mesh.

    Behind no sidecar, a port that is declared http may well be one that speaks TLS.
    """
    speaks = "plaintext" if port.protocol in HTTP and kind == "sidecar" else ""
    return Server(
        kind=kind,
        workloads=(),
        is_marked=False,
        port=number,
        accepted=None,
        listener="",
        speaks="TLS" if port.protocol in OPENED_BY_APPLICATION else speaks,
    )


def container_port(port: Port, pod: Workload) -> int | None:
    """Give the number that pods listen on for a port, None where they have none of that name."""
    if isinstance(port.target, str):
        return pod.ports.get(port.target)
    return port.number if port.target is None else port.target


def _declared(world: World, pod: Workload, number: int) -> str:
    """Give the protocol of a container port: the oldest service that selects the pod says it for all."""
    sidecar = sidecar_of(world, pod.ref.namespace, pod.labels)
    if sidecar is not None and sidecar.ingress:  # they replace those of services
        return dict(sidecar.ingress).get(number, AUTO)
    selecting = (
        service
        for service in world.services.get(pod.ref.namespace, ())
        if service.selector and covers(service.selector, pod.labels)
    )
    declared = (port.protocol for one in selecting for port in one.ports if container_port(port, pod) == number)
    return next(declared, AUTO)


def _unseen(world: World, service: Service, port: Port, subset: Labels) -> Server:
    """Give what the pods of a Service are where none is known: as far as its selector tells, and with a sidecar."""
    labels = {**(service.selector or {}), **subset}
    number = port.number if port.target is None else port.target
    known = number if isinstance(number, int) else None
    injection = injection_of_namespace(world, service.ref.namespace)
    assumed = ["no pods of it are known, so that they are taken to have the labels of its selector and no others"]
    if injection.assumed:
        assumed.append(injection.assumed)
    if known is None:
        assumed.append(f"the number of the container port '{number}' is not known")
    assumed += [
        f"PeerAuthentication {one.ref} does not select them, though more labels may let it"
        for one in perhaps(world, service.ref.namespace, labels)
    ]
    made = _server(injection.kind, port, known)
    has_sidecar = injection.kind == "sidecar"
    return made._replace(
        is_marked=has_sidecar,
        accepted=accepted(world, service.ref.namespace, labels, known) if has_sidecar else None,
        listener=listener(port.protocol) if has_sidecar else "",
        assumed=tuple(assumed),
    )


def _nobody(port: Port, pod: Workload) -> Server:
    assumed = f"the pods behind it have no container port named '{port.target}', so that nobody answers"
    return _server("nobody", port, None)._replace(workloads=(pod.ref,), assumed=(assumed,))


def _outside(port: Port) -> Server:
    """Give what stands behind a Service without a selector, or behind a name for another host."""
    return _server("outside", port, port.number)


def _of_entry(world: World, service: Service, port: Port, subset: Labels) -> Iterator[Server]:
    """Give what stands behind a host of a ServiceEntry: addresses, pods or machines, or just its name."""
    if service.selector is None and not service.endpoints and (not subset or service.resolution == "headless"):
        yield _outside(port)
    if service.selector is not None:
        for pod in selected(world, service):
            if covers(subset, pod.labels):
                named = port._replace(target=pod.ports.get(port.name, port.target or port.number))
                yield from _of_workload(world, named, pod)
    for one in (*service.endpoints, *_machines(world, service)):
        yield from _of_endpoint(world, service, port, one, subset)


def _machines(world: World, service: Service) -> Iterator[Endpoint]:
    """Give the WorkloadEntries that a service selects beside its pods: one of Kubernetes does so, too."""
    for one in world.entries.get(service.ref.namespace, ()):
        if service.selector is not None and covers(service.selector, one.labels):
            yield one


def _of_endpoint(world: World, service: Service, port: Port, one: Endpoint, subset: Labels) -> Iterator[Server]:
    """Give what an address is: a machine with a sidecar where it has Istio's mark, or an account of the mesh.

    It is none of a subset whose labels it lacks, or of a port by whose name it knows none.
    """
    if isinstance(port.target, str):
        number = one.ports.get(port.target)
    else:
        number = one.ports.get(port.name, port.target or port.number)
    if number is None or not covers(subset, one.labels):
        return
    if one.labels.get(MARK, "istio" if one.has_account else "") != "istio":
        yield _server("outside", port, number)._replace(workloads=(one.ref,))
        return
    yield _server("sidecar", port, number)._replace(
        workloads=(one.ref,),
        assumed=("a proxy of the mesh runs at its address, as its account or mark says",),
        is_marked=True,
        accepted=accepted(world, service.ref.namespace, one.labels, number),
        listener=listener(port.protocol),
    )


def injection_of(world: World, pod: Workload) -> Injection:
    """Tell whether pods have a sidecar: what they hold, then what they ask for, then what the namespace says."""
    if any(covers(gateway.selector, pod.labels) for gateway in world.gateways if gateway.selector):
        return Injection("gateway")
    if pod.proxy:
        return Injection(pod.proxy)
    asked = pod.labels.get(_INJECT, pod.annotations.get(_INJECT, ""))
    never = pod.is_host_network or pod.is_pod or pod.ref.namespace in _NEVER_INJECTED
    if never or asked == "false":
        return _without(world, pod)
    of_namespace = injection_of_namespace(world, pod.ref.namespace)
    is_known = of_namespace.kind == "sidecar" and not of_namespace.assumed
    return Injection("sidecar") if not is_known and _asks_by_label(world, pod) else of_namespace


def _without(world: World, pod: Workload) -> Injection:
    space = world.namespaces.get(pod.ref.namespace)
    said = pod.labels.get(_DATAPLANE) or (space.labels.get(_DATAPLANE) if space is not None else None)
    return Injection("ambient" if said == "ambient" else "none")


def _asks_by_label(world: World, pod: Workload) -> bool:
    """Tell whether a pod is injected in a namespace that says nothing; an annotation alone is never seen there."""
    space = world.namespaces.get(pod.ref.namespace)
    is_silent = space is None or not {_INJECTION, _REVISION} & space.labels.keys()
    return is_silent and (pod.labels.get(_INJECT) == "true" or _REVISION in pod.labels)


def injection_of_namespace(world: World, name: str) -> Injection:
    """Tell whether pods that say nothing have a sidecar in a namespace."""
    space = world.namespaces.get(name)
    if space is None:
        assumed = f"the Namespace '{name}' is not among the objects, so that its pods are taken to have a sidecar"
        return Injection("sidecar", assumed)
    labels = space.labels
    if labels.get(_DATAPLANE) == "ambient":
        return Injection("ambient")
    has_revision = _REVISION in labels and _INJECTION not in labels
    return Injection("sidecar" if labels.get(_INJECTION) == "enabled" or has_revision else "none")


def is_captured(annotations: Labels, port: int) -> bool:
    """Tell whether a sidecar sees what comes in on a container port; a list of includes switches exclusions off."""
    if port in _NEVER_CAPTURED:
        return False
    included, excluded = annotations.get(_INCLUDE, "*"), annotations.get(_EXCLUDE, "")
    if included.strip() != "*":
        return port in ports_listed(included)
    return port not in ports_listed(excluded)


def ports_listed(text: str) -> frozenset[int]:
    """Give the ports that an annotation lists."""
    words = (word.strip() for word in text.split(","))
    return frozenset(int(word) for word in words if word.isascii() and word.isdigit())
