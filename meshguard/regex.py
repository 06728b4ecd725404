r"""The text of a regular expression in, what the proxy makes of it out: its verdict, its matches, its parts.

Envoy reads RE2 with Latin-1 characters and matches whole paths (seen on Envoy 1.40: all of 29 expressions had the
verdict that RE2 has in that mode). Istio's webhook reads Go's RE2, which refuses `\C` besides.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

LARGEST_PROGRAM = 32_768  # Istio's bootstrap sets `re2.max_program_size.error_level` to this
_DEEPEST = 60
_ASCII = (1 << 128) - 1
_TOKENS = r"""
    (?P<flags>\(\?[imsU]*(?:-[imsU]+)?\))
  | (?P<group>\((?:\?(?:P?<\w+>|[imsU]*(?:-[imsU]+)?:))?)
  | (?P<close>\))
  | (?P<bar>\|)
  | (?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??)
  | (?P<quote>\\Q.*?(?:\\E|$))
  | (?P<edge>[\^$]|\\[Az])
  | (?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])
  | (?P<class>\\[dDwWsS]|\.)
  | (?P<char>\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{1,3}|\\[^A-Za-z0-9]|\\[aftnrv]|[^\\\[])
"""
_ITEM = r"\[:(\^?)(\w+):\]|(\\[dDwWsS])|(?P<low>{char})(?:-(?P<high>{char}))?".replace(
    "{char}", r"\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[0-7]{1,3}|\\[^A-Za-z0-9]|\\[aftnrv]|[^\\]"
)
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_NAMED = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\f\r ",
}


class Char(NamedTuple):
    """One character out of a set (bit n stands for the ASCII character n), and how it is written."""

    text: str
    chars: int


class Edge(NamedTuple):
    """The beginning or the end of the path."""

    end: bool


class Sequence(NamedTuple):
    """One part after the other."""

    parts: "tuple[Part, ...]"


class Choice(NamedTuple):
    """One of several parts."""

    options: "tuple[Part, ...]"


class Repeat(NamedTuple):
    """A part so many times; `high` None: without end."""

    part: "Part"
    low: int
    high: int | None


Part: TypeAlias = Char | Edge | Sequence | Choice | Repeat


class _Token(NamedTuple):
    kind: str
    text: str


class _Unread(Exception):  # noqa: N818 - it says that we cannot tell, nothing is wrong
    """The expression has something that is not modelled here, such as a word boundary."""


def is_checkable() -> bool:
    """Tell whether RE2 is installed here; the platform may have no wheel of it."""
    return _re2() is not None


def refusal(pattern: str) -> str | None:
    """Give the reason why Istio or the proxy refuses the expression, in RE2's words, if one of them does."""
    re2 = _re2()
    if "\\C" in pattern.replace("\\\\", ""):
        return "invalid escape sequence: \\C"
    try:
        size = re2.compile(_bytes(pattern), _options(re2)).programsize
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("latin-1") if isinstance(reason, bytes) else str(reason)
    return "it is too large" if size > LARGEST_PROGRAM else None


def takes(pattern: str, path: str) -> bool:
    """Tell whether the expression takes the whole path; one that is refused, or cannot be checked, takes none."""
    re2 = _re2()
    if re2 is None:
        return False
    try:
        expression = re2.compile(_bytes(pattern), _options(re2))
    except re2.error:
        return False
    return expression.fullmatch(_bytes(path)) is not None


def _bytes(text: str) -> bytes:
    """Give a text as it reaches the proxy, which takes each byte for a character."""
    return text.encode("utf-8", "surrogatepass")


def _re2() -> Any:  # noqa: ANN401 - the wheel has no types
    try:
        import re2  # noqa: PLC0415 - only a regular expression pays for it, and not every platform has it
    except ImportError:
        return None
    return re2


def _options(re2: Any) -> Any:  # noqa: ANN401 - the wheel has no types
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def parse(pattern: str) -> Part | None:
    """Give the parts of an expression, or None where RE2 refuses it or it has something not modelled here."""
    try:
        tokens = _tokens(_bytes(pattern).decode("latin-1"))
        part, end, _ = _choice(tokens, 0, fold=False, depth=0)
    except _Unread:
        return None
    return part if end == len(tokens) else None


def literal(text: str) -> Sequence:
    """Give the expression of exactly this text."""
    return Sequence(tuple(Char(char, _mask(ord(char), fold=False)) for char in text))


def literal_head(pattern: str) -> str:
    """Give the plain text that every path of the expression begins with; '' where that is not known."""
    head = ""
    part = parse(pattern)
    for each in part.parts if isinstance(part, Sequence) else ():
        if isinstance(each, Char) and each.chars and not each.chars & (each.chars - 1):
            head += chr(each.chars.bit_length() - 1)
        elif not isinstance(each, Edge):
            break
    return head


def plain_text(pattern: str) -> str | None:
    """Give the text of an expression that is nothing but text, behind `^` or not; None if it is more than that."""
    text = pattern.removeprefix("^")
    return None if set(text) & set("\\.+*?()|[]{}^$") else text


def sequences(part: Part) -> Iterator[Sequence]:
    """Give all sequences of an expression, the whole one and those inside of it."""
    if isinstance(part, Sequence):
        yield part
    inner = part.parts if isinstance(part, Sequence) else part.options if isinstance(part, Choice) else ()
    for each in (part.part,) if isinstance(part, Repeat) else inner:
        yield from sequences(each)


def is_anything(part: Part) -> bool:
    """Tell whether a part is `.*`."""
    return isinstance(part, Repeat) and part[1:] == (0, None) and _is_dot(part.part)


def _is_dot(part: Part) -> bool:
    return isinstance(part, Char) and part.text == "."


def _tokens(pattern: str) -> list[_Token]:
    found: list[_Token] = []
    scanner = re.compile(_TOKENS, re.VERBOSE | re.DOTALL)
    at = 0
    while at < len(pattern):
        token = scanner.match(pattern, at)
        if token is None or token.lastgroup is None:
            raise _Unread
        if token.lastgroup == "quote":
            quoted = token.group()[2:].removesuffix("\\E")
            found.extend(_Token("char", char if char != "\\" else "\\\\") for char in quoted)
        else:
            found.append(_Token(token.lastgroup, token.group()))
        at = token.end()
    return found


def _choice(tokens: list[_Token], at: int, *, fold: bool, depth: int) -> tuple[Part, int, bool]:
    """Read alternatives up to a closing bracket or the end; flags of one hold for those after it too."""
    if depth > _DEEPEST:
        raise _Unread
    options = []
    while True:
        part, at, fold = _sequence(tokens, at, fold=fold, depth=depth)
        options.append(part)
        if at >= len(tokens) or tokens[at].kind != "bar":
            return (options[0] if len(options) == 1 else Choice(tuple(options))), at, fold
        at += 1


def _sequence(tokens: list[_Token], at: int, *, fold: bool, depth: int) -> tuple[Sequence, int, bool]:
    parts: list[Part] = []
    while at < len(tokens) and tokens[at].kind not in {"bar", "close"}:
        kind, text = tokens[at]
        at += 1
        if kind == "flags":
            fold = _folds(text, fold=fold)
        elif kind == "group":
            part, at, _ = _choice(tokens, at, fold=_folds(text, fold=fold), depth=depth + 1)
            parts.append(part)
            at += 1
        elif kind == "repeat" and parts:
            parts.append(_repeat(parts.pop(), text))
        else:
            parts.append(_atom(kind, text, fold=fold))
    return Sequence(tuple(parts)), at, fold


def _folds(text: str, *, fold: bool) -> bool:
    """Tell whether letters of both cases are one after the flags `(?i)`, `(?-i)` or a group that states them."""
    on, _, off = text.strip("(?:)").partition("-")
    if text.startswith("(?") and "<" not in text:
        return "i" not in off and (fold or "i" in on)
    return fold


def _repeat(part: Part, text: str) -> Repeat:
    shape = text[:-1] if len(text) > 1 and text.endswith("?") else text
    if shape in {"*", "+", "?"}:
        return Repeat(part, 1 if shape == "+" else 0, 1 if shape == "?" else None)
    low, comma, high = shape[1:-1].partition(",")
    return Repeat(part, int(low), int(high) if high else None if comma else int(low))


def _atom(kind: str, text: str, *, fold: bool) -> Part:
    if kind == "repeat":
        raise _Unread
    if kind == "edge":
        return Edge(text in {"$", "\\z"})
    if kind == "set":
        return Char(text, _set(text, fold=fold))
    if kind == "class":
        return Char(text, _ASCII & ~(1 << 10) if text == "." else _class(text))
    return Char(text, _mask(_code(text), fold=fold))


def _class(text: str) -> int:
    chars = _set(f"[{_NAMED[text[1].lower()]}]", fold=False)
    return _ASCII & ~chars if text[1].isupper() else chars


def _set(text: str, *, fold: bool) -> int:
    inverted = text.startswith("[^")
    chars = 0
    for item in re.finditer(_ITEM, text[2 if inverted else 1 : -1], re.DOTALL):
        chars |= _item(item, fold=fold)
    return _ASCII & ~chars if inverted else chars


def _item(item: re.Match[str], *, fold: bool) -> int:
    if item.group(2):
        chars = _set(f"[{_NAMED[item.group(2)]}]", fold=fold)
        return _ASCII & ~chars if item.group(1) else chars
    if item.group(3):
        return _class(item.group(3))
    low = _code(item.group("low"))
    high = _code(item.group("high") or item.group("low"))
    chars = 0
    for code in range(low, min(high, 127) + 1):
        chars |= _mask(code, fold=fold)
    return chars


def _code(text: str) -> int:
    """Give the number of a character, written as itself or as an escape."""
    if len(text) == 1 or text[1] not in "xaftnrv01234567":
        return ord(text[-1])
    if text[1] == "x":
        return int(text[2:].strip("{}"), 16)
    return _CONTROLS[text[1]] if text[1] in _CONTROLS else int(text[1:], 8)


def _mask(code: int, *, fold: bool) -> int:
    """Give the set of one character, or of both its cases; what is no ASCII stands in no path, so it is empty."""
    if code > 127:  # noqa: PLR2004 - the last ASCII character
        return 0
    char = chr(code)
    return 1 << code | (1 << ord(char.lower()) | 1 << ord(char.upper()) if fold else 0)
