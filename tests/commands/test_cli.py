import os
import sys
from pathlib import Path

import pytest

from meshguard import cli
from meshguard.plugin import program, version
from tests.commands.conftest import Run

PLUGIN = Path(__file__).parents[2] / "plugin.yaml"


@pytest.mark.parametrize("argv", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_the_commands(run: Run, argv: list[str]) -> None:
    result = run(*argv)

    assert result.code == 0
    assert result.err == ""
    assert [line for line in cli.COMMANDS if f"\n  {line}" not in result.out] == []


def test_help_of_a_command(run: Run) -> None:
    assert run("help", "validate").out == run("validate", "--help").out
    assert run("help", "validate").out.startswith("usage: meshguard validate")


def test_the_program_is_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HELM_PLUGIN_NAME", raising=False)
    assert program() == "meshguard"
    monkeypatch.setenv("HELM_PLUGIN_NAME", "meshguard")
    assert program() == "helm meshguard"


@pytest.mark.parametrize("argv", [["version"], ["--version"]])
def test_the_version_is_that_of_the_plugin(run: Run, argv: list[str]) -> None:
    assert f'version: "{version()}"' in PLUGIN.read_text()
    assert run(*argv) == (0, f"{version()}\n", "")
    assert run("version", "now").code == 2


def test_an_unknown_command_is_named(run: Run) -> None:
    result = run("validat", "-f", "x")

    assert result.code == 2
    assert result.err.startswith("meshguard: error: there is no command 'validat'; the commands are validate, ")


def test_flags_may_stand_before_the_command(run: Run) -> None:
    assert run("--debug", "schema", "policy").code == 2
    assert run("-o", "validate", files={"a.yaml": "{}"}).code == 2


def test_an_interrupt_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    assert run("validate") == (130, "", "")


def test_a_bug_is_one_line_and_a_traceback_on_demand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> int:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(cli, "_dispatch", broken)
    result = run("validate")
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "bug in meshguard" in result.err
    assert "ZeroDivisionError: no" in result.err

    monkeypatch.setenv("HELM_DEBUG", "true")
    with pytest.raises(ZeroDivisionError):
        run("validate")


def test_packages_that_do_not_load_are_for_the_launcher(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> int:
        raise ImportError("no module")

    monkeypatch.setattr(cli, "_dispatch", broken)
    with pytest.raises(ImportError):
        run("validate")


def test_a_reader_that_leaves_is_no_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert run("schema").code == 2
