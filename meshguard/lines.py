"""The text of a source in, its lines out, counted as spans count them."""

import re

_BREAK = "\r\n|[\n\r\x85\u2028\u2029]"  # what YAML takes for the end of a line


def lines(text: str) -> list[str]:
    """Give the lines without their ends; a byte order mark is no column."""
    return re.split(_BREAK, text.removeprefix("\ufeff"))
