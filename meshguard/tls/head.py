"""What every object of Kubernetes begins with: a tree in, name, age and labels out."""

from typing import NamedTuple

from meshguard.tls import fields
from meshguard.tls.facts import Labels, Ref
from meshguard.tls.fields import Field, MalformedError, below
from meshguard.tls.reading import Document


class Head(NamedTuple):
    """The part of an object that all kinds share; `body` is the whole object."""

    ref: Ref
    group: str
    created: str
    labels: Labels
    annotations: Labels
    body: Field

    @property
    def spec(self) -> Field:
        """What the object asks for."""
        return below(self.body, "spec")


def head(document: Document, namespace: str) -> Head:
    """Read the head of an object; one that names no namespace stands in the given one."""
    body = fields.root(document.node)
    metadata = below(body, "metadata")
    name = fields.text(below(metadata, "name")) or fields.text(below(metadata, "generateName"))
    if not name:
        raise MalformedError("metadata.name is missing", metadata.span)
    said = fields.text(below(metadata, "namespace"))
    span = below(metadata, "name").span
    return Head(
        Ref(document.kind, "" if document.kind == "Namespace" else said or namespace, name, span),
        document.group,
        fields.text(below(metadata, "creationTimestamp")),
        fields.labels(below(metadata, "labels")),
        fields.labels(below(metadata, "annotations")),
        body,
    )
