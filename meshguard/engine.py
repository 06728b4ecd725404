"""Rules over one service: cases in, located diagnostics out; severities and exemptions come from the policy."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshguard.diagnostic import ROOT, SEVERITIES, Diagnostic, Finding, Related, Severity, Span, ValuePath
from meshguard.model import Service, normal_path, sections
from meshguard.node import Node, nearest
from meshguard.policy import Exemption, Facts
from meshguard.rule import Case, Rule
from meshguard.run import Ignored


class Judged(NamedTuple):
    """What the rules found in one service: findings that stand, and findings that an exemption lifts."""

    diagnostics: tuple[Diagnostic, ...]
    exempted: tuple[Ignored, ...]


def judge(case: Case, values: Node, rules: Iterable[Rule]) -> Judged:
    """Run all rules that the policy leaves on, and lift what it exempts."""
    stand, exempted = [], []
    said = case.facts.policy.severities
    for rule in rules:
        # Most rules are left as they are and find nothing, so what their severity is need not be asked.
        if rule.check is None or (rule.id in said and severity_of(rule, case.facts) is None):
            continue
        for finding in rule.check(case):
            severity = severity_of(rule, case.facts) or rule.severity
            diagnostic = locate(finding, values, rule.id, severity)
            exemption = _exemption(rule, finding.at, case)
            if exemption is None:
                stand.append(diagnostic)
            else:
                reason = f"{exemption.reason} (approved by {exemption.approved_by}, until {exemption.expires})"
                exempted.append(Ignored(diagnostic, "exemption", reason))
    return Judged(tuple(stand), tuple(exempted))


def severity_of(rule: Rule, facts: Facts) -> Severity | None:
    """Give the severity that the policy wants; None switches a rule off. A locked rule is raised at most."""
    said = facts.policy.severities.get(rule.id, rule.severity)
    if is_locked(rule, facts):
        return min(said or rule.severity, rule.severity, key=SEVERITIES.index)
    return said


def is_locked(rule: Rule, facts: Facts) -> bool:
    """Tell whether comments and the policy's severities have no power over the rule."""
    return rule.locked or rule.id in facts.policy.locked


def locate(finding: Finding, values: Node, rule: str, severity: Severity) -> Diagnostic:
    """Turn a symbolic finding into one with a place in a file."""
    related = tuple((_place(item, values), item.message) for item in finding.related)
    span = finding.span or _span(values, finding.at, on_key=finding.on_key)
    return Diagnostic(rule, severity, finding.message, finding.at, span, related, finding.help)


def _place(item: Related, values: Node) -> Span:
    return item.at if isinstance(item.at, Span) else _span(values, item.at, on_key=False)


def _span(values: Node, at: ValuePath, *, on_key: bool) -> Span:
    node = nearest(values, at)
    return node.key if on_key and node.key is not None else node.span


def expired(exemption: Exemption, today: str) -> bool:
    """Tell whether the exemption has stopped lifting; on its last day it still does."""
    return exemption.expires < today


def _exemption(rule: Rule, at: ValuePath, case: Case) -> Exemption | None:
    for exemption in case.facts.policy.exemptions:
        if (
            exemption.rule == rule.id
            and exemption.service == case.facts.identity.service
            and not expired(exemption, case.facts.today)
            and _covers(exemption, at, case.service)
        ):
            return exemption
    return None


def _covers(exemption: Exemption, at: ValuePath, service: Service) -> bool:
    """Tell whether the finding lies in the port or the path that the exemption names, if it names one."""
    if exemption.port is not None:
        places = [port.at for port in service.ports if port.name == exemption.port]
        return any(at[: len(place)] == place for place in places)
    if exemption.path is not None:
        return any(at[: len(place)] == place for place in _path_places(exemption.path, service))
    return True


def _path_places(path: str, service: Service) -> Iterator[ValuePath]:
    for routing in sections(service):
        yield routing.at / "pathOverrides" / path
        for index, route in enumerate(routing.routes or ()):
            if route.path == normal_path(path, route.path_type):
                yield route.at
                yield from (override.at for override in routing.overrides if index in override.items)


def expiring(facts: Facts) -> Iterator[Diagnostic]:
    """Give the exemptions of the service that have expired, or will in 14 days (an info).

    An expired one is a warning, unless the policy says otherwise of `expired-exemption`.
    """
    from datetime import date, timedelta  # noqa: PLC0415 - most policies have no exemption

    of_expired = facts.policy.severities.get("expired-exemption", Severity.WARNING)
    if of_expired is None:
        return
    for exemption in facts.policy.exemptions:
        if exemption.service != facts.identity.service:
            continue
        soon = (date.fromisoformat(facts.today) + timedelta(days=14)).isoformat()
        if expired(exemption, facts.today):
            severity, words = of_expired, f"expired on {exemption.expires} and lifts nothing any more"
        elif exemption.expires <= soon:
            severity, words = Severity.INFO, f"expires on {exemption.expires}"
        else:
            continue
        message = f"the exemption of '{exemption.service}' from '{exemption.rule}' {words}"
        yield Diagnostic("expired-exemption", severity, message, ROOT, exemption.span)
