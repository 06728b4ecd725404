"""Expressions are read as the proxy reads them: RE2 is the measure, where it is installed."""

import random
import sys

import pytest

from meshguard.language import accepts, automaton
from meshguard.regex import (
    Choice,
    Repeat,
    Sequence,
    is_anything,
    literal_head,
    parse,
    plain_text,
    refusal,
    sequences,
    takes,
)

ATOMS = (
    *("a", "b", "A", "/", "-", "~", "1", ".", "{x}", "{", "}", "]", "é", "^", "$", r"\A", r"\z"),
    *(r"\.", r"\d", r"\w", r"\D", r"\W", r"\s", r"\x41", r"\x{62}", r"\101", r"\t", r"\/", r"\Qa.b\E", r"\Q*\\"),
    *("[^/]", "[a-c]", "[^a]", "[[:alpha:]]", "[[:^digit:]]", r"[\d-]", "[]a]", "[^]a]", r"[a\-c]", r"[\]x]"),
)
TIMES = ("*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "??", "{2}?", "{,3}")
GROUPS = ("(", "(?:", "(?i:", "(?-i:", "(?s:")
FLAGS = ("(?i)", "(?-i)", "(?U)", "(?im-s)")


def expression(chance: random.Random, depth: int = 0) -> str:
    text = ""
    for _ in range(chance.randint(1, 4)):
        kind = chance.random()
        if kind < 0.6 or depth > 2:
            part = chance.choice(ATOMS)
        elif kind < 0.8:
            part = f"{chance.choice(GROUPS)}{expression(chance, depth + 1)})"
        elif kind < 0.9:
            part = f"(?:{expression(chance, depth + 1)}|{expression(chance, depth + 1)})"
        else:
            part = chance.choice(FLAGS)
        text += part + (chance.choice(TIMES) if chance.random() < 0.3 else "")
    return text


def test_what_an_expression_takes_is_what_re2_takes() -> None:
    pytest.importorskip("re2")
    chance = random.Random(4)
    compared = 0
    while compared < 3000:
        text = expression(chance)
        if refusal(text) is not None:
            continue
        part = parse(text)
        assert part is not None, text
        machine = automaton(part)
        for _ in range(10):
            path = "".join(chance.choice("abAxB/.-1~{}]_z*") for _ in range(chance.randint(1, 6)))
            assert (text, path, accepts(machine, path)) == (text, path, takes(text, path))
            compared += 1


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("/v1/(?!admin).*", "invalid perl operator: (?!"),
        (r"/\p{Letter}", r"invalid character class range: \p{Letter}"),
        (r"/\x{1F600}", r"invalid escape sequence: \x{1F6"),
        ("*.json", "no argument for repetition operator: *"),
        ("/a{1001}", "invalid repetition size: {1001}"),
        (r"/\C", r"invalid escape sequence: \C"),
        ("/" + "(?:[^/]{1,1000}/)" * 33, "it is too large"),
        (r"/\\C", None),
        (r"/\xff", None),
        ("/Ω+", None),
        (r"/\pL", None),
        ("/(?i)(?P<id>[0-9]+).*?", None),
    ],
)
def test_what_the_proxy_refuses_is_known(pattern: str, reason: str | None) -> None:
    pytest.importorskip("re2")

    assert refusal(pattern) == reason


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/users/[0-9]+", "/users/7", True),
        ("/users/[0-9]+", "/users/7/", False),
        ("/(?!a)", "/b", False),
        ("/é", "/é", True),
    ],
)
def test_an_expression_takes_whole_paths(pattern: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    pytest.importorskip("re2")

    assert takes(pattern, path) is expected


def test_without_re2_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)

    assert takes("/a", "/a") is False


@pytest.mark.parametrize(
    "pattern",
    [r"/a\b", r"/\pL", r"/\C", "*a", "(a", "a)", "(a|", "[", "\\", "(" * 61 + ")" * 61],
)
def test_what_is_not_modelled_has_no_parts(pattern: str) -> None:
    assert parse(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "head"),
    [
        ("/users/[0-9]+", "/users/"),
        (r"^/index\.html$", "/index.html"),
        ("/a|/b", ""),
        ("(?i)/a", "/"),
        (r"/\b", ""),
        ("/é", "/"),
    ],
)
def test_the_text_that_paths_begin_with(pattern: str, head: str) -> None:
    assert literal_head(pattern) == head


@pytest.mark.parametrize(
    ("pattern", "text"), [("/a-b", "/a-b"), ("^/a", "/a"), ("/a$", None), (r"/a\.b", None), ("/a.b", None)]
)
def test_what_is_nothing_but_text(pattern: str, text: str | None) -> None:
    assert plain_text(pattern) == text


def test_all_sequences_are_given() -> None:
    part = parse("a(b|c(?:d)*)")
    assert part is not None

    found = ["".join(getattr(each, "text", "-") for each in sequence.parts) for sequence in sequences(part)]

    assert found == ["a-", "b", "c-", "d"]


def test_dot_star_is_anything_and_nothing_else_is() -> None:
    found = {text: parse(text) for text in (".*", ".*?", ".+", "a*", "[^/]*")}

    assert {text: isinstance(part, Sequence) and is_anything(part.parts[0]) for text, part in found.items()} == {
        ".*": True,
        ".*?": True,
        ".+": False,
        "a*": False,
        "[^/]*": False,
    }
    assert not is_anything(Choice(()))
    assert not is_anything(Repeat(Choice(()), 0, None))
