"""One value in, the YAML scalar out that every reader takes for exactly that value, on one line, in ASCII."""

import re

# Plain where YAML 1.1, YAML 1.2 and Go's reader all see a string in block context: it starts with a letter or a
# slash and holds nothing that could end it, and is no word with a meaning.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./|\[\],*+-]*(?::[A-Za-z0-9_./|\[\],*+-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})
_LENGTH = re.compile(r"(?:[0-9]+(?:h|ms|m|s))+")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_ESCAPED = re.compile(r"[^ !#-\[\]-~]|(?<=#)#")  # some CI systems take `##[` for a command wherever it stands
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def scalar(value: str | float | bool) -> str:  # noqa: FBT001 - a value of any scalar type
    """Write a value as a YAML scalar: plain where that is safe beyond doubt, else in double quotes.

    A lone surrogate, which no text can hold, is written as the replacement character, as Go does.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    return value if _is_plain(value) else f'"{_ESCAPED.sub(_escape, value)}"'


def _number(value: float) -> str:
    """Write a number without an exponent, which some readers take for text."""
    text = repr(value)
    if "e" in text:
        from decimal import Decimal  # noqa: PLC0415 - hardly any value is so large or so small

        text = format(Decimal(text), "f")
        return text if "." in text else f"{text}.0"
    return text if text == "-0.0" else text.removesuffix(".0")


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return text.lower() not in _WORDS
    return _LENGTH.fullmatch(text) is not None or _ADDRESS.fullmatch(text) is not None


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if "\ud800" <= char <= "\udfff":
        return "\\ufffd"
    return f"\\u{code:04x}" if char <= "\uffff" else f"\\U{code:08x}"
