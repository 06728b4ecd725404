"""A seeded slice of `make fuzz`: no input crashes, and no string is more than text in what is printed."""

from random import Random

import pytest

from tests.fuzz import inputs


@pytest.mark.parametrize("seed", range(4))
def test_no_input_crashes(seed: int) -> None:
    assert [found for number in range(100) if (found := inputs.crash(Random(f"input {seed} {number}")))] == []


@pytest.mark.parametrize("seed", range(10))
def test_no_string_changes_the_structure(seed: int) -> None:
    random = Random(f"strings {seed}")
    texts = [inputs.string(random) for _ in range(60)]

    assert inputs.changed_structure(texts) == []
    assert inputs.changed_objects(texts) == []
