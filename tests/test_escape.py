"""Whatever a string holds, what is printed for it is text and nothing else."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshguard.escape import cells, json_text, markdown, printable, printable_lines

PRINTED = {
    "plain text, 5 %": "plain text, 5 %",
    "größe 端口 ✓": "größe 端口 ✓",
    "C:\\temp": "C:\\temp",
    "a\x1b[2Jb": "a\\x1b[2Jb",
    "a\nb\r\tc": "a\\nb\\r\\tc",
    "\x00\x07\x7f": "\\x00\\x07\\x7f",
    "\x85\x9b31m": "\\x85\\x9b31m",
    "no\xa0break": "no\\xa0break",
    "\u202eabc\u2069": "\\u202eabc\\u2069",
    "\u2028\u2029": "\\u2028\\u2029",
    "\u200b\u200d\u2060\ufeff": "\\u200b\\u200d\\u2060\\ufeff",
    "\u3164\u115f\u2800\ufe0f": "\\u3164\\u115f\\u2800\\ufe0f",
    "\udcff": "\\udcff",
    "\U000e0041": "\\U000e0041",
    "::error::x": "\\x3a:error::x",
    "  ::set-output name=a::b": "  \\x3a:set-output name=a::b",
    "\t::error::x": "\\t::error::x",
    ":": "\\x3a",
    "a::b": "a::b",
    "x ##[error]": "x \\x23#[error]",
    "##vso[task.setvariable a]b": "\\x23#vso[task.setvariable a]b",
    "###[x]": "#\\x23#[x]",
    "## heading [x]": "## heading [x]",
    "": "",
}


@pytest.mark.parametrize(("text", "expected"), PRINTED.items())
def test_printable(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_printable_lines_keeps_only_line_feeds() -> None:
    assert printable_lines("a\r\n::b\n\x1b") == "a\\r\n\\x3a:b\n\\x1b"


def test_every_character_has_its_cell() -> None:
    assert cells("a\t##[b") == ["a", "\\t", "\\x23", "#", "[", "b"]


@given(st.text(st.characters()))
def test_no_text_prints_anything_but_visible_characters(text: str) -> None:
    shown = printable(text)
    odd = [char for char in shown if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]

    assert odd == []
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown
    assert "##vso[" not in shown


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_json_says_the_same_in_safe_characters(value: object) -> None:
    text = json_text({"value": value})

    assert json.loads(text) == {"value": value}
    assert text.isascii()
    assert "##" not in text


def test_json_has_no_lone_surrogate() -> None:
    assert json.loads(json_text(["\udcff", "\U0001f600", ("##[x]",)])) == ["\\udcff", "\U0001f600", ["##[x]"]]


MARKED_DOWN = {
    "plain 1": "<code>plain 1</code>",
    "@team": "<code>&#64;team</code>",
    "<img src=x>": "<code>&#60;img src&#61;x&#62;</code>",
    "`a` | **b**": "<code>&#96;a&#96; &#124; &#42;&#42;b&#42;&#42;</code>",
    "a\nb": "<code>a&#92;nb</code>",
}


@pytest.mark.parametrize(("text", "expected"), MARKED_DOWN.items())
def test_markdown(text: str, expected: str) -> None:
    assert markdown(text) == expected
