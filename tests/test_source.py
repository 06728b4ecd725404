from pathlib import Path

import pytest

from meshguard.diagnostic import Span
from meshguard.source import is_argument, line_at, lines, relative

LINES = {
    "": [""],
    "a\nb\n": ["a", "b", ""],
    "a\r\nb\rc\x85d\u2028e\u2029f": ["a", "b", "c", "d", "e", "f"],
    "a\x0bb\x0cc\x1cd": ["a\x0bb\x0cc\x1cd"],
    "\ufeffa\n\ufeffb": ["a", "\ufeffb"],
}


@pytest.mark.parametrize(("text", "expected"), LINES.items())
def test_lines(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


AT = {
    Span("v.yaml", 1, 1, 1, 2): "a: 1",
    Span("v.yaml", 3, 1, 3, 1): None,
    Span("w.yaml", 1, 1, 1, 2): None,
    Span("--set a.b=1", 1, 5, 1, 6): "a.b=1",
    Span("--set-json a=[1, 2]", 1, 3, 1, 4): "a=[1, 2]",
    Span("--set", 1, 1, 1, 1): None,
}


@pytest.mark.parametrize(("span", "expected"), AT.items())
def test_line_at(span: Span, expected: str | None) -> None:
    seen: dict[str, list[str]] = {}
    sources = {"v.yaml": "a: 1\n"}

    assert line_at(span, sources, seen) == expected
    assert line_at(span, sources, seen) == expected
    assert is_argument(span) == span.file.startswith("--set")


NAMES = ("./a/v.yaml", "a//b/../v.yaml", "../v.yaml", "../../v.yaml", "/v.yaml", "-", "origin/main:.meshguard.yaml")


def test_a_name_without_detours() -> None:
    assert [relative(name, "") for name in NAMES] == [
        "a/v.yaml",
        "a/v.yaml",
        "../v.yaml",
        "../../v.yaml",
        "/v.yaml",
        "-",
        ".meshguard.yaml",
    ]


def test_a_name_from_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")

    assert [relative(name, str(tmp_path)) for name in (*NAMES, str(tmp_path / "a" / "v.yaml"))] == [
        "sub/a/v.yaml",
        "sub/a/v.yaml",
        "v.yaml",
        "../../v.yaml",
        "/v.yaml",
        "-",
        ".meshguard.yaml",
        "a/v.yaml",
    ]
