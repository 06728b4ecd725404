from collections.abc import Iterator

import pytest

from tests.conftest import made
from tests.fuzz.oracle import Oracle, started


@pytest.fixture(scope="session")
def oracle3() -> Iterator[Oracle]:
    """Give what reads values with the packages of the newest Helm 3."""
    with started(made("MESHGUARD_TEST_ORACLE3")) as oracle:
        yield oracle


@pytest.fixture(scope="session")
def oracle4() -> Iterator[Oracle]:
    """Give what reads values with the packages of the newest Helm 4."""
    with started(made("MESHGUARD_TEST_ORACLE4")) as oracle:
        yield oracle
