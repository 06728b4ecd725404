"""Versions of charts as Helm's library compares them: a version and a constraint in, whether it is met out."""

import operator
import re
from typing import NamedTuple, TypeAlias

_Key: TypeAlias = tuple[int, int, int, tuple[tuple[int, int, str], ...]]

_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRE = rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
_META = r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_NUMBER = r"(0|[1-9][0-9]*)"
_VERSION = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?{_PRE}{_META}")
_PART = r"[0-9|xX*]+"
_BOUND = rf"v?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:-[0-9A-Za-z.-]+)?{_META}"
_OPERATOR = r"(?:!=|>=|=>|<=|=<|~>|=|>|<|~|\^)?"
_ONE = re.compile(
    rf"({_OPERATOR})\s*v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?{_META}"
)
_RANGE = re.compile(rf"\s*({_BOUND})\s+-\s+({_BOUND})\s*")
_GROUP = re.compile(rf"\s*{_OPERATOR}\s*{_BOUND}\s*(?:(?:\s+|,\s*){_OPERATOR}\s*{_BOUND}\s*)*")
_ALL = 3  # numbers of a version
_COMPARISONS = {
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "=>": operator.ge,
    "<=": operator.le,
    "=<": operator.le,
}
_RELEASE = ((2, 0, ""),)  # sorts after every pre-release


class _Constraint(NamedTuple):
    """One comparison; `given` tells how many of the three numbers were given, the others are wild."""

    sign: str
    key: _Key
    given: int


def is_version(text: str) -> bool:
    """Tell whether the text is a version."""
    return _key(text) is not None


def satisfies(version: str, constraint: str) -> bool:
    """Tell whether the version meets the constraint; what is no version or no constraint meets nothing."""
    key = _key(version)
    if key is None:
        return False
    text = _RANGE.sub(r">= \1, <= \2 ", constraint)
    groups = [_group(group) for group in text.split("||")]
    if None in groups:
        return False
    return any(_meets_all(key, group) for group in groups if group is not None)


def _key(version: str) -> _Key | None:
    found = _VERSION.fullmatch(version)
    if not found:
        return None
    major, minor, patch, pre = found.groups()
    return int(major), int(minor or 0), int(patch or 0), _pre_key(pre)


def _pre_key(pre: str | None) -> tuple[tuple[int, int, str], ...]:
    if not pre:
        return _RELEASE
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in pre.split("."))


def _group(text: str) -> list[_Constraint] | None:
    if not _GROUP.fullmatch(text):
        return None
    found = [_constraint(one) for one in _ONE.finditer(text)]
    group = [one for one in found if one is not None]
    return group if len(group) == len(found) else None


def _constraint(found: re.Match[str]) -> _Constraint | None:
    sign, *parts, pre = found.groups()
    given = [part not in (None, "x", "X", "*") for part in parts]
    numbers = parts[: given.index(False) if False in given else _ALL]
    key = _key(".".join([*numbers, "0", "0", "0"][:_ALL]) + (pre or ""))
    return _Constraint(sign, key, len(numbers)) if key else None


def _meets_all(key: _Key, group: list[_Constraint]) -> bool:
    wants_pre = any(one.key[3] != _RELEASE for one in group)
    return (key[3] == _RELEASE or wants_pre) and all(_meets(key, one) for one in group)


def _meets(key: _Key, one: _Constraint) -> bool:
    sign, bound, given = one
    if sign in ("", "="):
        return key == bound if given == _ALL else _tilde(key, one)
    if sign in ("~", "~>"):
        return _tilde(key, one)
    if sign == "^":
        return _caret(key, one)
    if sign == "!=" and given == _ALL - 1:
        return (key[:given], key[3]) != (bound[:given], bound[3])
    numbers = slice(None)
    if sign in ("!=", ">") and 0 < given < _ALL:
        numbers = slice(given)
    elif sign in ("<=", "=<") and given < _ALL:
        numbers = slice(given or 2)
    return bool(_COMPARISONS[sign](key[numbers], bound[numbers]))


def _tilde(key: _Key, one: _Constraint) -> bool:
    if key < one.key:
        return False
    if one.key[:3] == (0, 0, 0) and one.given in (0, _ALL):
        return True
    same = 1 if one.given == 1 else 2
    return key[:same] == one.key[:same]


def _caret(key: _Key, one: _Constraint) -> bool:
    if key < one.key:
        return False
    if one.key[0] > 0 or one.given == 1:
        return key[0] == one.key[0]
    same = 2 if one.key[1] > 0 or one.given == _ALL - 1 else _ALL
    return key[:same] == one.key[:same]
