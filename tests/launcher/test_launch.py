"""What the launcher's Python half decides; tests/launcher/test_process.py runs all of it for real."""

import os
import sys
from pathlib import Path

import pytest

from meshguard import launch
from meshguard.launch import c_library, environment_name, run, start

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "pycache_prefix", None)


def test_packages_are_told_apart_by_abi_c_library_machine_and_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "EXTENSION_SUFFIXES", [".cpython-313t-x86_64-linux-gnu.so", ".abi3.so", ".so"])
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", "6.1", "#1", "x86_64")))
    monkeypatch.setattr(os, "confstr", lambda _: "glibc 2.36")
    assert environment_name(b"\x01\x00") == "env-cpython-313t-x86_64-linux-gnu-glibc-x86_64-0000000000000100"
    assert environment_name(b"a==1") != environment_name(b"a==2")


@pytest.mark.parametrize(
    "refusal", [ValueError("unrecognized configuration name"), OSError(22, "Invalid argument")]
)
def test_a_system_without_glibc_refuses_to_tell_its_version(
    refusal: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confstr(_: str) -> str:
        raise refusal

    monkeypatch.setattr(os, "confstr", confstr)
    assert c_library() == ""


def test_without_a_home_there_is_no_place_for_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["", "version"]) == 3
    told = "HOME is not set, so its Python packages have no place: set MESHGUARD_CACHE to a directory"
    assert capsys.readouterr().err == f"meshguard: error: {told}\n"


def test_a_run_sets_up_what_is_missing_and_starts(
    tmp_path: Path, wheels: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESHGUARD_WHEELS", wheels)
    monkeypatch.chdir(tmp_path)
    for _ in ("first", "second"):
        before = list(sys.path)
        assert run(["cache", "version"]) == 0
        packages = tmp_path / "cache" / environment_name((ROOT / "requirements.lock").read_bytes())
        assert sys.path == [*before, str(ROOT), str(packages)]
        assert sys.pycache_prefix == str(tmp_path / "cache" / "pyc")
    out, err = capsys.readouterr()
    assert out == "0.1.0\n0.1.0\n"
    assert err == f"meshguard: first run: installing its Python packages into {packages}\n"


def test_a_set_up_that_cannot_be_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run([str(tmp_path / "file" / "cache"), "version"]) == 3
    assert capsys.readouterr().err.startswith(
        f"meshguard: error: cannot write '{tmp_path}/file/cache' (Not a directory): "
    )


def test_packages_that_do_not_load_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "meshguard.cli", None)
    assert start([], "the packages") == 3
    told = capsys.readouterr().err
    assert told.startswith("meshguard: error: its Python packages do not load (")
    assert told.endswith("): remove the packages and run again\n")


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left"), 3)])
def test_whatever_happens_is_an_exit_code(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise raised

    monkeypatch.setattr(launch, "launch", interrupted)
    assert run(["cache", "version"]) == code
