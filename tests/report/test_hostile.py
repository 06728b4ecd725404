"""No string changes what a report is: its lines, its commands, its elements; and all of it can be seen."""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshguard.diagnostic import Diagnostic, Severity, Span, ValuePath
from meshguard.report import FORMATS
from meshguard.run import Ignored, Run
from tests.report.hostile import STRINGS
from tests.report.run import RUN

HARMLESS = "harmless"


def run(text: str) -> Run:
    """Give a run in which the text stands wherever a stranger can write one."""
    file = text if not text.startswith("--set") else f"./{text}"
    span = Span(file, 1, 4, 1, 9)
    related = ((Span(f"{file}b", 1, 1, 1, 2), text),)
    place = ValuePath((text, 0, text))
    error = Diagnostic("unsafe-retry", Severity.ERROR, text, place, span, related, "", text, (text, "prod"))
    info = error._replace(severity=Severity.INFO, related=())
    argument = error._replace(span=Span(f"--set {text}", 1, 1, 1, 3), help="one\ntwo")
    return RUN._replace(
        diagnostics=(error, argument, info),
        ignored=(Ignored(error, "comment", text),),
        notes=(text,),
        sources={file: f"a: {text}", f"{file}b": text},
    )


def shape(value: Any) -> Any:
    """Give the structure of JSON, with lists by their lengths and the texts left out."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def elements(root: ET.Element) -> list[tuple[str, tuple[str, ...]]]:
    return [(element.tag, tuple(element.keys())) for element in root.iter()]


def commands(report: str) -> list[tuple[str, tuple[str, ...]]]:
    """Read a log as GitHub's runner does: commands by name, with the names of their properties."""
    found = []
    for line in report.split("\n"):
        command = re.match(r"\s*::(\S+?)(?: (.*?))?::", line)
        names = tuple(part.partition("=")[0] for part in command[2].split(",")) if command and command[2] else ()
        found.append((command[1], names) if command else ("", ()))
    return found


def is_visible(text: str) -> bool:
    return all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in text)


def check_log(report: str) -> None:
    """Whatever the form, no line of it is a command for a CI system, and it can be written as UTF-8."""
    assert is_visible(report.replace("\n", ""))
    assert re.search(r"##\w*\[", report) is None
    report.encode()


def check_text(text: str) -> None:
    report = FORMATS["text"](run(text), width=100)

    check_log(report)
    assert all(name == "" for name, _ in commands(report))
    assert report.count("\n") == FORMATS["text"](run(HARMLESS)).count("\n")


def check_coloured_text(text: str) -> None:
    report = FORMATS["text"](run(text), colour=True, width=100)

    assert re.sub(r"\x1b\[[\d;]+m", "", report) == FORMATS["text"](run(text), width=100)


def check_github(text: str) -> None:
    report = FORMATS["github"](run(text))

    check_log(report)
    assert commands(report) == commands(FORMATS["github"](run(HARMLESS)))


def check_junit(text: str) -> None:
    report = FORMATS["junit"](run(text))

    check_log(report)
    assert elements(ET.fromstring(report)) == elements(ET.fromstring(FORMATS["junit"](run(HARMLESS))))


def check_json(text: str) -> None:
    report = FORMATS["json"](run(text))
    document = json.loads(report)

    check_log(report)
    assert report.isascii()
    assert shape(document) == shape(json.loads(FORMATS["json"](run(HARMLESS))))
    assert document["diagnostics"][0]["message"] == re.sub("[\ud800-\udfff]", lambda f: f"\\u{ord(f[0]):04x}", text)


def check_sarif(text: str) -> None:
    report = FORMATS["sarif"](run(text))
    document = json.loads(report)
    messages = [found["message"]["text"] for found in document["runs"][0]["results"]]

    check_log(report)
    assert shape(document) == shape(json.loads(FORMATS["sarif"](run(HARMLESS))))
    assert all(is_visible(message.replace("\n", "")) and "](" not in message for message in messages)


def check_gitlab(text: str) -> None:
    report = FORMATS["gitlab"](run(text))
    document = json.loads(report)

    check_log(report)
    assert shape(document) == shape(json.loads(FORMATS["gitlab"](run(HARMLESS))))
    assert all(is_visible(found["description"]) for found in document)
    assert len({found["fingerprint"] for found in document}) == len(document)


CHECKS = (check_text, check_coloured_text, check_github, check_junit, check_json, check_sarif, check_gitlab)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("text", STRINGS, ids=lambda text: ascii(text[:20]))
def test_no_string_of_the_corpus_changes_a_report(check: Callable[[str], None], text: str) -> None:
    check(text)


@pytest.mark.parametrize("check", CHECKS)
@given(text=st.text(st.characters(), min_size=1))
def test_no_string_at_all_changes_a_report(check: Callable[[str], None], text: str) -> None:
    check(text)
