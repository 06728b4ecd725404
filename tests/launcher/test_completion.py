"""Completion by Helm's own mechanism: the same commands, flags and words that the command line takes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Program

ROOT = Path(__file__).resolve().parents[2]
STATIC = yaml.safe_load((ROOT / "completion.yaml").read_text("utf-8"))
FLAGS = {command["name"]: command.get("flags", []) for command in STATIC["commands"]}
OF_HELM = {"n", "namespace", "h", "help"}  # Helm completes these itself, for every command
FILES, NO_FILES = ":0", ":4"


@pytest.fixture(scope="session")
def complete(user: dict[str, str]) -> Program:
    return Program((str(ROOT / "plugin.complete"),), user)


def helped(meshguard: Program, command: str) -> str:
    return meshguard(command, "--help", more={"COLUMNS": "200"}).stdout


def listed(meshguard: Program) -> list[str]:
    text = meshguard("--help").stdout
    return re.findall(r"^  ([\w-]+)  ", text, re.MULTILINE)


def test_the_commands_are_those_of_the_command_line(meshguard: Program, complete: Program) -> None:
    assert sorted(FLAGS) == sorted(listed(meshguard))
    assert complete("help", "").stdout.split() == [
        *(name for name in listed(meshguard) if name != "help"),
        NO_FILES,
    ]


@pytest.mark.parametrize("command", sorted(set(FLAGS) - {"version", "help"}))
def test_the_flags_are_those_of_the_command_line(command: str, meshguard: Program) -> None:
    options = helped(meshguard, command).partition("\noptions:")[2]
    taken = re.findall(
        r"(?<=[ ,]) ?--?([a-z][a-z-]*)(?=[ ,\n])", "\n".join(re.findall(r"^ {2}-.*", options, re.MULTILINE))
    )
    assert set(FLAGS[command]) == set(taken) - OF_HELM
    assert len(set(FLAGS[command])) == len(FLAGS[command])


@pytest.mark.parametrize(
    ("command", "flag"),
    [
        ("validate", "--output"),
        ("validate", "--fail-on"),
        ("render", "--output"),
        ("render", "--scope"),
        ("render", "--fail-on"),
        ("tls-check", "--output"),
        ("values", "--output"),
        ("rules", "--output"),
    ],
)
def test_the_words_of_a_flag_are_those_of_the_command_line(
    command: str, flag: str, meshguard: Program, complete: Program
) -> None:
    found = re.search(rf"{flag} {{(\S+)}}", helped(meshguard, command))
    assert found is not None
    assert complete(command, "name", flag, "").stdout.split() == [*found[1].split(","), NO_FILES]


def test_the_schemas_are_those_of_the_command_line(meshguard: Program, complete: Program) -> None:
    found = re.search(r"\{(\S+)\}", helped(meshguard, "schema"))
    assert found is not None
    assert complete("schema", "").stdout.split() == [*found[1].split(","), NO_FILES]


def test_rules_are_offered_by_their_ids(meshguard: Program, complete: Program) -> None:
    rules: Any = yaml.safe_load(meshguard("rules", "-o", "json").stdout)
    *offered, directive = complete("explain", "").stdout.split()
    assert sorted(offered) == sorted(rule["id"] for rule in rules)
    assert directive == NO_FILES


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["validate", "-f", ""], [FILES]),
        (["validate", ""], [FILES]),
        (["render", "--policy", "."], [FILES]),
        (["values", "--set", ""], [NO_FILES]),
        (["tls-check", "-f", ""], [FILES]),
        (["tls-check", "--client", ""], [NO_FILES]),
        (["values", "--set-string", ""], [NO_FILES]),
        (["validate", "--team", ""], [NO_FILES]),
        (["explain", "unsafe-retry", ""], [NO_FILES]),
        (["version", ""], [NO_FILES]),
        (["nonsense", ""], [NO_FILES]),
        ([], [NO_FILES]),
    ],
)
def test_files_are_offered_where_one_can_stand(words: list[str], expected: list[str], complete: Program) -> None:
    done = complete(*words)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, expected, "")


@pytest.mark.parametrize("name", ["helm3", "helm3_oldest", "helm4"])
@pytest.mark.helm
def test_helm_asks_and_is_answered(
    name: str, request: pytest.FixtureRequest, helm_meshguard: Callable[[str], Program]
) -> None:
    helm = request.getfixturevalue(name)
    plugin = helm_meshguard(helm)
    asking = Program((helm, "__complete", "meshguard"), plugin.environ | {"HOME": "/nowhere"})
    assert asking("").stdout.split() == [*sorted(FLAGS), NO_FILES]
    assert asking("validate", "--fail-on", "").stdout.split() == ["error", "warning", "info", NO_FILES]
    assert asking("validate", "-n", "shop", "-f", "val").stdout.split() == [FILES]
    offered = asking("render", "--").stdout.split()
    assert {f"--{flag}" for flag in FLAGS["render"] if len(flag) > 1} <= set(offered)
    assert not Path("/nowhere").exists()
