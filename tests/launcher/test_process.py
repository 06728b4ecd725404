"""bin/meshguard as a user meets it: whole processes, without Helm and without a network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from meshguard.launch import environment_name
from tests.conftest import Program

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = str(ROOT / "bin" / "meshguard")
PYTHON = os.path.realpath(sys.executable)
PACKAGES = environment_name((ROOT / "requirements.lock").read_bytes())
SUPPORTED = "CPython 3.11 to 3.14"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Give a directory that is all of PATH, with a Python and with uv, which is fast."""
    directory = tmp_path / "programs"
    directory.mkdir()
    (directory / "python3").symlink_to(PYTHON)
    (directory / "uv").symlink_to(str(shutil.which("uv")))
    return directory


@pytest.fixture
def newcomer(tmp_path: Path, programs: Path, wheels: str) -> Program:
    """Give bin/meshguard for a user who has never run it."""
    (tmp_path / "home").mkdir()
    return Program((LAUNCHER,), {"HOME": str(tmp_path / "home"), "PATH": str(programs), "MESHGUARD_WHEELS": wheels})


@pytest.fixture
def settled(newcomer: Program, user: dict[str, str]) -> Program:
    """Give bin/meshguard for somebody whose first run is over, without the time that it takes."""
    cache = cache_of(newcomer)
    cache.mkdir(parents=True)
    (cache / PACKAGES).symlink_to(Path(user["HOME"]) / ".cache" / "meshguard" / PACKAGES)
    (cache / "python").symlink_to(PYTHON)
    return newcomer


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    return path


def cache_of(program: Program) -> Path:
    return Path(program.environ["HOME"]) / ".cache" / "meshguard"


def contents(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def said(packages: Path) -> str:
    return f"meshguard: first run: installing its Python packages into {packages}\n"


def outcome(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_the_first_run_says_so_and_the_next_do_not(newcomer: Program) -> None:
    assert outcome(newcomer("version")) == (0, "0.1.0\n", said(cache_of(newcomer) / PACKAGES))
    assert outcome(newcomer("version")) == (0, "0.1.0\n", "")
    assert contents(cache_of(newcomer)) == sorted([PACKAGES, "pyc", "python"])


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"XDG_CACHE_HOME": "{tmp}/xdg"}, "xdg/meshguard"),
        ({"XDG_CACHE_HOME": "relative"}, "home/.cache/meshguard"),
        ({"XDG_CACHE_HOME": "{tmp}/xdg", "MESHGUARD_CACHE": "{tmp}/my cache"}, "my cache"),
        ({"MESHGUARD_CACHE": "mine"}, "mine"),
        ({"MESHGUARD_CACHE": "{tmp}/mine", "HOME": ""}, "mine"),
    ],
)
def test_the_packages_are_where_the_user_wants_them(
    variables: dict[str, str], place: str, settled: Program, tmp_path: Path
) -> None:
    given = {name: value.format(tmp=tmp_path) for name, value in variables.items()}
    cache = tmp_path / place
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache_of(settled).rename(cache)
    assert outcome(settled("version", cwd=tmp_path, more=given)) == (0, "0.1.0\n", "")
    assert contents(cache) == sorted([PACKAGES, "pyc", "python"])


@pytest.mark.slow
def test_pip_installs_where_there_is_no_uv(newcomer: Program, programs: Path) -> None:
    (programs / "uv").unlink()
    assert outcome(newcomer("version")) == (0, "0.1.0\n", said(cache_of(newcomer) / PACKAGES))


def test_two_first_runs_at_once_are_both_fine(newcomer: Program) -> None:
    racing = [
        subprocess.Popen(
            [LAUNCHER, "version"], env=newcomer.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in racing:
        out, err = process.communicate()
        assert (process.returncode, out) == (0, "0.1.0\n")
        assert err in ("", said(cache_of(newcomer) / PACKAGES))
    assert contents(cache_of(newcomer)) == sorted([PACKAGES, "pyc", "python"])


def test_a_first_run_that_is_killed_does_not_hurt_the_next(newcomer: Program, programs: Path) -> None:
    uv = programs / "uv"
    real = uv.readlink()
    uv.unlink()
    script(uv, f'"{real}" "$@"', "kill -9 $PPID")  # dead between installing and moving into place
    assert newcomer("version").returncode == -9
    [left, _] = contents(cache_of(newcomer))
    assert left.startswith("new-")
    uv.unlink()
    uv.symlink_to(real)
    assert outcome(newcomer("version")) == (0, "0.1.0\n", said(cache_of(newcomer) / PACKAGES))
    assert contents(cache_of(newcomer)) == sorted([PACKAGES, left, "pyc", "python"])


@pytest.mark.parametrize(("name", "below"), [("HOME", "/.cache"), ("XDG_CACHE_HOME", "/meshguard")])
def test_a_cache_below_a_file_is_named(name: str, below: str, newcomer: Program, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = f"'{tmp_path}/file{below}' (Not a directory): set MESHGUARD_CACHE to a directory that can be written"
    done = newcomer("version", more={name: str(tmp_path / "file")})
    assert outcome(done) == (3, "", f"meshguard: error: cannot write {told}\n")


def test_without_home_there_is_no_place(newcomer: Program) -> None:
    told = "HOME is not set, so its Python packages have no place: set MESHGUARD_CACHE to a directory"
    assert outcome(newcomer("version", more={"HOME": ""})) == (3, "", f"meshguard: error: {told}\n")


@pytest.mark.slow
def test_without_a_network_the_installers_are_quoted(newcomer: Program) -> None:
    nowhere = "http://127.0.0.1:9/simple"
    settings = {"UV_DEFAULT_INDEX": nowhere, "UV_HTTP_RETRIES": "0", "PIP_INDEX_URL": nowhere, "PIP_RETRIES": "0"}
    done = newcomer("version", more={"MESHGUARD_WHEELS": "", **settings})
    assert (done.returncode, done.stdout) == (3, "")
    first, second, *quoted, last = done.stderr.splitlines()
    assert first + "\n" == said(cache_of(newcomer) / PACKAGES)
    assert second == "meshguard: error: cannot install its Python packages"
    assert {line.split(":")[0] for line in quoted} == {"  uv", "  pip"}
    assert (
        last == "where no package index can be reached, set MESHGUARD_WHEELS to the wheels of the offline archive"
    )
    assert contents(cache_of(newcomer)) == ["pyc"]


@pytest.mark.slow
def test_a_wheel_that_is_not_the_locked_one_is_refused(newcomer: Program, wheels: str, tmp_path: Path) -> None:
    changed = tmp_path / "wheels"
    shutil.copytree(wheels, changed)
    [wheel] = changed.glob("attrs-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"changed")
    done = newcomer("version", more={"MESHGUARD_WHEELS": str(changed)})
    assert (done.returncode, done.stdout) == (3, "")
    assert "sha256" in done.stderr
    assert contents(cache_of(newcomer)) == ["pyc"]


def test_without_a_python_the_user_is_told(newcomer: Program, programs: Path) -> None:
    told = f"meshguard: error: there is no {SUPPORTED} on PATH: install one, or name it in MESHGUARD_PYTHON\n"
    (programs / "python3").unlink()
    assert outcome(newcomer("version")) == (3, "", told)
    script(programs / "python3", "exit 1")  # as a Python 3.9 answers that is asked whether it is newer
    assert outcome(newcomer("version")) == (3, "", told)


@pytest.mark.parametrize("answer", ["exit 1", "exit 2", "echo pyenv: not found >&2; exit 127"])
def test_a_python_that_does_not_suit_is_passed_over(answer: str, settled: Program, programs: Path) -> None:
    link = cache_of(settled) / "python"
    link.unlink()
    (programs / "python3").unlink()
    script(programs / "python3", answer)
    (programs / "python3.11").symlink_to(PYTHON)
    assert outcome(settled("version")) == (0, "0.1.0\n", "")
    assert os.readlink(link) == PYTHON


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.14", "3.15", "4.0"])
def test_a_python_suits_by_its_version(version: str, newcomer: Program, programs: Path) -> None:
    # A stand-in that gives itself out for another version while it is asked, and refuses to do anything else.
    (programs / "python3").unlink()
    change = f"import sys; sys.version_info = ({version.replace('.', ', ')})"
    script(
        programs / "python3", f'[ "$3" = -c ] && exec "{PYTHON}" -I -S -c "{change}$4"', "echo chosen", "exit 42"
    )
    chosen = newcomer("version")
    assert (chosen.returncode, chosen.stdout) == ((42, "chosen\n") if version in {"3.11", "3.14"} else (3, ""))


def test_a_named_python_comes_first_and_must_suit(settled: Program, tmp_path: Path) -> None:
    mine = script(tmp_path / "mine", f'echo "asked $#" >&2; exec "{PYTHON}" "$@"')
    assert outcome(settled("version", more={"MESHGUARD_PYTHON": str(mine)})) == (0, "0.1.0\n", "asked 7\n")
    old = script(tmp_path / "old", "exit 1")
    told = f"meshguard: error: MESHGUARD_PYTHON is '{old}', which is not {SUPPORTED}\n"
    assert outcome(settled("version", more={"MESHGUARD_PYTHON": str(old)})) == (3, "", told)


def test_a_later_run_searches_for_no_python(settled: Program, programs: Path) -> None:
    (programs / "python3").unlink()
    script(programs / "python3", "echo a slow shim >&2; exit 1")
    assert outcome(settled("version")) == (0, "0.1.0\n", "")


def test_a_python_that_has_gone_is_searched_for_again(settled: Program) -> None:
    link = cache_of(settled) / "python"
    link.unlink()
    link.symlink_to("/nowhere/python3.11")
    assert outcome(settled("version")) == (0, "0.1.0\n", "")
    assert os.readlink(link) == PYTHON


def test_it_runs_through_links_and_from_anywhere(meshguard: Program, tmp_path: Path) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    (place / "plugin").symlink_to(ROOT)
    (place / "first").symlink_to(LAUNCHER)
    (place / "second").symlink_to("first")
    (place / "third").symlink_to("../a place/second")
    (tmp_path / "bin").symlink_to(ROOT / "bin")
    for command in (place / "plugin" / "bin" / "meshguard", place / "third", tmp_path / "bin" / "meshguard"):
        assert outcome(Program((str(command),), meshguard.environ)("version", cwd=place)) == (0, "0.1.0\n", "")
    for words in ("./third", "third"):
        path = f"{place}:{meshguard.environ['PATH']}"
        shell = Program(("/bin/sh", "-c", f"{words} version"), meshguard.environ | {"PATH": path})
        assert outcome(shell(cwd=place)) == (0, "0.1.0\n", "")
    assert outcome(Program(("/bin/sh", "third"), meshguard.environ)("version", cwd=place)) == (0, "0.1.0\n", "")


HOSTILE = (
    "yaml",
    "jinja2",
    "jsonschema",
    "re",
    "enum",
    "typing",
    "encodings",
    "site",
    "sitecustomize",
    "usercustomize",
)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Give a working directory in which whatever is read or imported leaves a trace."""
    directory = tmp_path / "hostile"
    directory.mkdir()
    for name in (*HOSTILE, "meshguard", "validators"):
        (directory / f"{name}.py").write_text(f"open({str(tmp_path / 'trace')!r}, 'a').write('{name} ')\n")
    for name in ("uv.toml", "pyproject.toml", "pip.conf", ".python-version", ".env"):
        (directory / name).write_text("[tool.uv\nthis is broken\n")
    (directory / "values.yaml").write_text("ports:\n  - {number: 8080, name: http, protocol: HTTP}\n")
    return directory


def test_nothing_of_the_working_directory_counts(newcomer: Program, hostile: Path, tmp_path: Path) -> None:
    variables = {
        "PYTHONPATH": str(hostile),
        "PYTHONHOME": str(hostile),
        "PYTHONSTARTUP": str(hostile / "yaml.py"),
        "PYTHONUSERBASE": str(hostile),
        "PYTHONINSPECT": "1",
        "MESHGUARD_CACHE": str(hostile / "cache"),  # as a build server caches it, below the repository
    }
    packages = hostile / "cache" / PACKAGES
    before = {path.name for path in hostile.iterdir()}
    first = newcomer("validate", "-f", "values.yaml", cwd=hostile, more=variables)
    assert (first.returncode, first.stderr) == (0, said(packages))
    second = newcomer("validate", "-f", "values.yaml", cwd=hostile, more=variables)
    assert outcome(second) == (0, first.stdout, "")
    assert not (tmp_path / "trace").exists()
    assert {path.name for path in hostile.iterdir()} == before | {"cache"}


def test_only_the_standard_library_the_plugin_and_the_packages_can_be_imported(
    newcomer: Program, hostile: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "dist"))
    (copy / "meshguard" / "cli.py").write_text("import sys\ndef main(_): print(*sys.path, sep='\\n'); return 0\n")
    other = Program((str(copy / "bin" / "meshguard"),), newcomer.environ)
    done = other(cwd=hostile, more={"PYTHONPATH": str(hostile), "PYTHONUSERBASE": str(hostile)})
    *standard, plugin, packages = done.stdout.splitlines()
    assert (plugin, packages) == (str(copy), str(cache_of(newcomer) / PACKAGES))
    asked = subprocess.run(
        [PYTHON, "-I", "-S", "-c", "import sys; print(*sys.path, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert standard == asked.stdout.splitlines()


def test_an_active_virtual_environment_changes_nothing_and_is_not_changed(
    newcomer: Program, programs: Path, hostile: Path, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([PYTHON, "-I", "-m", "venv", "--without-pip", str(venv)], check=True)
    [site] = venv.glob("lib/python*/site-packages")
    shutil.copy(hostile / "yaml.py", site)
    shutil.copy(hostile / "sitecustomize.py", site)
    before = sorted(venv.rglob("*"))
    active = {"VIRTUAL_ENV": str(venv), "PATH": f"{venv / 'bin'}:{programs}"}
    first = newcomer("validate", "-f", str(hostile / "values.yaml"), more=active)
    assert (first.returncode, first.stderr) == (0, said(cache_of(newcomer) / PACKAGES))
    assert sorted(venv.rglob("*")) == before
    assert os.readlink(cache_of(newcomer) / "python") == PYTHON
    shutil.rmtree(venv)
    assert outcome(newcomer("version")) == (0, "0.1.0\n", "")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("redirection", "code", "words"),
    [
        (">&-", 1, ""),
        ("2>&-", 1, ""),
        (">&- 2>&-", 1, ""),
        (">/dev/full", 2, "meshguard: error: No space left on device\n"),
    ],
)
def test_output_that_goes_nowhere_is_no_crash(meshguard: Program, redirection: str, code: int, words: str) -> None:
    line = f"{meshguard.command[0]} validate -f examples/outage-443/values.yaml {redirection}"
    done = Program(("sh", "-c", line), meshguard.environ)()

    assert (done.returncode, done.stderr) == (code, words)
