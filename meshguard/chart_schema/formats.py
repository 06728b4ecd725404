"""Formats and patterns of a JSON Schema as Helm's library reads them: a name and a text in, whether it fits out."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

Matcher: TypeAlias = Callable[[str], bool]

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"
_TWO = r"([0-9+][0-9]|-0)"  # as Go reads a number
_TIME = re.compile(rf"{_TWO}:{_TWO}:{_TWO}(?:\.[0-9]+)?(?:[zZ]|([-+]){_TWO}:{_TWO})")
_DURATION = (
    r"P(?:[0-9]+W|(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)"
)
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_HOST = (
    r"(?:(?:[^%]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:\[(?P<six>[^\]]*)\]|(?:[^\[\]:\\^`{|}%@ ]|%[89A-Fa-f][0-9A-Fa-f])*)(?::[0-9]*)?"
)


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> Matcher | str:
    """Give the search for a pattern, or the reason why Go refuses it; without RE2 everything matches."""
    try:
        import re2  # noqa: PLC0415 - only a pattern pays for it, and not every platform has it
    except ImportError:
        return lambda _text: True
    if "\\C" in pattern.replace("\\\\", ""):
        return "invalid escape sequence: `\\C`"
    options: Any = re2.Options()
    options.log_errors = False
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return lambda text: found.search(text) is not None


def _fits(pattern: str) -> Matcher:
    return lambda text: re.fullmatch(pattern, text, re.DOTALL) is not None


def _is_regex(text: str) -> bool:
    return not isinstance(matcher(text), str)


def _is_hostname(text: str) -> bool:
    name = text.removesuffix(".")
    return len(name.encode()) <= 253 and all(re.fullmatch(_LABEL, label) for label in name.split("."))  # noqa: PLR2004


def _is_ipv4(text: str) -> bool:
    groups = text.split(".")
    shaped = len(groups) == 4 and all(re.fullmatch(r"0|[1-9][0-9]{0,9}|[-+][0-9]{1,9}", group) for group in groups)  # noqa: PLR2004
    return shaped and all(0 <= int(group) <= 255 for group in groups)  # noqa: PLR2004 - a byte


def _is_ipv6(text: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address  # noqa: PLC0415 - a rare format

    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def _is_email(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode()) > 254 or len(local.encode()) > 64:  # noqa: PLR2004 - as the library has it
        return False
    quoted = len(local) > 1 and local[0] == local[-1] == '"'
    shape = r'"[^\\"]*"' if quoted else r"(?!\.)(?:(?!\.\.)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-])*(?<!\.)"
    if not re.fullmatch(shape, local, re.DOTALL):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        return _is_ipv6(inner[5:]) if inner.startswith("IPv6:") else FORMATS["ipv4"](inner)
    return _is_hostname(domain)


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    year = text[:4] if text[:4] != "0000" else "2000"  # Go has a year 0, a leap year
    try:
        date.fromisoformat(year + text[4:])
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if not found:
        return False
    hour, minute, second, zone_hour, zone_minute = (int(found[group] or 0) for group in (1, 2, 3, 5, 6))
    if hour > 23 or minute > 59 or second > 60 or zone_hour > 23 or zone_minute > 59:  # noqa: PLR2004 - a clock
        return False
    offset = (zone_hour * 60 + zone_minute) * (1 if found[4] == "-" else -1)
    return second < 60 or (hour * 60 + minute + offset) % (24 * 60) == 24 * 60 - 1  # noqa: PLR2004 - the same


def _is_date_time(text: str) -> bool:
    return text[10:11] in ("t", "T") and _is_date(text[:10]) and _is_time(text[11:])


def _is_period(text: str) -> bool:
    start, slash, end = text.partition("/")
    first, last = start.startswith("P"), end.startswith("P")
    if not slash or (first and last):
        return False
    return (_is_duration if first else _is_date_time)(start) and (_is_duration if last else _is_date_time)(end)


_is_duration = _fits(_DURATION)


def _is_reference(text: str) -> bool:
    """Tell whether Go parses the URL."""
    body, _, fragment = text.partition("#")
    if re.search(r"[\x00-\x1f\x7f]", body) or not _is_escaped(fragment):
        return False
    scheme = re.match(_SCHEME, body)
    rest = (body[scheme.end() :] if scheme else body).partition("?")[0]
    if not rest.startswith("/"):
        return scheme is not None or (":" not in rest.partition("/")[0] and _is_escaped(rest))
    if rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
        return _is_authority(authority) and _is_escaped(path)
    return _is_escaped(rest)


def _is_authority(text: str) -> bool:
    found = re.fullmatch(_HOST, text)
    return found is not None and (found["six"] is None or _is_ipv6(found["six"]))


def _is_escaped(text: str) -> bool:
    """Tell whether what follows each percent sign is two digits."""
    return "%" not in re.sub(_ESCAPED, "", text)


def _is_uri(text: str) -> bool:
    return re.match(_SCHEME, text) is not None and _is_reference(text)


def _is_template(text: str) -> bool:
    if not _is_reference(text):
        return False
    return re.fullmatch(r"(?:[^{}]|\{[^{}]*\})*", text.partition("?")[0].partition("#")[0]) is not None


FORMATS: dict[str, Matcher] = {
    "regex": _is_regex,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "hostname": _is_hostname,
    "email": _is_email,
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "duration": _is_duration,
    "period": _is_period,
    "json-pointer": _fits(_POINTER),
    "relative-json-pointer": _fits(rf"{_NUMBER}(?:#|{_POINTER})"),
    "uuid": _fits(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "semver": _fits(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-(?!(?:.*\.)?0[0-9]+(?:[.+]|$)){_IDS})?(?:\+{_IDS})?"),
    "uri": _is_uri,
    "iri": _is_uri,
    "uri-reference": lambda text: "\\" not in text and _is_reference(text),
    "iri-reference": lambda text: "\\" not in text and _is_reference(text),
    "uri-template": _is_template,
}
