import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshguard.duration import duration, milliseconds

CASES = {"15s": 15_000, "250ms": 250, "1h30m": 5_400_000, "1m1s1ms": 61_001, "90s": 90_000, "0s": 0}


@pytest.mark.parametrize(("text", "length"), CASES.items())
def test_durations_are_whole_milliseconds(text: str, length: int) -> None:
    assert milliseconds(text) == length


@pytest.mark.parametrize(("length", "text"), [(90_000, "1m30s"), (15_000, "15s"), (250, "250ms"), (0, "0s")])
def test_durations_are_written_in_whole_units(length: int, text: str) -> None:
    assert duration(length) == text


@given(st.integers(min_value=0, max_value=10**10))
def test_writing_and_reading_agree(length: int) -> None:
    assert milliseconds(duration(length)) == length
