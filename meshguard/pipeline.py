"""The whole way of one service, once: load, merge, schema, model, rules; and, when asked, render and verify.

Comments in values files are applied last, to all services and environments of a run together, because they may
share files.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from meshguard import engine, schema, suppress
from meshguard.beside import SECTIONS
from meshguard.diagnostic import ROOT, SEVERITIES, Diagnostic, Finding, Severity, Span, ValuePath, quoted
from meshguard.engine_rules import CHART_SCHEMA, NOTHING_TO_JUDGE
from meshguard.helm.layers import Chart
from meshguard.helm.loss import SourceError
from meshguard.helm.values import Request, Values, read
from meshguard.model import Service, build
from meshguard.node import Node, Plain, child, find, nearest, plain
from meshguard.policy import Facts
from meshguard.rule import Callee, Case, Rule, nobody
from meshguard.run import Ignored
from meshguard.targets import Rendered, Target


class Subject(NamedTuple):
    """One service in one environment: what to read, where the contract stands in it, and what is known of it."""

    request: Request
    at: ValuePath
    facts: Facts


class Outcome(NamedTuple):
    """What became of one subject. `service` is None where its values are not valid, so that no rule could run.

    `sources` are the texts that findings and comments speak of, `unjudged` the files that not all rules saw.
    """

    diagnostics: tuple[Diagnostic, ...]
    exempted: tuple[Ignored, ...] = ()
    sources: Mapping[str, str] = {}
    unjudged: tuple[str, ...] = ()
    values: Values | None = None
    service: Service | None = None


class Verdict(NamedTuple):
    """What a whole run says, sorted by place, and the sources that it speaks of.

    `unjudged` are the files that not all rules saw, `refused` counts the subjects that no rule judged.
    """

    diagnostics: tuple[Diagnostic, ...]
    ignored: tuple[Ignored, ...]
    sources: Mapping[str, str]
    unjudged: frozenset[str] = frozenset()
    refused: int = 0


def load(request: Request) -> Values | Outcome:
    """Read and merge values as Helm does; what Helm refuses ends it. UserError: a file is not there."""
    try:
        return read(request)
    except SourceError as error:
        refused = Diagnostic("yaml", Severity.ERROR, str(error), ROOT, error.span)
        sources = {error.span.file: error.text} if error.text else {}
        return Outcome((refused,), sources=sources, unjudged=(*request.files, *sources))


def understand(subject: Subject, shape: Plain) -> tuple[Values, Service] | Outcome:
    """Read the values of one subject into the model; `shape` is the schema of the contract.

    Values that Helm refuses and schema faults end it, because all rules rely on both. UserError: a file is not
    there.
    """
    values = load(subject.request)
    if isinstance(values, Outcome):
        return values
    contract = find(values.node, subject.at) or Node({}, values.node.span)
    misread = {loss.span: loss.detail for loss in values.losses if loss.kind == "yaml11"}
    faults = tuple(
        _as_written(engine.locate(fault, values.node, "schema", Severity.ERROR), misread)
        for fault in schema.check(shape, contract, subject.at)
    )
    if faults:
        return Outcome(faults, sources=values.sources, unjudged=tuple(values.sources), values=values)
    return values, build(values.node, subject.at, subject.facts)


def judge(
    subject: Subject, rules: tuple[Rule, ...], shape: Plain, callee: Callable[[str], Callee | None] = nobody
) -> Outcome:
    """Judge the values of one subject, with what is known of the services that it calls."""
    understood = understand(subject, shape)
    if isinstance(understood, Outcome):
        return understood
    values, service = understood
    judged = engine.judge(Case(service, subject.facts, values.losses, callee), values.node, rules)
    found = (
        *judged.diagnostics,
        *engine.expiring(subject.facts),
        *_nothing_to_judge(values.node, subject),
        *_refused_by_chart(values, subject.facts),
    )
    spoken_of = {name: text for name, text in values.sources.items() if found or suppress.ignores(text, name)}
    return Outcome(found, judged.exempted, spoken_of, values=values, service=service)


def _as_written(fault: Diagnostic, misread: Mapping[Span, str]) -> Diagnostic:
    """Say what stands in the file where YAML reads something else, unless the message says so itself."""
    written = misread.get(fault.span)
    if written is None or "quotes" in fault.message:
        return fault
    return fault._replace(message=f"{fault.message}; without quotes YAML reads '{written}' so")


def _nothing_to_judge(values: Node, subject: Subject) -> Iterator[Diagnostic]:
    """Say that no rule had anything to judge, or a part had no rule, which a wrong `at` looks like, too."""
    contract = find(values, subject.at)
    severity = engine.severity_of(NOTHING_TO_JUDGE, subject.facts)
    if severity is None:
        return
    written = {section for section in SECTIONS if contract is not None and child(contract, section)}
    misplaced = next(
        (name for name in _TELLING if subject.at and name not in written and child(values, name)), None
    )
    finding = Finding(subject.at, f"the values have none of {quoted(SECTIONS)}, so no rule had anything to judge")
    if misplaced is not None:
        message = (
            f"'{misplaced}' stands at the top, where it has no effect: the policy says '{subject.at}'; move it"
        )
        finding = Finding(ValuePath((misplaced,)), f"{message} there", on_key=True)
    elif written:
        return
    elif contract is None:
        finding = _no_such_key(values, subject.at)
    if misplaced is not None or contract is None:
        severity = min(severity, Severity.WARNING, key=SEVERITIES.index)
    yield engine.locate(finding, values, NOTHING_TO_JUDGE.id, severity)


def _no_such_key(values: Node, at: ValuePath) -> Finding:
    """Say that nothing stands where the policy says that the contract does; beside it may be what is meant."""
    message = f"the policy says that the contract stands at '{at}', and the values have no such key"
    depth = next(length for length in range(len(at)) if find(values, ValuePath(at[: length + 1])) is None)
    beside = nearest(values, at).value
    alike = [key for key in beside if _folded(key) == _folded(at[depth])] if isinstance(beside, dict) else []
    if not alike:
        return Finding(at, message)
    meant = f"write '{at[depth]}' instead of '{alike[0]}'"
    return Finding(ValuePath((*at[:depth], alike[0])), f"{message}; {meant}", on_key=True)


def _folded(key: str | int) -> str:
    return str(key).replace("-", "").replace("_", "").lower()


_TELLING = tuple(section for section in SECTIONS if section != "ports")  # other charts have ports of their own


def _refused_by_chart(values: Values, facts: Facts) -> Iterator[Diagnostic]:
    """Say what the schemas of the chart and of its subcharts refuse."""
    severity = engine.severity_of(CHART_SCHEMA, facts)
    if severity is None or values.chart is None or not _has_schema(values.chart):
        return
    from meshguard.chart_schema.judge import findings  # noqa: PLC0415 - few charts have a schema

    for finding, is_known in findings(values.chart, plain(values.node)):
        least = severity if is_known else max(severity, Severity.WARNING, key=SEVERITIES.index)
        yield engine.locate(finding, values.node, CHART_SCHEMA.id, least)


def _has_schema(chart: Chart) -> bool:
    return chart.schema is not None or any(map(_has_schema, chart.charts))


def judge_given(subjects: Iterable[Subject], rules: tuple[Rule, ...], shape: Plain) -> Iterable[Outcome]:
    """Judge subjects that the user named: a file that cannot be opened is a UserError."""
    return (judge(subject, rules, shape) for subject in subjects)


def conclude(outcomes: Iterable[Outcome], rules: tuple[Rule, ...], facts: Facts) -> Verdict:
    """Apply the comments of all files to all findings, and say what holds in several environments once.

    `facts` are those of any of the subjects: of the policy's words on rules only.
    """
    found: list[Diagnostic] = []
    exempted: list[Ignored] = []
    sources: dict[str, str] = {}
    unjudged: set[str] = set()
    refused = 0
    for outcome in outcomes:
        found += outcome.diagnostics
        exempted += outcome.exempted
        sources.update(outcome.sources)
        unjudged.update(outcome.unjudged)
        refused += bool(outcome.unjudged)
    kept, ignored = suppress.apply(_once(found), sources, rules, facts, unjudged)
    return Verdict(_sorted(kept), (*ignored, *_lifted_once(exempted)), sources, frozenset(unjudged), refused)


def _lifted_once(exempted: Iterable[Ignored]) -> Iterator[Ignored]:
    """Do the same with what exemptions lift."""
    found: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic, by, reason in exempted:
        found.setdefault((by, reason), []).append(diagnostic)
    for (by, reason), diagnostics in found.items():
        yield from (Ignored(diagnostic, by, reason) for diagnostic in _once(diagnostics))


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
