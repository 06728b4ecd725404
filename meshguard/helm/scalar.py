"""What a YAML scalar means to Helm: its text in; null, a boolean, a number or text out.

The rules are those of go-yaml v2 (`resolve.go`), followed by the way through JSON that every value takes in Helm.
An *exact* value is what go-yaml holds before that way: an int, or a float for what is written as one.
"""

import re
from functools import lru_cache
from typing import TypeAlias

from meshguard.node import Scalar

# The words that are not text; `yes` and its kind are YAML 1.1.
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
FIRSTS = frozenset(("", *"~nNtTfFyYoO+-.0123456789"))  # what a plain scalar begins with that may not be text
EXACT = 2**53  # the largest size up to which every integer has a float64 of its own
NO_KEY = "\ud800"  # begins the name of a key that Helm refuses at the end; no source can hold this character

Exact: TypeAlias = bool | int | float | str | None

_SHORT = 64  # characters; the meaning of longer text is not kept in memory
_CLEAR_WORDS = frozenset(("", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"))
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]{0,19}|0))")
_ODD_BINARY = r"0b([-+]?)([01]+)"
_LONG_INTEGER = r"[-+]?[0-9_]+"
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIMESTAMP = (
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+]([0-9]{2}):([0-9]{2}))"
    r"|[ ]+([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?"
)
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_TAGS = "tag:yaml.org,2002:"


def plain_value(text: str) -> tuple[Scalar, str]:
    """Give what a plain scalar means to Helm, and the kind of loss: ``, `yaml11` or `inexact-number`.

    An infinity or NaN is given as such: Helm refuses it only if it survives to the end.
    """
    return _short_value(text) if len(text) < _SHORT else _plain_value(text)


@lru_cache(maxsize=4096)
def _short_value(text: str) -> tuple[Scalar, str]:
    return _plain_value(text)


def _plain_value(text: str) -> tuple[Scalar, str]:
    exact = _resolve(text)
    value = from_exact(exact)
    if exact is text:
        return text, ""
    if isinstance(value, bool) or value is None:
        return value, "" if text in _CLEAR_WORDS else "yaml11"
    if isinstance(value, float) and (isinstance(exact, int) or re.fullmatch(_LONG_INTEGER, text)):
        return value, "inexact-number"
    return value, "" if str(value) == text else "yaml11"


@lru_cache(maxsize=1024)
def plain_key(text: str) -> tuple[str, str, Exact]:
    """Give the name that Helm makes of a plain key, the kind of loss (`yaml11` or none) and the exact value."""
    exact = _resolve(text)
    name = key_name(exact)
    return name, "" if name == text or name[:1] == NO_KEY else "yaml11", exact


def from_exact(exact: Exact) -> Scalar:
    """Give the value after Helm's way through float64; whole numbers up to 2^53 are held as int."""
    if isinstance(exact, bool) or exact is None or isinstance(exact, str):
        return exact
    if isinstance(exact, int):
        return exact if -EXACT <= exact <= EXACT else float(exact)
    whole = exact.is_integer() and -EXACT <= exact <= EXACT and str(exact) != "-0.0"
    return int(exact) if whole else exact


def key_name(exact: Exact) -> str:
    """Give the name that Helm makes of a key that is not text; one that it refuses begins with NO_KEY."""
    if isinstance(exact, str):
        return exact
    if isinstance(exact, bool):
        return "true" if exact else "false"
    if exact is None:
        return NO_KEY
    if isinstance(exact, float):
        return _float_name(exact)
    return str(exact) if exact < 2**63 else f"{NO_KEY}{exact}"


def _float_name(number: float) -> str:
    """Write a number as Go's %g does with the precision of a float32."""
    import struct  # noqa: PLC0415 # a key that is a float is rare

    packed = struct.pack("f", number)  # what is too large becomes an infinity
    single = struct.unpack("f", packed)[0]
    if single - single != 0:
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(single), ".nan")
    digits = next(count for count in range(9) if struct.pack("f", float(f"{single:.{count}e}")) == packed)
    text = f"{single:.{digits}e}"
    mantissa, _, power = text.partition("e")
    if -4 <= int(power) < 6:  # noqa: PLR2004 # where Go changes to an exponent
        return f"{float(text):.{max(0, digits - int(power))}f}"
    return f"{mantissa}e{power}"


def tagged_value(tag: str, text: str) -> Exact:
    """Give the exact value of a scalar with a tag; an unknown tag makes text of it.

    Raises ValueError, with the reason, where the tag and the text do not fit.
    """
    name = tag.removeprefix(_TAGS) if tag.startswith(_TAGS) else ""
    if name == "binary":
        return _binary(text)
    if name not in ("bool", "int", "float", "null", "timestamp"):
        return text
    exact = text if _is_timestamp(text) else _resolve(text)
    if name == "float" and isinstance(exact, int) and not isinstance(exact, bool) and exact < 2**63:
        exact = float(exact)
    fits = {
        "bool": isinstance(exact, bool),
        "int": isinstance(exact, int) and not isinstance(exact, bool),
        "float": isinstance(exact, float),
        "null": exact is None,
        "timestamp": _is_timestamp(text),
    }
    if not fits[name]:
        raise ValueError(f"'{text}' cannot be read as !!{name}")
    return exact


def _binary(text: str) -> str:
    from base64 import b64decode  # noqa: PLC0415 # a rare tag

    packed = text.replace("\r", "").replace("\n", "")
    if not re.fullmatch(_BASE64, packed):
        raise ValueError("a !!binary value must be base64")
    return go_text(b64decode(packed))


def _is_timestamp(text: str) -> bool:
    found = re.fullmatch(_TIMESTAMP, text)
    if not found:
        return False
    year, month, day, *times = (int(part or 0) for part in found.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    bounds = (24, 60, 60, 25, 61, 24, 60, 60)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1] and all(map(int.__lt__, times, bounds))  # noqa: PLR2004 # months


def _resolve(text: str) -> Exact:
    """Give the exact value of a plain scalar."""
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first in "0123456789+-":
        infinite = _INFINITE.fullmatch(text) if first in "+-" else None
        number = _infinite(infinite) if infinite else _signed(text.replace("_", ""))
    elif first == ".":
        infinite = _INFINITE.fullmatch(text)
        number = _infinite(infinite) if infinite else _dotted(text)
    else:
        return text
    return text if number is None else number


def _infinite(found: re.Match[str]) -> float:
    return float("nan") if found[1] is None else float(found[1] + "inf")


def _dotted(text: str) -> float | None:
    return _finite(text.replace("_", "")) if _DOT_FLOAT.fullmatch(text) else None


def _finite(text: str) -> float | None:
    number = float(text)
    return None if number in (float("inf"), float("-inf")) else number


def _signed(plain: str) -> int | float | None:
    found = _INTEGER.fullmatch(plain)
    if found:
        number = _integer(found)
        if -(2**63) <= number < 2**63 or (not found[1] and number < 2**64):
            return number
    if _FLOAT.fullmatch(plain):
        return _finite(plain)
    found = re.fullmatch(_ODD_BINARY, plain)  # Go takes a sign after the prefix: 0b-1
    number = int(found[1] + found[2], 2) if found else 2**63
    return number if -(2**63) <= number < 2**63 else None


def _integer(found: re.Match[str]) -> int:
    sign, hexadecimal, binary, octal, decimal = found.groups()
    if hexadecimal:
        number = int(hexadecimal, 16)
    elif binary:
        number = int(binary, 2)
    else:
        number = int(octal, 8) if octal else int(decimal)
    return -number if sign == "-" else number


def go_text(data: bytes) -> str:
    """Decode as Go does on the way through JSON: every byte that is no UTF-8 becomes U+FFFD."""
    return re.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))
