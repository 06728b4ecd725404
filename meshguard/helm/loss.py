"""What Helm drops, changes or refuses while it reads values."""

from collections.abc import Iterable
from typing import NamedTuple

from meshguard.diagnostic import Span, ValuePath
from meshguard.node import Node, child


class Loss(NamedTuple):
    """One thing that was written and is not what the templates will see.

    `kind` names what happened (the table in docs/helm-dialect.md lists all kinds), `at` the place in the merged
    values that it concerns, `span` what was lost or changed, `related` what stands there instead, and `detail` is
    the sentence for a person; for the kind `yaml11` it is the text as it was written. Where a list takes the place
    of a list, `lists` holds the one that is lost and the new one.
    """

    kind: str
    at: ValuePath
    span: Span
    detail: str
    related: Span | None = None
    lists: tuple[Node, Node] | None = None


def replaced(losses: Iterable[Loss], at: ValuePath, key: str, name: str) -> Loss | None:
    """Give the loss of a list in which an item had this name, by this key; the new list is known not to have it."""
    for loss in losses:
        if loss.kind == "list-replaces-list" and loss.at == at and loss.lists is not None:
            items = loss.lists[0].value
            said = [child(item, key) for item in items] if isinstance(items, list) else []
            if any(item is not None and item.value == name for item in said):
                return loss
    return None


class SourceError(Exception):
    """Helm refuses this source: what is wrong, in one sentence, and where; `text` is the source, if it is text."""

    def __init__(self, message: str, span: Span, text: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.text = text
