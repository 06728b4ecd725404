"""The whole way of one service, once: load, merge, schema, model, rules; and, when asked, render and verify."""

from collections.abc import Mapping
from typing import NamedTuple

from meshguard import engine, schema, suppress
from meshguard.diagnostic import ROOT, Diagnostic, Severity, ValuePath
from meshguard.helm.loss import SourceError
from meshguard.helm.values import Request, Values, read
from meshguard.model import Service, build
from meshguard.node import Plain, find
from meshguard.policy import Facts
from meshguard.rule import Case, Rule
from meshguard.run import Ignored
from meshguard.targets import Rendered, Target


class Outcome(NamedTuple):
    """What became of one service. `service` is None where its values are not valid, so no rule could run."""

    diagnostics: tuple[Diagnostic, ...]
    ignored: tuple[Ignored, ...]
    sources: Mapping[str, str]
    values: Values | None = None
    service: Service | None = None


def validate(request: Request, at: ValuePath, facts: Facts, rules: tuple[Rule, ...], shape: Plain) -> Outcome:
    """Judge the values of one service in one environment.

    `at` is where the contract stands in the values and `shape` its schema. Values that Helm refuses and schema
    faults stop the run of that service and cannot be ignored. UserError is raised for files that are not there.
    """
    try:
        values = read(request)
    except SourceError as error:
        refused = Diagnostic("yaml", Severity.ERROR, str(error), ROOT, error.span)
        return Outcome((refused,), (), {})
    contract = find(values.node, at) or values.node
    faults = tuple(
        engine.locate(fault, values.node, "schema", Severity.ERROR) for fault in schema.check(shape, contract, at)
    )
    if faults:
        return Outcome(_sorted(faults), (), values.sources, values)
    service = build(values.node, at, facts)
    judged = engine.judge(Case(service, facts, values.losses), values.node, rules)
    found = (*judged.diagnostics, *engine.expiring(facts))
    kept, ignored = suppress.apply(found, values.sources, rules, facts)
    return Outcome(_sorted(kept), (*ignored, *judged.exempted), values.sources, values, service)


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


def _sorted(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda found: (found.span[:3], found.rule, found.message)))
