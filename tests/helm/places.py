"""Places and losses as short texts, for tables."""

from collections.abc import Iterable

from meshguard.diagnostic import ROOT, Span, ValuePath
from meshguard.helm.loss import Loss
from meshguard.node import Node


def short(span: Span | None) -> str:
    """Give line:column of the start and of the end."""
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column}" if span else ""


def places(node: Node, path: ValuePath = ROOT) -> dict[str, str]:
    """Give, by path, where each key stands and where its value stands."""
    found = {str(path) or ".": f"{short(node.key)} {short(node.span)}".strip()}
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            found |= places(child, path / name)
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            found |= places(child, path / index)
    return found


def told(losses: Iterable[Loss]) -> list[str]:
    """Give the kind of each loss, its path, where it stands, and what stands there instead."""
    return [
        f"{loss.kind} {str(loss.at) or '.'} {short(loss.span)}{f' {short(loss.related)}' if loss.related else ''}"
        for loss in losses
    ]
