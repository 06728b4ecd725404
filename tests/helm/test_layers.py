import pytest

from meshguard.diagnostic import Span
from meshguard.helm.layers import Chart, coalesce, coalesce_keeping_nulls, merge, merge_tables, nulls_by_version
from meshguard.helm.loss import SourceError
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import load
from meshguard.node import Node, plain
from tests.helm.places import places, told


def tree(text: str, file: str = "values.yaml") -> Node:
    return load(text.encode(), file, NEWEST_4).node


def files(node: Node) -> dict[str, str]:
    """Give the file of every value and key of the first two levels."""
    assert isinstance(node.value, dict)
    return {
        name: child.span.file + (f" {child.key.file}" if child.key else "") for name, child in node.value.items()
    }


def test_merge_keeps_the_places_of_what_survives() -> None:
    base = tree("a: 1\nb: {c: 2, d: 3}\ne: [1]\n", "base.yaml")
    over = tree("b: {d: 4, f: 5}\ne: [2]\n", "over.yaml")
    merged, losses = merge(base, over)

    assert plain(merged) == {"a": 1, "b": {"c": 2, "d": 4, "f": 5}, "e": [2]}
    assert files(merged) == {
        "a": "base.yaml base.yaml",
        "b": "base.yaml over.yaml",
        "e": "over.yaml over.yaml",
    }
    assert isinstance(merged.value, dict)
    assert files(merged.value["b"]) == {
        "c": "base.yaml base.yaml",
        "d": "over.yaml over.yaml",
        "f": "over.yaml over.yaml",
    }
    assert told(losses) == ["list-replaces-list e 2:1-2:2 3:1-3:2"]


def test_merge_changes_neither_layer() -> None:
    base, over = tree("a: {b: 1}\n"), tree("a: {c: 2}\n")
    before = places(base), places(over)
    merge(base, over)

    assert (places(base), places(over)) == before


MERGE_LOSSES = {
    ("a: {b: 1}", "a: 1"): ["scalar-replaces-map a 1:1-1:2 1:1-1:2"],
    ("a: {b: 1}", "a: [1]"): ["list-replaces-map a 1:1-1:2 1:1-1:2"],
    ("a: {b: 1}", "a: ~"): ["null-replaces a 1:1-1:2 1:1-1:2"],
    ("x: {a: 1}", "x: {a: ~}"): ["null-replaces x.a 1:5-1:6 1:5-1:6"],
    ("a: [1]", "a: [2]"): ["list-replaces-list a 1:1-1:2 1:1-1:2"],
    ("a: [1, {b: 2}]", "a: [{b: 2, c: 3}, 0, 1]"): [],  # nothing is lost
    ("a: [1, {b: 2}]", "a: [{b: 3}, 1]"): ["list-replaces-list a 1:1-1:2 1:1-1:2"],
    ("a: [true]", "a: [1]"): ["list-replaces-list a 1:1-1:2 1:1-1:2"],
    ("a: [[1]]", "a: [[2, 1]]"): [],
    ("a: [1]", "a: 2"): [],
    ("a: 1", "a: {b: 1}"): [],
    ("a: ~", "a: ~"): [],
}


@pytest.mark.parametrize(("layers", "expected"), MERGE_LOSSES.items())
def test_what_a_later_file_replaces_is_noted(layers: tuple[str, str], expected: list[str]) -> None:
    base, over = layers

    assert told(merge(tree(base), tree(over))[1]) == expected


def test_long_lists_are_not_compared_for_ever() -> None:
    nested = "[" + ", ".join(["[" + ", ".join(map(str, range(100))) + "]"] * 100) + "]"

    assert told(merge(tree(f"a: {nested}"), tree(f"a: {nested.replace('0', '1000')}"))[1]) == [
        "list-replaces-list a 1:1-1:2 1:1-1:2"
    ]


COALESCE_LOSSES = {
    ("a: {b: 1, c: 2}", "a: {b: ~}"): ["null-deletes-default a.b 1:5-1:6 1:5-1:6"],
    ("a: 1", "a: ~"): ["null-deletes-default a 1:1-1:2 1:1-1:2"],
    ("a: ~", "a: ~"): [],
    ("a: {b: 1}", "a: 2"): ["scalar-replaces-map-default a 1:1-1:2 1:1-1:2"],
    ("a: {b: {c: 1}}", "a: {b: [2]}"): ["list-replaces-map-default a.b 1:5-1:6 1:5-1:6"],
    ("a: [1]", "a: [2]"): ["list-replaces-list-default a 1:1-1:2 1:1-1:2"],
    ("a: 1", "a: {b: 1}"): [],
}


@pytest.mark.parametrize(("layers", "expected"), COALESCE_LOSSES.items())
def test_what_replaces_a_default_is_noted_by_another_name(layers: tuple[str, str], expected: list[str]) -> None:
    defaults, user = layers

    assert told(coalesce(Chart("top", tree(defaults)), tree(user), NEWEST_4)[1]) == expected


def test_coalesce_keeps_places_and_changes_nothing() -> None:
    sub = Chart("sub", tree("x: 1\ny1: 2\n", "sub.yaml"))
    top = Chart("top", tree("a: {b: 1}\nsub: {x: 3}\nglobal: {g: {h: 1}}\n", "top.yaml"), (sub,))
    user = tree("a: {c: 2}\n", "user.yaml")
    before = places(top.values), places(user)
    node, losses = coalesce(top, user, NEWEST_4)

    assert plain(node) == {
        "a": {"c": 2, "b": 1},
        "sub": {"x": 3, "y1": 2, "global": {"g": {"h": 1}}},
        "global": {"g": {"h": 1}},
    }
    assert files(node) == {
        "a": "user.yaml user.yaml",
        "sub": "top.yaml top.yaml",
        "global": "top.yaml top.yaml",
    }
    assert isinstance(node.value, dict)
    assert files(node.value["sub"]) == {
        "x": "top.yaml top.yaml",
        "global": "top.yaml",
        "y1": "sub.yaml sub.yaml",
    }
    assert (places(top.values), places(user)) == before
    assert losses == ()


GLOBALS = {  # the user's values, and what a subchart with `global: {a: {x: 1}, b: 2}` then has there
    "global: {a: {z: 3}, c: 4}": {"a": {"x": 1, "z": 3}, "b": 2, "c": 4},
    "global: {a: 5, b: {c: 1}}": {"a": 5, "b": {"c": 1}},
    "global: {a: 5}\nsub: {global: {a: {z: 2}}}": {"a": {"z": 2, "x": 1}, "b": 2},
    "global: {b: {c: 1}}\nsub: {global: {b: 3}}": {"a": {"x": 1}, "b": 3},
    "global: {b: 6}": {"a": {"x": 1}, "b": 6},
    "global: 7": {"a": {"x": 1}, "b": 2},
    "sub: {global: 8}": 8,
    "sub: {global: {b: 9}}\nglobal: {b: 10}": {"a": {"x": 1}, "b": 10},
}


@pytest.mark.parametrize("user", GLOBALS)
def test_globals_go_down(user: str) -> None:
    sub = Chart("sub", tree("global: {a: {x: 1}, b: 2}"))
    node, _ = coalesce(Chart("top", tree(""), (sub,)), tree(user), NEWEST_3)

    assert plain(node)["sub"]["global"] == GLOBALS[user]  # type: ignore[index,call-overload] # they are maps


def test_a_nested_global_leaks_upwards_as_in_helm() -> None:
    user = tree("global: {a: {b: {x: 1}}}\nsub: {global: {a: {b: {y1: 2}}}}\n")
    node, _ = coalesce(Chart("top", tree(""), (Chart("sub", tree("")),)), user, NEWEST_4)

    assert plain(node) == {
        "global": {"a": {"b": {"x": 1, "y1": 2}}},
        "sub": {"global": {"a": {"b": {"x": 1, "y1": 2}}}},
    }


def test_a_subchart_key_must_hold_a_map() -> None:
    top = Chart("top", tree(""), (Chart("sub", tree("")),))

    with pytest.raises(SourceError, match="'sub' must be a map: it is the key of a subchart") as caught:
        coalesce(top, tree("a: 1\nsub: [1]\n"), NEWEST_4)

    assert caught.value.span == Span("values.yaml", 2, 6, 2, 9)


@pytest.mark.parametrize(
    ("helm", "expected"),
    [
        (Version(3, 14, 4), {"a": 1, "m": {"q": None}, "o": {"k": None}}),
        (Version(3, 19, 5), {"a": 1, "m": {}, "o": {"k": None}}),
        (Version(3, 20, 1), {"a": 1, "m": {"q": None}, "o": {"k": None}}),
        (Version(4, 0, 0), {"a": 1, "m": {}, "o": {"k": None}}),
        (Version(4, 1, 3), {"a": 1, "m": {"q": None}, "o": {"k": None}}),
        (Version(4, 2, 0), {"a": 1, "m": {"q": None}, "o": {}}),
    ],
)
def test_nulls_by_version(helm: Version, expected: object) -> None:
    top = Chart("top", tree("a: 1\nm: {}\no: {k: ~}\n"))

    assert plain(coalesce(top, tree("m: {q: ~}\n"), helm)[0]) == expected


def test_a_release_that_refuses_the_values_has_no_say_about_nulls() -> None:
    sub = Chart("sub", tree("x: 1"))

    assert nulls_by_version(Chart("top", tree("sub: ~\na: 1"), (sub,)), tree("a: ~")) == ()


def test_keeping_nulls() -> None:
    top = Chart("top", tree("a: 1\nb: {c: 2}\nd: ~\n"))
    user = tree("a: ~\nb: {c: ~}\n")

    assert plain(coalesce_keeping_nulls(top, user, NEWEST_4)) == {"a": None, "b": {"c": None}, "d": None}


def test_tables_are_filled_up() -> None:
    first, second = tree("a: {b: 1, o: ~}\ns: 1\n"), tree("a: {b: 2, c: 3, o: 4}\ns: {x: 1}\nt: [1]\n")

    assert plain(merge_tables(first, second, NEWEST_4)) == {
        "a": {"b": 1, "o": None, "c": 3},
        "s": 1,
        "t": [1],
    }
    assert plain(second) == {"a": {"b": 2, "c": 3, "o": 4}, "s": {"x": 1}, "t": [1]}
