"""Setting up the packages: which tool, with which settings, and what a race or a failure leaves behind."""

import os
import sys
import time
from pathlib import Path

import pytest

from meshguard import environment
from meshguard.environment import (
    STALE_AFTER,
    Failure,
    Plan,
    Step,
    attempt,
    explain,
    glibc,
    has_every_wheel,
    install,
    installer_settings,
    lock_for,
    publish,
    set_up,
    sweep,
    uv_configuration,
    ways,
    wheel_directory,
)

ROOT = Path(__file__).resolve().parents[2]
LOCK = str(ROOT / "requirements.lock")
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture(autouse=True)
def bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "pyc"))


def program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def imports(python: str, site: Path, module: str) -> bool:
    code = f"import sys; sys.path.append(sys.argv[1]); import {module}"
    return attempt(Step("python", (python, "-I", "-S", "-c", code, str(site))), str(site), {}) is None


KEPT = [
    "HOME",
    "HTTPS_PROXY",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_NO_INDEX",
    "PIP_FIND_LINKS",
    "PIP_TRUSTED_HOST",
    "PIP_CERT",
    "PIP_PROXY",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_MIRROR_PASSWORD",
    "UV_HTTP_RETRIES",
    "UV_NATIVE_TLS",
    "UV_CACHE_DIR",
]
LEFT_OUT = [
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "__PYVENV_LAUNCHER__",
    "PIP_TARGET",
    "PIP_USER",
    "PIP_CONSTRAINT",
    "PIP_NO_BINARY",
    "UV_NO_VERIFY_HASHES",
    "UV_OVERRIDE",
    "UV_WORKING_DIR",
]


def test_an_installer_is_told_where_packages_are_and_nothing_else() -> None:
    plan = Plan(LOCK, PYTHON, "work")
    assert list(installer_settings(plan, dict.fromkeys((*KEPT, *LEFT_OUT), "x"))) == KEPT


def test_with_wheels_an_installer_needs_no_setting() -> None:
    plan = Plan(LOCK, PYTHON, "work", "wheels")
    given = {"HOME": "h", "PIP_INDEX_URL": "x", "UV_DEFAULT_INDEX": "x", "PIP_CONFIG_FILE": "x"}
    assert installer_settings(plan, given) == {"HOME": "h", "PIP_CONFIG_FILE": os.devnull}


def test_uv_reads_the_nearest_configuration_that_is_not_a_working_directorys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(LOCK, PYTHON, "work")
    named, own, other, system = (tmp_path / name for name in ("named.toml", "own", "other", "system.toml"))
    monkeypatch.setattr(environment, "SYSTEM_CONFIGURATION", str(system))
    environ = {"HOME": str(own)}
    assert uv_configuration(plan, environ) == ("--no-config",)
    system.touch()
    assert uv_configuration(plan, environ) == ("--config-file", str(system))
    users = own / ".config" / "uv" / "uv.toml"
    users.parent.mkdir(parents=True)
    users.touch()
    assert uv_configuration(plan, environ) == ("--config-file", str(users))
    users = other / "uv" / "uv.toml"
    users.parent.mkdir(parents=True)
    users.touch()
    environ["XDG_CONFIG_HOME"] = str(other)
    assert uv_configuration(plan, environ) == ("--config-file", str(users))
    named.touch()
    environ["UV_CONFIG_FILE"] = str(named)
    assert uv_configuration(plan, environ) == ("--config-file", str(named))
    environ["UV_CONFIG_FILE"] = "uv.toml"
    assert uv_configuration(plan, environ) == ("--config-file", str(users))
    assert uv_configuration(plan._replace(wheels="wheels"), environ) == ("--no-config",)


def test_wheels_are_those_named_else_those_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert wheel_directory(str(tmp_path), {}) == ""
    (tmp_path / "wheels").mkdir()
    assert wheel_directory(str(tmp_path), {}) == str(tmp_path / "wheels")
    assert wheel_directory(str(tmp_path), {"MESHGUARD_WHEELS": "mine"}) == str(tmp_path / "mine")


def test_uv_comes_first_where_it_is_on_the_path(tmp_path: Path) -> None:
    uv = program(tmp_path / "bin" / "uv", "")
    plan = Plan("the.lock", "/usr/bin/python3", "/build")
    both = ways(plan, {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)})
    assert [[step.tool for step in steps] for steps in both] == [["uv"], ["venv", "pip"]]
    assert both[0][0].command == (
        *(uv, "--no-config", "pip", "install", "--python", "/usr/bin/python3", "--link-mode=copy"),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--target", "/build/site", "-r", "the.lock"),
    )
    assert both[1][0].command == ("/usr/bin/python3", "-I", "-m", "venv", "/build/venv")
    assert ways(plan, {"PATH": ""}) == [both[1]]


def test_from_wheels_no_index_is_asked() -> None:
    [[_, pip]] = ways(Plan("the.lock", "python3", "/build", "/wheels"), {"PATH": ""})
    assert pip.command[-3:] == ("--no-index", "--find-links", "/wheels")


def test_uv_installs_and_reads_nothing_of_the_directories_above(tmp_path: Path, wheels: str) -> None:
    (tmp_path / "uv.toml").write_text("this is no TOML")
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\nnor is this uv's = \n")
    work = tmp_path / "work"
    work.mkdir()
    plan = Plan(LOCK, PYTHON, str(work), wheels)
    [[by_uv], _] = ways(plan, os.environ)
    assert attempt(by_uv, str(work), installer_settings(plan, os.environ)) is None
    assert imports(PYTHON, work / "site", "yaml._yaml, jinja2, jsonschema")


@pytest.mark.slow
def test_pip_installs_where_uv_fails(tmp_path: Path, wheels: str) -> None:
    program(tmp_path / "bin" / "uv", "mkdir -p site/yaml; exit 1")  # as one does that fails half way
    plan = Plan(LOCK, PYTHON, str(tmp_path), wheels)
    assert install(plan, os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.defpath}"}) == []
    assert imports(PYTHON, tmp_path / "site", "yaml._yaml, jinja2, jsonschema")


def test_every_way_that_failed_is_told(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "uv", "echo no network; exit 2")
    python = program(tmp_path / "bin" / "python3", "echo no ensurepip >&2; exit 1")
    failures = install(Plan(LOCK, python, str(tmp_path)), {"PATH": str(tmp_path / "bin")})
    assert failures == [Failure("uv", "no network\n"), Failure("venv", "no ensurepip\n")]


def test_a_tool_that_cannot_be_started_has_failed(tmp_path: Path) -> None:
    path = str(tmp_path / "uv")
    assert attempt(Step("uv", (path,)), str(tmp_path), {}) == Failure("uv", f"No such file or directory: {path}")


def test_a_failure_says_what_the_tools_said_last_and_what_helps() -> None:
    many = "".join(f"line {number}\n\n" for number in range(1, 8))
    assert explain([Failure("uv", many), Failure("pip", "\x1b[31mERROR\x1b[0m\x07\n")]) == (
        "cannot install its Python packages\n"
        "  uv: line 4\n"
        "  uv: line 5\n"
        "  uv: line 6\n"
        "  uv: line 7\n"
        "  pip:  [31mERROR [0m \n"
        "where no package index can be reached, set MESHGUARD_WHEELS to the wheels of the offline archive"
    )
    assert explain([Failure("venv", "")]) == (
        "cannot install its Python packages\ninstall Python's venv module (python3-venv on Debian and Ubuntu) or uv"
    )


def test_only_what_is_long_dead_is_removed(tmp_path: Path) -> None:
    for name in ("new-old", "new-young", "env-old"):
        (tmp_path / name / "site").mkdir(parents=True)
    for name in ("new-old", "env-old"):
        os.utime(tmp_path / name, (0, time.time() - STALE_AFTER - 60))
    (tmp_path / "new-gone").symlink_to("nowhere")  # as a directory is that another run removes while we look
    sweep(str(tmp_path))
    (tmp_path / "new-gone").unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["env-old", "new-young"]


def test_the_slower_of_two_first_runs_is_content_with_the_others_packages(tmp_path: Path) -> None:
    for name in ("env", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    publish(str(tmp_path / "mine"), str(tmp_path / "env"))
    assert [path.name for path in (tmp_path / "env").iterdir()] == ["env"]


def test_packages_that_cannot_be_moved_into_place_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        publish(str(tmp_path / "missing"), str(tmp_path / "env"))


def test_a_set_up_leaves_the_packages_their_bytecode_and_the_way_to_its_python(
    tmp_path: Path, wheels: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESHGUARD_WHEELS", wheels)
    cache = tmp_path / "some" / "cache"
    packages = cache / "env-x"
    assert set_up(str(ROOT), str(packages)) is None
    said = f"meshguard: first run: installing its Python packages into {packages}\n"
    assert capsys.readouterr() == ("", said)
    assert sorted(path.name for path in cache.iterdir()) == ["env-x", "python"]
    assert os.readlink(cache / "python") == PYTHON
    compiled = tmp_path / "pyc" / str(ROOT).lstrip("/") / "meshguard"
    assert list(compiled.glob("launch.*.pyc"))
    assert set_up(str(ROOT), str(packages)) is None
    assert capsys.readouterr() == ("", "")


def test_a_cache_that_takes_no_link_is_good_enough(tmp_path: Path) -> None:
    (tmp_path / "env-x").mkdir()
    (tmp_path / "python" / "in-the-way").mkdir(parents=True)
    assert set_up(str(ROOT), str(tmp_path / "env-x")) is None


def test_a_cache_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "cache"
    assert set_up(str(ROOT), str(place / "env-x")) == (
        f"cannot write '{place}' (Not a directory): set MESHGUARD_CACHE to a directory that can be written"
    )


def test_wheels_that_are_not_there_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHGUARD_WHEELS", str(tmp_path / "wheels"))
    told = set_up(str(ROOT), str(tmp_path / "env-x"))
    assert told == f"MESHGUARD_WHEELS is '{tmp_path}/wheels', which is not a directory"


def test_a_failed_set_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", program(tmp_path / "bin" / "python3", "exit 1"))
    told = set_up(str(ROOT), str(tmp_path / "cache" / "env-x"))
    assert told == explain([Failure("venv", "")])
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("mac", "library", "expected"),
    [
        ("", "glibc 2.36", True),
        ("", "glibc 2.27", True),
        ("", "glibc 2.26", False),
        ("", "", False),
        ("13.0", "", True),
        ("15.1.2", "", True),
        ("12.7", "", False),
    ],
)
def test_a_system_has_wheels_of_all_packages_or_not(
    mac: str,
    library: str,
    expected: bool,  # noqa: FBT001 - a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.mac_ver", lambda: (mac, ("", "", ""), ""))
    monkeypatch.setattr(os, "confstr", lambda _: library)
    assert has_every_wheel() is expected


def test_a_system_that_tells_no_c_library_has_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def confstr(_: str) -> str:
        raise ValueError

    monkeypatch.setattr(os, "confstr", confstr)
    assert glibc() == ""


def test_what_not_every_system_has_a_wheel_of_is_left_out(tmp_path: Path) -> None:
    lines = "a==1 \\\n    --hash=sha256:a\n    # via b\n"
    optional = "google-re2==1 ; platform_machine == 'x86_64' \\\n    --hash=sha256:b\n    --hash=sha256:c\n"
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "requirements.lock").write_text(f"# made\n{optional}{lines}")
    assert lock_for(str(tmp_path), str(work), whole=True) == str(tmp_path / "requirements.lock")
    assert lock_for(str(tmp_path), str(work), whole=False) == str(work / "requirements.lock")
    assert (work / "requirements.lock").read_text() == f"# made\n{lines}"
