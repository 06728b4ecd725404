"""Whatever is accepted renders to what Istio admits without a word and Envoy takes: services of every feature."""

from pathlib import Path
from random import Random

import pytest

from tests.mesh.check import complaints, refusals
from tests.mesh.generate import sites
from tests.mesh.istio import Istio

BATCH = 20


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    many = 10_000 if metafunc.config.getoption("--truth") else 500
    metafunc.parametrize("seed", range(many // BATCH))


def test_random_services_are_admitted_without_a_word(seed: int, istio: Istio, tmp_path: Path) -> None:
    made = sites(Random(seed), istio.minor, BATCH)

    assert "\n\n".join(complaints(istio, made)) == ""
    assert "\n\n".join(refusals(istio, made, tmp_path)) == ""
