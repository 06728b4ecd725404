"""Shortest paths that expressions have in common or leave to each other."""

import pytest

from meshguard.language import Automaton, Unknown, accepts, automaton, shortest
from meshguard.regex import parse


def machine(pattern: str) -> Automaton:
    part = parse(pattern)
    assert part is not None
    return automaton(part)


@pytest.mark.parametrize(
    ("within", "outside", "path"),
    [
        (["/api/.*"], [], "/api/"),
        (["/api/.*", "/api/users(/.*)?"], [], "/api/users"),
        (["/api/users(/.*)?"], ["/api/.*"], None),
        (["/api(/.*)?"], ["/api/.*"], "/api"),
        (["/[a-z]+/x", "/y/[^/]+"], [], "/y/x"),
        (["/a", "/b"], [], None),
        (["users/.*"], [], None),
        ([r"/a\?x=1"], [], None),
        ([r"/a/\.\./b"], [], None),
        ([r"/a/\.b/\.\.c"], [], "/a/.b/..c"),
        (["/é"], [], None),
        (["/aé*"], [], None),
        (["/a^b"], [], None),
        (["/a$b"], [], None),
        (["^/a|/b$"], ["/a"], "/b"),
        (["(?i)/ABC", "/abc"], [], "/abc"),
        (["/x{0}y"], [], "/y"),
        (["/a{2,3}"], ["/aa"], "/aaa"),
        (["/[[:alpha:]]+"], ["/[a-z]+"], "/A"),
        (["/[a-z]+"], ["/[a-m]+", "/[n-z]+"], "/xa"),
        (["/.*a.{12}", "/.*b.{12}"], [], None),
        (["/[%&]"], [], "/%"),
    ],
)
def test_a_shortest_path_is_found(within: list[str], outside: list[str], path: str | None) -> None:
    assert shortest(tuple(map(machine, within)), tuple(map(machine, outside))) == path


def test_too_many_steps_are_not_taken() -> None:
    with pytest.raises(Unknown):
        shortest((machine("/.*a.{200}"), machine("/.*b.{200}")))


def test_too_large_a_machine_is_not_made() -> None:
    with pytest.raises(Unknown):
        machine("/(?:[^/]{1,1000}/){1,9}")


@pytest.mark.parametrize(("path", "expected"), [("/a", True), ("/a/b", True), ("/ab", False), ("/", False)])
def test_a_path_is_accepted_or_not(path: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert accepts(machine("/a(/.*)?"), path) is expected
