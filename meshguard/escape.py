"""Text of unknown origin in, text that is harmless where it is shown out: terminal, CI log, JSON, Markdown."""

_INVISIBLE = frozenset(  # Python calls these printable, and nobody sees them
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """Give one line that neither a terminal nor a CI log takes for anything but text.

    What cannot be seen or moves other text (control characters, line breaks, bidi controls, zero widths, odd
    spaces, lone surrogates) is shown as an escape, and so is what a CI system would read as its command.
    """
    start = len(text) - len(text.lstrip(" "))
    colon = text[start : start + 1] == ":"  # GitHub reads a line that starts with `::` as a command
    if text.isascii() and text.isprintable() and "##" not in text and not colon:
        return text
    shown = cells(text)
    if colon:
        shown[start] = "\\x3a"
    return "".join(shown)


def printable_lines(text: str) -> str:
    """Give text of several lines, each of them printable."""
    return "\n".join(printable(line) for line in text.split("\n"))


def cells(text: str) -> list[str]:
    """Give for each character of a line what is printed for it, so that a caller can count columns."""
    shown = [char if char.isprintable() and char not in _INVISIBLE else _escaped(char) for char in text]
    if "##" in text:
        for index in _log_commands(text):
            shown[index] = "\\x23"
    return shown


def json_text(value: object) -> str:
    """Give JSON in ASCII that is safe in a log too; a lone surrogate, which JSON lacks, is escaped as text."""
    import json  # noqa: PLC0415 - most runs print text

    return json.dumps(_paired(value), indent=2).replace("##", "#\\u0023") + "\n"


def markdown(text: str) -> str:
    """Give one line of code for a Markdown comment or table: no markup, no HTML, no mention, no link."""
    coded = (char if char.isalnum() or char == " " else f"&#{ord(char)};" for char in printable(text))
    return f"<code>{''.join(coded)}</code>"


def _log_commands(text: str) -> list[int]:
    """Find `##[name]`, `##vso[name]` and the like, which are commands wherever in a line they stand."""
    import re  # noqa: PLC0415 - hardly any text holds `##`

    return [found.start() for found in re.finditer(r"##\w*\[", text)]


def _paired(value: object) -> object:
    if isinstance(value, str):
        return "".join(_escaped(char) if "\ud800" <= char <= "\udfff" else char for char in value)
    if isinstance(value, dict):
        return {key: _paired(item) for key, item in value.items()}
    return [_paired(item) for item in value] if isinstance(value, list | tuple) else value


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code <= 0xFF:  # noqa: PLR2004 - the last code that two digits can say
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the same with four
