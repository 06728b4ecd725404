"""What tests share: the real Helm binaries, the plugin as its users have it, and golden files."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest

hypothesis.settings.register_profile("here", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("here")

ROOT = Path(__file__).resolve().parent.parent
HELMS = {
    "helm3": "MESHGUARD_TEST_HELM3",
    "helm3_oldest": "MESHGUARD_TEST_HELM3_OLDEST",
    "helm4": "MESHGUARD_TEST_HELM4",
}
MESH = frozenset(
    {
        "istio",
        "istio_newest",
        "istio_oldest",
        "istio_early",
        "lab",
        "newest_lab",
        "oldest_lab",
        "any_lab",
        "each_lab",
    }
)

pytest_plugins = ["tests.mesh.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files instead of comparing with them")
    parser.addoption("--truth", action="store_true", help="try 10,000 made-up services on Istio and Envoy, not 500")


@pytest.hookimpl(tryfirst=True)  # before pytest applies -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        used = frozenset(getattr(item, "fixturenames", ()))
        if HELMS.keys() & used:
            item.add_marker(pytest.mark.helm)
        if used & MESH:
            item.add_marker(pytest.mark.mesh)


class Program(NamedTuple):
    """A command and the variables that it is run with, and no others."""

    command: tuple[str, ...]
    environ: dict[str, str]

    def __call__(
        self, *arguments: str | Path, cwd: Path = ROOT, stdin: str = "", more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *map(str, arguments)],
            cwd=cwd,
            env={**self.environ, **(more or {})},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


def made(variable: str) -> str:
    """Give what tools/dev has made for the tests."""
    return os.environ.get(variable) or pytest.fail(
        f"{variable} is not set: run `make test` or `tools/dev --helm pytest`"
    )


@pytest.fixture(scope="session")
def helm3() -> str:
    """Give the newest Helm 3."""
    return made(HELMS["helm3"])


@pytest.fixture(scope="session")
def helm3_oldest() -> str:
    """Give the oldest Helm 3 that is supported."""
    return made(HELMS["helm3_oldest"])


@pytest.fixture(scope="session")
def helm4() -> str:
    """Give the newest Helm 4."""
    return made(HELMS["helm4"])


@pytest.fixture(scope="session")
def wheels() -> str:
    """Give the directory with the wheels that the plugin's first run installs."""
    return made("MESHGUARD_TEST_WHEELS")


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory, wheels: str) -> dict[str, str]:
    """Give the variables of a user who has run meshguard before: nothing of this process's own but PATH."""
    home = tmp_path_factory.mktemp("home")
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    first_run = Program((str(ROOT / "bin" / "meshguard"), "version"), environ)(more={"MESHGUARD_WHEELS": wheels})
    assert first_run.returncode == 0, first_run.stderr
    return environ


@pytest.fixture(scope="session")
def meshguard(user: dict[str, str]) -> Program:
    """Give bin/meshguard, to be called with arguments."""
    return Program((str(ROOT / "bin" / "meshguard"),), user)


@pytest.fixture(scope="session")
def helm_meshguard(user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Program]:
    """Give a way from a Helm binary to its `helm meshguard`, installed from this tree."""
    installed: dict[str, Program] = {}

    def plugin(helm: str) -> Program:
        if helm not in installed:
            environ = user | helm_home(tmp_path_factory.mktemp("helm"))
            done = Program((helm, "plugin", "install", str(ROOT)), environ)()
            assert done.returncode == 0, done.stderr
            installed[helm] = Program((helm, "meshguard"), environ)
        return installed[helm]

    return plugin


def helm_home(directory: Path) -> dict[str, str]:
    """Name a home of its own to Helm; HELM_PLUGINS would count for some of its installers only."""
    return {f"HELM_{kind.upper()}_HOME": str(directory / kind) for kind in ("data", "cache", "config")}
