"""What people read: the whole message for the mistakes that are made most, and for the odd ones."""

from pathlib import Path

import pytest

from meshguard.diagnostic import ROOT
from meshguard.faults import faults
from meshguard.node import Plain, plain
from meshguard.schema import load_schema
from meshguard.spelling import shown
from tests.tree import tree

MESSAGES = sorted((Path(__file__).parent / "messages").glob("*.txt"))


def messages(name: str, value: Plain) -> list[str]:
    return [finding.message for finding in faults(load_schema(name), value, ROOT)]


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_mistakes_are_told_with_what_would_be_right(path: Path, pytestconfig: pytest.Config) -> None:
    """Every line that is not indented is a mistake, the lines below it are what is said of it."""
    mistakes = [line for line in path.read_text("utf-8").split("\n") if line and not line.startswith(" ")]
    said = ""
    for mistake in mistakes:
        told = faults(load_schema(path.stem), plain(tree(mistake)), ROOT)
        said += "".join((f"{mistake}\n", *(f"    {finding.at}: {finding.message}\n" for finding in told), "\n"))
    if pytestconfig.getoption("--golden"):
        path.write_text(said, "utf-8")

    assert path.read_text("utf-8") == said


def test_a_long_value_is_not_repeated() -> None:
    text = "a" * 1000
    gateway, override = messages(
        "values", {"externalRouting": {"visibility": text, "pathOverrides": {f"/{text}": 5}}}
    )

    assert gateway.startswith(f"visibility '{'a' * 60}...' is not a gateway of the policy")
    assert override.startswith(f"/{'a' * 59}... takes a map, not '5'; ")


def test_advice_that_repeats_a_long_value_is_not_given() -> None:
    (message,) = messages("values", {"externalRouting": {"hosts": ",".join(["a.example.com"] * 100)}})

    assert message.endswith("or leave it out for the gateway's own host name")


def test_more_faults_than_anybody_reads_are_cut_with_a_word() -> None:
    found = messages("values", {"resilience": {f"key-{index}": 1 for index in range(100_000)}})

    assert len(found) == 201
    assert found[-1] == "there may be more faults than these 200; the others are told once they are mended"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "'null'"),
        (True, "'true'"),
        (1.5, "'1.5'"),
        ("a", "'a'"),
        ([], "a list"),
        ({}, "a map"),
        ("b" * 61, f"'{'b' * 60}...'"),
    ],
)
def test_a_value_is_shown_in_quotes(value: Plain, text: str) -> None:
    assert shown(value) == text
