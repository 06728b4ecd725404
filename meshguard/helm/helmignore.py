"""A chart's .helmignore: its text in, which files of the chart Helm does not read out.

The rules are Helm's own (`pkg/ignore`): a pattern without a slash is held against the name alone, and a negative
one ignores whatever it does not match.
"""

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """One line: what it matches, whether it is held against the whole path, and who is meant."""

    pattern: re.Pattern[str]
    whole_path: bool
    negative: bool
    folders_only: bool


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read the lines. Raises ValueError for a pattern that Helm refuses."""
    lines = (line.strip() for line in text.split("\n"))
    return tuple(_rule(line) for line in lines if line and not line.startswith("#"))


def ignored(rules: tuple[Rule, ...], path: str, *, folder: bool) -> bool:
    """Tell whether the file or folder at the path, relative to the chart, is left out."""
    for rule in rules:
        name = path if rule.whole_path else path.rpartition("/")[2]
        matches = rule.pattern.fullmatch(name) is not None
        if rule.negative:
            if not matches or (rule.folders_only and not folder):
                return True
        elif matches and (folder or not rule.folders_only):
            return True
    return False


def _rule(line: str) -> Rule:
    if "**" in line:
        raise ValueError(f"'{line}': `**` is not supported")
    text = line.removeprefix("!")
    negative = text != line
    folders_only = text.endswith("/")
    text = text.removesuffix("/")
    pattern = re.compile(_translate(text.removeprefix("/")), re.DOTALL)
    return Rule(pattern, "/" in text, negative, folders_only)


def _translate(pattern: str) -> str:
    """Write a pattern of Go's filepath.Match as a regular expression."""
    found = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            found += "[^/]*"
        elif char == "?":
            found += "[^/]"
        elif char == "[":
            text, at = _class(pattern, at)
            found += text
        else:
            if char == "\\":
                char = pattern[at : at + 1]
                at += 1
            if not char:
                raise ValueError(f"'{pattern}': a character is missing after `\\`")
            found += re.escape(char)
    return found


def _class(pattern: str, at: int) -> tuple[str, int]:
    matched = re.compile(r"(\^?)((?:\\.|[^\\\]])+)\]", re.DOTALL).match(pattern, at)
    if not matched:
        raise ValueError(f"'{pattern}': the `[` is not closed")
    members = re.sub(r"\\?([\[\]^&|~\\])", r"\\\1", matched[2])
    return f"(?!/)[{matched[1]}{members}]", matched.end()
