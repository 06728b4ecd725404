"""What a whole run found: all that a report ever sees."""

from collections.abc import Mapping
from typing import NamedTuple

from meshguard.diagnostic import Diagnostic
from meshguard.rule import Rule


class Ignored(NamedTuple):
    """A finding that somebody took on: by a comment in the values, or by an exemption of the policy."""

    diagnostic: Diagnostic
    by: str  # "comment", "exemption" or "baseline"
    reason: str


class Run(NamedTuple):
    """One run. `diagnostics` are sorted by file, line, column and rule, and reports never sort or filter.

    `sources` gives the text behind the file name of a span, for excerpts. `notes` are single lines about the run
    itself, such as what could not be judged. `checked` counts the services times their environments, `refused`
    those of them whose values are not valid, so that no rule judged them. `top` is the directory that file names
    start from where another program looks for them; '' leaves them as they are.
    """

    version: str
    rules: tuple[Rule, ...]
    diagnostics: tuple[Diagnostic, ...]
    ignored: tuple[Ignored, ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]
    checked: int
    refused: int = 0
    top: str = ""
