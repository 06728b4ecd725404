"""Objects as trees in, the facts of a mesh out; what the API would refuse is left out and named."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias, TypeVar

from meshguard.tls import istio_objects, kubernetes_objects, mesh_settings
from meshguard.tls.facts import (
    DestinationRule,
    Endpoint,
    Gateway,
    Namespace,
    PeerAuthentication,
    Ref,
    Remark,
    Route,
    Service,
    Settings,
    Sidecar,
    Workload,
    World,
    covers,
)
from meshguard.tls.fields import MalformedError
from meshguard.tls.head import Head, head
from meshguard.tls.reading import Document
from meshguard.tls.unknown import unknown_fields

Fact: TypeAlias = (
    Namespace | Service | Workload | Endpoint | PeerAuthentication | DestinationRule | Sidecar | Gateway | Route
)
_Reader: TypeAlias = Callable[[Head, Settings], Iterable[Fact]]
_Kind = TypeVar("_Kind", bound=Fact)

_NETWORKING, _SECURITY = "networking.istio.io", "security.istio.io"
_READERS: Mapping[tuple[str, str], _Reader] = {
    ("", "Namespace"): kubernetes_objects.namespace,
    ("", "Service"): kubernetes_objects.service,
    ("", "Pod"): kubernetes_objects.pod,
    ("apps", "Deployment"): kubernetes_objects.workload,
    ("apps", "StatefulSet"): kubernetes_objects.workload,
    ("apps", "DaemonSet"): kubernetes_objects.workload,
    ("apps", "ReplicaSet"): kubernetes_objects.workload,
    (_SECURITY, "PeerAuthentication"): istio_objects.peer_authentication,
    (_NETWORKING, "DestinationRule"): istio_objects.destination_rule,
    (_NETWORKING, "ServiceEntry"): istio_objects.service_entry,
    (_NETWORKING, "WorkloadEntry"): istio_objects.workload_entry,
    (_NETWORKING, "Sidecar"): istio_objects.sidecar,
    (_NETWORKING, "Gateway"): istio_objects.gateway,
    (_NETWORKING, "VirtualService"): istio_objects.virtual_service,
}
_GONE = "does not count since Istio 1.6; write a PeerAuthentication"
_UNJUDGED = "makes rules for TLS too, which are not judged here"
_REMARKED: Mapping[tuple[str, str], str] = {
    ("authentication.istio.io", "Policy"): _GONE,
    ("authentication.istio.io", "MeshPolicy"): _GONE,
    ("gateway.networking.k8s.io", "BackendTLSPolicy"): _UNJUDGED,
}
_MOST = 5  # remarks on one object
_NOT_YET = "~"  # sorts after every time: what has none is still to be created
_SETTINGS = {("", "ConfigMap"), ("install.istio.io", "IstioOperator"), ("sailoperator.io", "Istio")}


class Understood(NamedTuple):
    """The facts of a mesh, and what was left out on the way to them."""

    world: World
    remarks: tuple[Remark, ...]


def understand(documents: Iterable[Document], settings: Settings, namespace: str) -> Understood:
    """Give the facts of all documents; objects that name no namespace stand in the given one.

    Of an object that is there twice the last one counts. Settings of the mesh among the documents stand over the
    given ones.
    """
    remarks: list[Remark] = []
    heads = _heads(documents, namespace, remarks)
    for one in heads:
        if (one.group, one.ref.kind) in _SETTINGS:
            try:
                settings = mesh_settings.overlaid(one, settings)
            except MalformedError as error:
                remarks.append(_malformed(one.ref, error))
    facts: list[Fact] = []
    for one in heads:
        try:
            facts += _READERS.get((one.group, one.ref.kind), kubernetes_objects.any_workload)(one, settings)
        except MalformedError as error:
            remarks.append(_malformed(one.ref, error))
    return Understood(_world(facts, settings), tuple(remarks))


def _heads(documents: Iterable[Document], namespace: str, remarks: list[Remark]) -> tuple[Head, ...]:
    """Read the heads; those of kinds that do not matter may be as they like."""
    last: dict[tuple[str, str, str, str], Head] = {}
    for document in documents:
        kind = document.group, document.kind
        try:
            found = head(document, namespace)
        except MalformedError as error:
            if kind in _READERS:
                remarks.append(_malformed(Ref(document.kind, "", "", document.node.span), error))
            continue
        if kind in _REMARKED:
            remarks.append(Remark(found.ref.span, f"{_named(found.ref)} {_REMARKED[kind]}"))
        key = (*kind, found.ref.namespace, found.ref.name)
        if key in last and kind in _READERS:
            before = last[key].ref.span
            said = f"{_named(found.ref)} is also at {before.file}:{before.line}: the last one counts"
            remarks.append(Remark(found.ref.span, said))
        remarks += _of_no_field(document, found.ref)
        last.pop(key, None)
        last[key] = found
    return tuple(last.values())


def _of_no_field(document: Document, ref: Ref) -> Iterator[Remark]:
    """Name the first fields of an object that its kind does not have."""
    for path, span in islice(unknown_fields(document.group, document.kind, document.node), _MOST):
        yield Remark(span, f"{_named(ref)} has no field '{path}': the API refuses it, or drops it")


def _named(ref: Ref) -> str:
    return f"{ref.kind} '{ref}'"


def _malformed(ref: Ref, error: MalformedError) -> Remark:
    named = _named(ref) if ref.name else f"this {ref.kind}"
    return Remark(error.span, f"{named} is left out: {error}", is_error=True)


def _world(facts: Iterable[Fact], settings: Settings) -> World:
    """Put the facts in order: Istio obeys the oldest, and among equals the first by name."""
    by_age = sorted(facts, key=_age)
    return World(
        settings=settings,
        namespaces={one.ref.name: one for one in _of(Namespace, by_age)},
        services=_by_namespace(_of(Service, by_age)),
        workloads=_by_namespace(_living(tuple(_of(Workload, by_age)))),
        entries=_by_namespace(_of(Endpoint, by_age)),
        authentications=_by_namespace(_of(PeerAuthentication, by_age)),
        sidecars=_by_namespace(_of(Sidecar, by_age)),
        rules=tuple(_of(DestinationRule, by_age)),
        gateways=tuple(_of(Gateway, by_age)),
        routes=tuple(_of(Route, by_age)),
    )


def _age(fact: Fact) -> tuple[str, str, str]:
    name = fact.host if isinstance(fact, Service) else fact.ref.name
    return getattr(fact, "created", "") or _NOT_YET, name, fact.ref.namespace


def _of(kind: type[_Kind], facts: Iterable[Fact]) -> Iterator[_Kind]:
    return (fact for fact in facts if isinstance(fact, kind))


def _by_namespace(facts: Iterable[_Kind]) -> Mapping[str, tuple[_Kind, ...]]:
    found: dict[str, list[_Kind]] = {}
    for fact in facts:
        found.setdefault(fact.ref.namespace, []).append(fact)
    return {namespace: tuple(listed) for namespace, listed in found.items()}


def _living(workloads: tuple[Workload, ...]) -> Iterator[Workload]:
    """Leave out what makes pods where its pods are known themselves."""
    pods: dict[str, list[Workload]] = {}
    for one in workloads:
        if one.is_pod:
            pods.setdefault(one.ref.namespace, []).append(one)
    for one in workloads:
        known = pods.get(one.ref.namespace, ()) if one.labels and not one.is_pod else ()
        if not any(covers(one.labels, pod.labels) for pod in known):
            yield one
