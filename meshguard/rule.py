"""A rule is a value: its id, its severity, its page and its code."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from meshguard.diagnostic import Finding, Severity
from meshguard.helm.loss import Loss
from meshguard.model import Service
from meshguard.node import Node
from meshguard.policy import Facts

SHOWN_BY = "Shown by"  # the section of a page


class Callee(NamedTuple):
    """Another service, which the one that is checked calls, and its values for the places in them."""

    service: Service
    values: Node


def nobody(_: str) -> Callee | None:
    """Give no other service: only one is known."""
    return None


class Case(NamedTuple):
    """One service in one environment: everything that a rule may look at.

    `callee` gives a service of the same environment by its `name` or `name.namespace`, None where its values are
    not known or not valid.
    """

    service: Service
    facts: Facts
    losses: tuple[Loss, ...] = ()
    callee: Callable[[str], Callee | None] = nobody


class Rule(NamedTuple):
    """One guardrail. `doc` is its page: the first line is the summary, the examples are its tests.

    The page's last section names the tests that show what it says of the mesh. A `locked` rule cannot be ignored,
    lowered or accepted by a baseline; only an exemption of the policy lifts it. A rule without `check` is found by
    the engine itself.
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

    @property
    def kind(self) -> str:
        """The severity, and whether the rule is locked or rests on sources that nothing here has shown."""
        locked = ", locked" if self.locked else ""
        return f"{self.severity}{locked}{'' if self.is_proven else ', unproven'}"

    @property
    def is_proven(self) -> bool:
        """Whether the page says what shows that it is true; what the engine finds is no claim about a mesh."""
        return self.check is None or f"\n## {SHOWN_BY}\n" in self.doc


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
