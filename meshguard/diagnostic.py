"""What is said to a person: where in the values, how bad, and in which words."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is, in the words of SARIF and GitHub, where `info` is a note or notice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


SEVERITIES = tuple(Severity)  # worst first


class ValuePath(tuple[str | int, ...]):
    """The way from the root of the values to one of them, as keys and list indexes."""

    __slots__ = ()

    def __truediv__(self, step: str | int) -> "ValuePath":
        """Give the path one step further down."""
        return ValuePath((*self, step))

    def __str__(self) -> str:
        """Write it as people do: `ports[0].name`; odd keys are quoted in brackets."""
        text = ""
        for step in self:
            if isinstance(step, int):
                text += f"[{step}]"
            elif step and all(char.isalnum() or char in "_-" for char in step):
                text += f".{step}" if text else step
            else:
                text += f'["{step}"]'
        return text


ROOT = ValuePath()


class Span(NamedTuple):
    """A stretch of a source: lines and columns count characters from 1, and the end is exclusive.

    `file` is the name that the user gave, or the whole argument (`--set a.b=1`) with the columns counted from
    the start of its expression (`a.b=1`).
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Related(NamedTuple):
    """A second place that a finding speaks of, and what is there."""

    at: ValuePath | Span
    message: str


class Finding(NamedTuple):
    """What a rule answers: a value and what is wrong with it. The engine adds place, rule and severity.

    `on_key` points at the key instead of the value. `span` is for what is not in the merged values any more.
    `help` holds further lines, such as the lines that are missing.
    """

    at: ValuePath
    message: str
    on_key: bool = False
    span: Span | None = None
    related: tuple[Related, ...] = ()
    help: str = ""


class Diagnostic(NamedTuple):
    """A finding with its place, its rule and its severity: all that a report needs.

    `service` and `environments` say for whom it holds, where a run checks more than one.
    """

    rule: str
    severity: Severity
    message: str
    at: ValuePath
    span: Span
    related: tuple[tuple[Span, str], ...] = ()
    help: str = ""
    service: str | None = None
    environments: tuple[str, ...] = ()


def quoted(words: Iterable[object], most: int | None = None) -> str:
    """Write words for a sentence: each in quotes and not more than `most` of them, `none` for none of them."""
    every = tuple(words)
    told = ", ".join(f"'{word}'" for word in every[:most]) or "none"
    return told if most is None or len(every) <= most else f"{told} and {len(every) - most} more"


class UserError(Exception):
    """The run could not be done: one clear message for the user, and exit code 2."""
