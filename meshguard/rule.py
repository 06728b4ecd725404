"""A rule is a value: its id, its severity, its page and its code."""

from collections.abc import Callable, Iterable
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
