"""What every test of the mesh shares: Istio's own code, newest and oldest, one process of each for a session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mesh import envoy
from tests.mesh.backends import Backends, backends
from tests.mesh.cluster import Lab
from tests.mesh.istio import Istio, running

BINARIES = {"istio_newest": "MESHGUARD_TEST_ISTIO", "istio_oldest": "MESHGUARD_TEST_ISTIO_OLDEST"}


def _binary(variable: str) -> str:
    return os.environ.get(variable) or pytest.fail(
        f"{variable} is not set: run `make test` or `tools/dev --istio pytest`"
    )


@pytest.fixture(scope="session")
def istio_newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    """Give the newest Istio."""
    yield from _session("istio_newest", "1.31.0", tmp_path_factory.mktemp("istio"))


@pytest.fixture(scope="session")
def istio_oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    """Give an Istio four versions older, the oldest that can be built."""
    yield from _session("istio_oldest", "1.27.9", tmp_path_factory.mktemp("istio"))


def _session(name: str, version: str, directory: Path) -> Iterator[Istio]:
    with running(_binary(BINARIES[name]), version, directory / "log") as istio:
        yield istio


@pytest.fixture
def lab(istio_newest: Istio, block: int, backs: Backends, tmp_path: Path) -> Lab:
    """Give what runs worlds, with the newest Istio."""
    return Lab(istio_newest, block, backs, tmp_path)


@pytest.fixture
def lab_oldest(istio_oldest: Istio, block: int, backs: Backends, tmp_path: Path) -> Lab:
    """Give what runs worlds, with the oldest Istio."""
    return Lab(istio_oldest, block, backs, tmp_path)


@pytest.fixture(params=sorted(BINARIES))
def istio(request: pytest.FixtureRequest) -> Istio:
    """Give each Istio in turn."""
    found: Istio = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def block() -> Iterator[int]:
    """Give a block of loopback addresses that nobody else uses."""
    with envoy.block() as number:
        yield number


@pytest.fixture(scope="session")
def backs() -> Iterator[Backends]:
    """Give the thread that applications run in."""
    with backends() as running:
        yield running
