"""What every test of the mesh shares: Istio's own code, newest and oldest, one process of each for a session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mesh import envoy
from tests.mesh.backends import Backends, backends
from tests.mesh.cluster import Lab
from tests.mesh.envoy import Block
from tests.mesh.istio import Istio, running

EARLY = "MESHGUARD_TEST_ISTIO_EARLY"
BINARIES = {"istio_newest": "MESHGUARD_TEST_ISTIO", "istio_oldest": "MESHGUARD_TEST_ISTIO_OLDEST"}
VERSIONS = {"istio_newest": "1.31.0", "istio_oldest": "1.27.9"}


def _binary(variable: str) -> str:
    return os.environ.get(variable) or pytest.fail(
        f"{variable} is not set: run `make test` or `tools/dev --istio pytest`"
    )


@pytest.fixture(scope="session")
def istio_newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    """Give the newest Istio."""
    yield from _session("istio_newest", tmp_path_factory.mktemp("istio"))


@pytest.fixture(scope="session")
def istio_oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    """Give an Istio four versions older, the oldest that can be built."""
    yield from _session("istio_oldest", tmp_path_factory.mktemp("istio"))


@pytest.fixture(scope="session")
def istio_early(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    """Give an Istio before 1.22, which only admits (tests/mesh/early)."""
    with running(_binary(EARLY), "1.21.0", tmp_path_factory.mktemp("istio") / "log") as istio:
        yield istio


def _session(name: str, directory: Path) -> Iterator[Istio]:
    with running(_binary(BINARIES[name]), VERSIONS[name], directory / "log") as istio:
        yield istio


@pytest.fixture
def lab(request: pytest.FixtureRequest, block: Block, backs: Backends, tmp_path: Path) -> Lab:
    """Give what runs the worlds of the stories: with the newest Istio, or with what it once said."""
    is_there = bool(os.environ.get(BINARIES["istio_newest"]))
    istio = request.getfixturevalue("istio_newest") if is_there else None
    golden = request.config.getoption("--golden")
    return Lab(block, backs, tmp_path, VERSIONS["istio_newest"], istio, recorded=True, golden=golden)


@pytest.fixture
def newest_lab(istio_newest: Istio, block: Block, backs: Backends, tmp_path: Path) -> Lab:
    """Give what runs any world, with the newest Istio."""
    return Lab(block, backs, tmp_path, istio_newest.version, istio_newest)


@pytest.fixture
def oldest_lab(istio_oldest: Istio, block: Block, backs: Backends, tmp_path: Path) -> Lab:
    """Give what runs any world, with the oldest Istio."""
    return Lab(block, backs, tmp_path, istio_oldest.version, istio_oldest)


@pytest.fixture(params=("newest_lab", "oldest_lab"))
def each_lab(request: pytest.FixtureRequest) -> Lab:
    """Give what runs any world, with each Istio in turn."""
    found: Lab = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=sorted(BINARIES))
def istio(request: pytest.FixtureRequest) -> Istio:
    """Give each Istio in turn."""
    found: Istio = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def block() -> Iterator[Block]:
    """Give a block of loopback addresses that nobody else uses."""
    with envoy.block() as claimed:
        yield claimed


@pytest.fixture(scope="session")
def backs() -> Iterator[Backends]:
    """Give the thread that applications run in."""
    with backends() as running:
        yield running
