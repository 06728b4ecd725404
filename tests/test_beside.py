"""Keys beside the contract's sections, and the places of fields within them."""

import pytest

from meshguard.beside import Stray, in_section, places, strays
from meshguard.diagnostic import ROOT, ValuePath
from tests.tree import tree

WEB = ValuePath(("web",))


def test_strays_are_the_other_keys_that_hold_something() -> None:
    values = tree("{ports: [], a: {x: 1, v: 2}, b: [{z: 1}, {w: 1}], c: [], d: 1, e: null, f: [1]}")

    assert list(strays(values, WEB)) == [
        Stray(WEB / "a", "a", is_list=False, keys=frozenset("xv")),
        Stray(WEB / "b", "b", is_list=True, keys=frozenset("z")),
        Stray(WEB / "c", "c", is_list=True, keys=frozenset()),
        Stray(WEB / "f", "f", is_list=True, keys=frozenset()),
    ]


VALUES = """
ports: [{number: 80, bypassMesh: false}, {number: 81, bypassMesh: true}]
externalRouting:
  timeout: 1s
  pathConfiguration:
    - {path: /a, timeout: 2s, headers: {timeout: "1"}, requestHeaders: {set: {timeout: "1"}, remove: [timeout]}}
  pathOverrides:
    timeout: {timeout: 3s, mirror: null}
    headers: {timeout: 4s}
other: {timeout: 5s}
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "timeout",
            [
                "externalRouting.timeout",
                "externalRouting.pathConfiguration[0].timeout",
                "externalRouting.pathOverrides.timeout.timeout",
                "externalRouting.pathOverrides.headers.timeout",
            ],
        ),
        ("bypassMesh", ["ports[1].bypassMesh"]),
        ("headers", ["externalRouting.pathConfiguration[0].headers"]),
        ("pathOverrides", ["externalRouting.pathOverrides"]),
        ("externalRouting", ["externalRouting"]),
        ("mirror", []),
        ("other", []),
    ],
)
def test_places_of_a_field(name: str, expected: list[str]) -> None:
    assert list(map(str, places(tree(VALUES), ROOT, {name}))) == expected


def test_what_lies_in_a_section() -> None:
    assert in_section(ValuePath(("ports", 0)), ROOT)
    assert in_section(ValuePath(("web", "ports")), WEB)
    assert not in_section(ValuePath(("ports",)), WEB)
    assert not in_section(WEB, WEB)
    assert not in_section(ValuePath(("web", "image")), WEB)
