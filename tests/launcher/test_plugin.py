"""The plugin in the hands of real Helm: installed, run, updated and removed."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Program, helm_home

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = yaml.safe_load((ROOT / "plugin.yaml").read_text("utf-8"))

pytestmark = pytest.mark.helm


@pytest.fixture(params=["helm3_oldest", "helm3", "helm4"])
def helm(request: pytest.FixtureRequest, user: dict[str, str], tmp_path: Path) -> Program:
    """Give a Helm without plugins, in a home of its own."""
    return Program((request.getfixturevalue(request.param),), user | helm_home(tmp_path / "helm"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a git repository with this tree committed."""
    directory = tmp_path / "repositories" / "meshguard"
    shutil.copytree(ROOT, directory, ignore=shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "dist"))
    git(directory, "init", "--quiet", "--initial-branch=main")
    commit(directory)
    return directory


def git(directory: Path, *arguments: str) -> str:
    who = ["-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, encoding="utf-8").stdout


def commit(directory: Path) -> None:
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message=x")


def unverified(helm: Program) -> list[str]:
    """Give what Helm 4 wants to hear before it takes something unsigned; Helm 3 knows no such flag."""
    return ["--verify=false"] if "--verify" in helm("plugin", "install", "--help").stdout else []


def run(helm: Program, *arguments: str | Path) -> str:
    done = helm(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def plugins(helm: Program) -> list[str]:
    listed = run(helm, "plugin", "list").splitlines()[1:]
    return [" ".join(line.split()[:2]) for line in listed]


def test_it_is_installed_from_a_directory_and_removed(helm: Program) -> None:
    run(helm, "plugin", "install", ROOT)
    assert plugins(helm) == ["meshguard 0.1.0"]
    assert run(helm, "meshguard", "version") == "0.1.0\n"
    assert f"  meshguard   {MANIFEST['usage']}\n" in run(helm, "help")
    run(helm, "plugin", "uninstall", "meshguard")
    assert plugins(helm) == []
    assert (ROOT / "plugin.yaml").exists()


def test_it_is_installed_from_git_stays_clean_and_is_updated(helm: Program, repository: Path) -> None:
    run(helm, "plugin", "install", f"file://{repository}", *unverified(helm))
    assert plugins(helm) == ["meshguard 0.1.0"]
    installed = Path(helm.environ["HELM_DATA_HOME"]) / "plugins" / "meshguard"
    values = "ports:\n  - {number: 8080, name: http, protocol: HTTP}\n"
    for command in (["version"], ["validate", "-f", "-"], ["render", "orders", "-f", "-"], ["rules"]):
        assert helm("meshguard", *command, stdin=values).returncode in {0, 2}
    assert git(installed, "status", "--porcelain", "--ignored") == ""

    manifest = repository / "plugin.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace('"0.1.0"', '"0.1.1"'))
    commit(repository)
    run(helm, "plugin", "update", "meshguard")
    assert plugins(helm) == ["meshguard 0.1.1"]
    assert run(helm, "meshguard", "version") == "0.1.1\n"
    run(helm, "plugin", "uninstall", "meshguard")
    assert not installed.exists()


def test_a_plugin_directory_that_cannot_be_written_is_enough(helm: Program, repository: Path) -> None:
    run(helm, "plugin", "install", repository)
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    for path in before:
        path.chmod(path.stat().st_mode & 0o555)
    assert run(helm, "meshguard", "version") == "0.1.0\n"
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == before


@pytest.mark.parametrize("name", ["helm3_oldest", "helm3", "helm4"])
def test_helm_hands_over_words_and_gives_back_the_exit_code(
    name: str, request: pytest.FixtureRequest, helm_meshguard: Callable[[str], Program]
) -> None:
    meshguard = helm_meshguard(request.getfixturevalue(name))
    for flags in (["--debug"], ["-n", "shop"], ["--namespace=shop"], ["--kube-context", "x"]):
        done = meshguard("version", *flags)
        assert (done.returncode, done.stdout) == (0, "0.1.0\n")
    done = meshguard("nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nonsense'" in done.stderr
    assert meshguard("version", more={"HOME": ""}).returncode == 3
    assert "helm meshguard" in meshguard("--help").stdout


def test_a_values_file_may_come_through_helms_standard_input(
    helm3: str, helm_meshguard: Callable[[str], Program]
) -> None:
    done = helm_meshguard(helm3)("validate", "-f", "-", stdin="ports:\n  - {number: 8080, name: httpbin}\n")
    assert done.returncode == 1
    assert "httpbin" in done.stdout


def test_the_manifest_has_the_form_that_every_helm_reads() -> None:
    assert list(MANIFEST) == ["name", "version", "usage", "description", "ignoreFlags", "platformCommand"]
    assert MANIFEST["platformCommand"] == [
        {"os": system, "command": "$HELM_PLUGIN_DIR/bin/meshguard"} for system in ("linux", "darwin")
    ]
