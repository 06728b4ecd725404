"""A rule is a value: its id, its severity, its page and its code."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from meshguard.diagnostic import Finding, Severity
from meshguard.helm.loss import Loss
from meshguard.model import Service
from meshguard.policy import Facts


class Case(NamedTuple):
    """One service in one environment: everything that a rule may look at."""

    service: Service
    facts: Facts
    losses: tuple[Loss, ...] = ()


class Rule(NamedTuple):
    """One guardrail. `doc` is its page: the first line is the summary, the examples are its tests.

    A `locked` rule cannot be ignored, lowered or accepted by a baseline; only an exemption of the policy
    lifts it. A rule without `check` is found by the engine itself.
    """

    id: str
    severity: Severity
    doc: str
    check: Callable[[Case], Iterable[Finding]] | None = None
    locked: bool = False

    @property
    def summary(self) -> str:
        """The first line of the page, without its full stop."""
        return self.doc.split("\n", 1)[0].removesuffix(".")


def once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Give the first finding of each place: a setting of a section is met again in each of its routes."""
    seen = set()
    for finding in findings:
        if finding.at not in seen:
            seen.add(finding.at)
            yield finding


def no_such_rule(name: str, names: Iterable[str]) -> str:
    """Say that no rule has this name, and which one may be meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a typo pays for it

    close = get_close_matches(name, list(names), 1)
    hint = f"did you mean '{close[0]}'?" if close else "`helm meshguard rules` lists them"
    return f"there is no rule '{name}'; {hint}"
