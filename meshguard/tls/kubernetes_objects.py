"""Kubernetes' own objects: heads and specs in, facts out; MalformedError for what the API would refuse."""

from collections.abc import Iterator

from meshguard.node import Node, child
from meshguard.tls import fields
from meshguard.tls.facts import Labels, Namespace, Port, Ref, Service, Settings, Workload
from meshguard.tls.fields import Field, below
from meshguard.tls.head import Head
from meshguard.tls.protocol import service_protocol

_EXPORT = "networking.istio.io/exportTo"
_TEMPLATES = "inject.istio.io/templates"
_PROXY = "istio-proxy"
_OVER = {"Succeeded", "Failed"}  # phases of pods that serve nothing any more


def namespace(head: Head, _: Settings) -> Iterator[Namespace]:
    """Read a namespace."""
    yield Namespace(head.ref, head.labels)


def service(head: Head, settings: Settings) -> Iterator[Service]:
    """Read a Service; an empty selector selects nothing."""
    ref, spec = head.ref, head.spec
    alias = fields.text(below(spec, "externalName")) if fields.text(below(spec, "type")) == "ExternalName" else ""
    is_headless = fields.text(below(spec, "clusterIP")) == "None"
    exported = head.annotations.get(_EXPORT, "")
    yield Service(
        ref=ref,
        created=head.created,
        host=f"{ref.name}.{ref.namespace}.svc.{settings.cluster_domain}",
        ports=tuple(_port(item, settings) for item in fields.items(below(spec, "ports"))),
        selector=fields.labels(below(spec, "selector")) or None,
        resolution="alias" if alias else "headless" if is_headless else "static",
        alias=alias,
        export_to=frozenset(word.strip() for word in exported.split(",")) if exported else frozenset(),
    )


def _port(field: Field, settings: Settings) -> Port:
    number, name = fields.port(below(field, "port")), fields.text(below(field, "name"))
    transport = fields.word(below(field, "protocol"), ("TCP", "UDP", "SCTP"))
    said = below(field, "appProtocol")
    app_protocol = None if said.node is None else fields.text(said)
    protocol = service_protocol(number, name, transport, app_protocol, settings.istio_version)
    return Port(number, name, protocol, _target(below(field, "targetPort")), is_udp=transport == "UDP")


def _target(field: Field) -> int | str | None:
    if field.node is None:
        return None
    return fields.text(field) if isinstance(field.node.value, str) else fields.port(field)


def pod(head: Head, _: Settings) -> Iterator[Workload]:
    """Read a pod; one that is over serves nothing."""
    status = below(head.body, "status")
    if fields.text(below(status, "phase")) not in _OVER:
        is_pod = status.node is not None or below(head.spec, "nodeName").node is not None
        yield _workload(head.ref, head.labels, head.annotations, head.spec, is_pod=is_pod)


def workload(head: Head, _: Settings) -> Iterator[Workload]:
    """Read what makes pods of a template: none where another object owns it, or it is to make none."""
    owned = fields.items(below(head.body, "metadata", "ownerReferences"))
    if owned or fields.number(below(head.spec, "replicas")) == 0:
        return
    template = below(head.spec, "template")
    metadata = below(template, "metadata")
    labels, annotations = below(metadata, "labels"), below(metadata, "annotations")
    yield _workload(
        head.ref, fields.labels(labels), fields.labels(annotations), below(template, "spec"), is_pod=False
    )


def any_workload(head: Head, settings: Settings) -> Iterator[Workload]:
    """Read an object of any other kind that makes pods of a template, as rollouts of other projects do."""
    node: Node | None = head.body.node
    for key in ("spec", "template", "spec", "containers"):
        node = None if node is None else child(node, key)
    if node is not None and isinstance(node.value, list):
        yield from workload(head, settings)


def _workload(ref: Ref, labels: Labels, annotations: Labels, spec: Field, *, is_pod: bool) -> Workload:
    running = fields.items(below(spec, "containers"))
    containers = (*fields.items(below(spec, "initContainers")), *running)
    return Workload(
        ref=ref,
        labels=labels,
        annotations=annotations,
        ports={name: number for one in containers for name, number in _named_ports(one) if name},
        is_host_network=fields.flag(below(spec, "hostNetwork")),
        proxy=_proxy(labels, annotations, containers),
        is_pod=is_pod,
    )


def _named_ports(container: Field) -> Iterator[tuple[str, int]]:
    for port in fields.items(below(container, "ports")):
        yield fields.text(below(port, "name")), fields.port(below(port, "containerPort"))


def _proxy(labels: Labels, annotations: Labels, containers: tuple[Field, ...]) -> str:
    """Tell what the proxy of the pod is, if the pod has it already or asks for a gateway's."""
    names = [fields.text(below(one, "name")) for one in containers]
    if "gateway" in f"{labels.get(_TEMPLATES, '')},{annotations.get(_TEMPLATES, '')}".split(",") or names == [
        _PROXY
    ]:
        return "gateway"
    if _PROXY not in names:
        return ""
    words = fields.texts(below(containers[names.index(_PROXY)], "args"))
    return "gateway" if "router" in words else "sidecar"
