"""Whatever is accepted renders to what Istio admits without a word: made-up services of every feature."""

from random import Random

import pytest

from tests.mesh.check import complaints_of_batch
from tests.mesh.generate import sites
from tests.mesh.istio import Istio

BATCH = 20


def batches(config: pytest.Config) -> range:
    """Number the batches: 500 services in `make test`, 10,000 in `make truth`."""
    return range((10_000 if config.getoption("--truth") else 500) // BATCH)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", batches(metafunc.config))


def test_random_services_are_admitted_without_a_word(seed: int, istio: Istio) -> None:
    made = sites(Random(seed), istio.minor, BATCH)

    assert complaints_of_batch(istio, made) == []
