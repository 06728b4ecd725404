from meshguard.diagnostic import ROOT, ValuePath
from meshguard.node import child, find, nearest, plain
from tests.tree import tree

VALUES = tree("a:\n  b: [1, {c: true}]\nd: null\n")


def test_plain_values_have_no_places() -> None:
    assert plain(VALUES) == {"a": {"b": [1, {"c": True}]}, "d": None}


def test_what_is_there_is_found_with_its_place() -> None:
    found = find(VALUES, ValuePath(("a", "b", 1, "c")))

    assert found is not None
    assert found.value is True
    assert found.span == ("values.yaml", 2, 14, 2, 18)
    assert found.key == ("values.yaml", 2, 11, 2, 12)


def test_what_is_not_there_has_a_nearest_neighbour() -> None:
    missing = ValuePath(("a", "b", 7, "c"))

    assert find(VALUES, missing) is None
    assert nearest(VALUES, missing) is find(VALUES, ValuePath(("a", "b")))
    assert nearest(VALUES, ROOT) is VALUES


def test_steps_of_the_wrong_kind_lead_nowhere() -> None:
    assert child(VALUES, 0) is None
    assert child(VALUES, "missing") is None
    b = find(VALUES, ValuePath(("a", "b")))
    assert b is not None
    assert child(b, "0") is None
    assert child(b, 0) == find(VALUES, ValuePath(("a", "b", 0)))
