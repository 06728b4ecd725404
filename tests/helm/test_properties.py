"""Whatever the bytes are: either values whose places lie in the file, or one refusal with a place in it."""

from collections.abc import Iterator
from random import Random

import pytest

from meshguard.diagnostic import Span
from meshguard.helm.loss import SourceError
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import load
from meshguard.node import Node
from tests.fuzz import documents


def mutated(random: Random) -> bytes:
    if random.random() < 0.3:
        return bytes(random.randrange(256) for _ in range(random.randrange(40)))
    data = bytearray(documents.document(random))
    for _ in range(random.choice((0, 0, 1, 5))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def spans(node: Node) -> Iterator[Span]:
    yield from (span for span in (node.span, node.key) if span)
    below = node.value if isinstance(node.value, list) else ()
    for child in node.value.values() if isinstance(node.value, dict) else below:
        yield from spans(child)


def lies_in(span: Span, lines: list[str]) -> bool:
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    return (
        start <= end
        and 1 <= span.line <= span.end_line <= len(lines)
        and 1 <= span.column <= len(lines[span.line - 1]) + 1
        and span.end_column <= len(lines[span.end_line - 1]) + 1
    )


@pytest.mark.parametrize("helm", [NEWEST_3, Version(4, 0, 0), NEWEST_4], ids=str)
def test_places_lie_in_the_file(helm: Version) -> None:
    random = Random("places")
    outside = []
    for _ in range(1500):
        data = mutated(random)
        try:
            loaded = load(data, "values.yaml", helm)
            found, text = [*spans(loaded.node), *(loss.span for loss in loaded.losses)], loaded.text
        except SourceError as error:
            found, text = [error.span] if error.text else [], error.text
        outside += [(data, span) for span in found if not lies_in(span, text.split("\n"))]

    assert outside == []
