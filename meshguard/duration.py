"""Durations as the contract writes them (`1h30m`, `15s`, `250ms`), held as whole milliseconds."""

import re

_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_PART = re.compile(r"([0-9]+)(ms|h|m|s)")


def milliseconds(text: str) -> int:
    """Give the length in milliseconds of a duration that the schema has accepted."""
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


def duration(length: int) -> str:
    """Write milliseconds in the shortest form of the contract: whole units, the largest first."""
    if length == 0:
        return "0s"
    text = ""
    for unit, size in _UNITS.items():
        count, length = divmod(length, size)
        text += f"{count}{unit}" if count else ""
    return text
