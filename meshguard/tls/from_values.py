"""A service that was read from values in, its objects out: what is rendered, and what its chart makes of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from meshguard.diagnostic import Span
from meshguard.model import Port, Service
from meshguard.needed import namespace_of, service_name
from meshguard.node import Node, Plain, Value, nearest
from meshguard.policy import Facts, Mesh, fill, template_words
from meshguard.targets import Rendered
from meshguard.tls.facts import PeerAuthentication, Ref, Settings, World
from meshguard.tls.reading import Document, read_manifest

POLICY = "policy"  # the kind of what no object says, but the policy


class Subject(NamedTuple):
    """A service, what is known of it, what is rendered for it, and the values that both came from."""

    service: Service
    facts: Facts
    rendered: Rendered
    values: Node


def documents(subject: Subject) -> Iterator[Document]:
    """Give the objects of a service; each stands where the value stands that asked for it."""
    for manifest in subject.rendered.manifests:
        span = nearest(subject.values, manifest.at).span
        for document in read_manifest(manifest.text.encode(), span.file).documents:
            yield document._replace(node=_placed(document.node, span))
    span = nearest(subject.values, subject.service.at / "ports").span
    yield Document("", "Service", _placed(_service(subject), span))
    yield Document("apps", "Deployment", _placed(_deployment(subject), span))


def _placed(value: "Node | Value | Plain", span: Span) -> Node:
    """Give a tree whose every value stands in one place."""
    if isinstance(value, Node):
        return _placed(value.value, span)
    if isinstance(value, dict):
        return Node({key: _placed(child, span) for key, child in value.items()}, span)
    if isinstance(value, list):
        return Node([_placed(child, span) for child in value], span)
    return Node(value, span)


def _service(subject: Subject) -> Plain:
    """Give the Service that the chart makes of the ports."""
    ports: list[Plain] = [_port(port) for port in subject.service.ports]
    return {"metadata": _metadata(subject.facts), "spec": {"selector": _labels(subject.facts), "ports": ports}}


def _port(port: Port) -> Plain:
    transport: dict[str, Plain] = {"protocol": "UDP"} if port.protocol == "UDP" else {}
    known: dict[str, Plain] = {"name": port.name, "port": port.number, "targetPort": port.target}
    return known | (transport or {"appProtocol": port.protocol.lower()})


def _deployment(subject: Subject) -> Plain:
    """Give the pods that the chart makes: they are in the mesh, whatever is known of their namespace."""
    excluded = sorted(
        {port.target for port in subject.service.ports if port.bypass_mesh and port.protocol != "UDP"}
    )
    annotations: dict[str, Plain] = {"traffic.sidecar.istio.io/excludeInboundPorts": ",".join(map(str, excluded))}
    labels: dict[str, Plain] = {**_labels(subject.facts), "sidecar.istio.io/inject": "true"}
    template: Plain = {"metadata": {"labels": labels, "annotations": annotations}}
    return {"metadata": _metadata(subject.facts), "spec": {"template": template}}


def _metadata(facts: Facts) -> Plain:
    return {"name": service_name(facts), "namespace": namespace_of(facts)}


def _labels(facts: Facts) -> dict[str, Plain]:
    """Give the labels of the pods: the policy's, or one that no other service has."""
    words = template_words(facts.identity)
    said = facts.policy.pod_labels or {"app.kubernetes.io/name": "{service}"}
    return {key: fill(template, words)[0] for key, template in said.items()}


def settings(mesh: Mesh) -> Settings:
    """Give what the policy says of the mesh as a whole."""
    return Settings(
        istio_version=mesh.istio_version,
        cluster_domain=mesh.cluster_domain,
        root_namespace=mesh.root_namespace,
        outbound_traffic=mesh.outbound_traffic,
    )


def with_modes(world: World, modes: Iterable[tuple[str, str, Ref]]) -> World:
    """Add what the policy says that servers accept: triples of namespace, mode and place.

    Where an object says it for the whole namespace, the object counts.
    """
    added: dict[str, tuple[PeerAuthentication, ...]] = {}
    for namespace, mode, ref in modes:
        own = world.authentications.get(namespace, ())
        if not any(not one.selector and one.mode is not None for one in own):
            said = PeerAuthentication(ref, "", {}, mode, None, ())
            added[namespace] = (said, *own)
    merged: Mapping[str, tuple[PeerAuthentication, ...]] = {**world.authentications, **added}
    return world._replace(authentications=merged)
