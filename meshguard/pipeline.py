"""The whole way of one service, once: load, merge, schema, model, rules; and, when asked, render and verify.

Comments in values files are applied last, to all services and environments of a run together, because they may
share files.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from meshguard import engine, schema, suppress
from meshguard.diagnostic import ROOT, Diagnostic, Severity, ValuePath
from meshguard.helm.loss import SourceError
from meshguard.helm.values import Request, Values, read
from meshguard.model import Service, build
from meshguard.node import Node, Plain, find
from meshguard.policy import Facts
from meshguard.rule import Case, Rule
from meshguard.run import Ignored
from meshguard.targets import Rendered, Target


class Subject(NamedTuple):
    """One service in one environment: what to read, where the contract stands in it, and what is known of it."""

    request: Request
    at: ValuePath
    facts: Facts


class Outcome(NamedTuple):
    """What became of one subject. `service` is None where its values are not valid, so that no rule could run."""

    diagnostics: tuple[Diagnostic, ...]
    exempted: tuple[Ignored, ...] = ()
    values: Values | None = None
    service: Service | None = None


class Verdict(NamedTuple):
    """What a whole run says, sorted by place, and the sources that it speaks of."""

    diagnostics: tuple[Diagnostic, ...]
    ignored: tuple[Ignored, ...]
    sources: Mapping[str, str]


def load(request: Request) -> Values | Diagnostic:
    """Read and merge values as Helm does; what Helm refuses is a finding. UserError: a file is not there."""
    try:
        return read(request)
    except SourceError as error:
        return Diagnostic("yaml", Severity.ERROR, str(error), ROOT, error.span)


def judge(subject: Subject, rules: tuple[Rule, ...], shape: Plain) -> Outcome:
    """Judge the values of one subject; `shape` is the schema of the contract.

    Values that Helm refuses and schema faults end it, because the rules rely on both. UserError: a file is not
    there.
    """
    values = load(subject.request)
    if isinstance(values, Diagnostic):
        return Outcome((values,))
    contract = find(values.node, subject.at) or Node({}, values.node.span)
    faults = tuple(
        engine.locate(fault, values.node, "schema", Severity.ERROR)
        for fault in schema.check(shape, contract, subject.at)
    )
    if faults:
        return Outcome(faults, values=values)
    service = build(values.node, subject.at, subject.facts)
    judged = engine.judge(Case(service, subject.facts, values.losses), values.node, rules)
    found = (*judged.diagnostics, *engine.expiring(subject.facts))
    return Outcome(found, judged.exempted, values, service)


def judge_given(
    subjects: Iterable[Subject], rules: tuple[Rule, ...], shape: Plain
) -> Iterable[tuple[Subject, Outcome]]:
    """Judge subjects that the user named: a file that cannot be opened is a UserError."""
    return ((subject, judge(subject, rules, shape)) for subject in subjects)


def conclude(outcomes: Iterable[tuple[Subject, Outcome]], rules: tuple[Rule, ...]) -> Verdict:
    """Apply the comments of all files to all findings, and say what holds in several environments once."""
    found: list[Diagnostic] = []
    exempted: list[Ignored] = []
    sources: dict[str, str] = {}
    unjudged: set[str] = set()
    facts = None
    for subject, outcome in outcomes:
        facts = subject.facts
        found += outcome.diagnostics
        exempted += outcome.exempted
        texts = outcome.values.sources if outcome.values is not None else {}
        sources.update(
            (name, text) for name, text in texts.items() if outcome.diagnostics or suppress.ignores(text, name)
        )
        if outcome.service is None:
            unjudged.update(texts)
    if facts is None:
        return Verdict((), (), {})
    kept, ignored = suppress.apply(_once(found), sources, rules, facts, unjudged)
    return Verdict(_sorted(kept), (*ignored, *exempted), sources)


def _once(found: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """Put findings together that differ by their environments only."""
    environments: dict[Diagnostic, dict[str, None]] = {}
    for diagnostic in found:
        names = environments.setdefault(diagnostic._replace(environments=()), {})
        names.update(dict.fromkeys(diagnostic.environments))
    return [diagnostic._replace(environments=tuple(names)) for diagnostic, names in environments.items()]


def render(
    service: Service, values: Values, facts: Facts, target: Target
) -> tuple[Rendered, tuple[Diagnostic, ...]]:
    """Render a service that was judged safe, and hold the result against what the target may emit.

    Raise UserError where a fact is missing that rendering needs.
    """
    rendered = target.render(service, facts)
    faults = tuple(
        engine.locate(fault, values.node, "manifest", Severity.ERROR) for fault in target.verify(rendered, facts)
    )
    return rendered, _sorted(faults)


def _sorted(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda found: (found.span[:3], found.rule, found.message)))
