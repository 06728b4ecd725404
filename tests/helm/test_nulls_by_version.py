"""Nulls whose effect depends on the release of Helm: which of them are told, and in which words."""

import pytest

from meshguard.helm.layers import Chart, nulls_by_version
from tests.tree import tree

WEB = Chart("web", tree("{a: 1, b: {c: 2}, d: {}}"))
TOP = Chart("top", tree("{web: {a: 5, b: {c: 6}}, own: 1, nested: {x: 1}, none: null}"), (WEB,))
OLDER = "whether this null deletes the default depends on Helm: 3.17 keeps the default"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("{}", []),
        ("{web: {a: 7}}", []),
        ("{web: {a: null}}", ["web.a"]),
        ("{web: {b: {c: null}}}", ["web.b.c"]),
        ("{web: {a: null, b: {c: null, x: null}}}", ["web.a", "web.b.c"]),
        ("{web: {d: {q: null}}}", []),
        ("{own: null, nested: {x: null}, other: null, none: null}", []),
        ("{web: null}", []),
        ("{list: [null]}", []),
    ],
)
def test_which_nulls_depend_on_helm(values: str, expected: list[str]) -> None:
    found = nulls_by_version(TOP, tree(values))

    assert [str(loss.at) for loss in found] == expected
    assert {(loss.kind, loss.detail) for loss in found} <= {("null-by-version", OLDER)}


def test_it_stands_at_the_key() -> None:
    (found,) = nulls_by_version(TOP, tree("web:\n  a: null"))

    assert found.span[1:] == (2, 3, 2, 4)
