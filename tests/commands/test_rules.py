"""`rules`, `explain` and `schema`: what meshguard knows, printed."""

import io
import json
from pathlib import Path

import pytest

from meshguard.commands.reporting import ALL_RULES
from tests.commands.conftest import Run

SCHEMAS = Path(__file__).parents[2] / "schema"


def test_every_rule_is_one_line(run: Run) -> None:
    lines = run("rules").out.splitlines()

    assert [line.split()[0] for line in lines] == [rule.id for rule in ALL_RULES]
    assert next(line for line in lines if line.startswith("plaintext-on-443 ")).split()[1:3] == ["error", "locked"]


def test_rules_as_json(run: Run) -> None:
    listed = json.loads(run("rules", "-o", "json").out)

    assert [(each["id"], each["severity"], each["locked"]) for each in listed] == [
        (rule.id, rule.severity, rule.locked) for rule in ALL_RULES
    ]


@pytest.mark.parametrize("rule", [rule.id for rule in ALL_RULES])
def test_every_rule_has_a_page(run: Run, rule: str) -> None:
    result = run("explain", rule)

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{rule} (")
    assert "\nWhy\n" in result.out


def test_a_page_has_colour_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("sys.stdout", shown)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    run("explain", "schema")
    assert shown.getvalue().startswith("\x1b[1mschema\x1b[0m (error, locked)\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["explain", "unsafe-retri"], "there is no rule 'unsafe-retri'; did you mean 'unsafe-retry'?"),
        (["explain", "xyz"], "there is no rule 'xyz'; `helm meshguard rules` lists them"),
        (["explain"], "RULE"),
        (["rules", "x"], "unrecognized arguments: x"),
        (["schema", "x"], "invalid choice: 'x'"),
    ],
)
def test_what_is_not_there_is_said(run: Run, argv: list[str], words: str) -> None:
    result = run(*argv)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


@pytest.mark.parametrize(("argv", "name"), [([], "values"), (["values"], "values"), (["policy"], "policy")])
def test_schemas_are_printed_as_they_are(run: Run, argv: list[str], name: str) -> None:
    assert run("schema", *argv) == (0, (SCHEMAS / f"{name}.schema.json").read_text("utf-8"), "")
