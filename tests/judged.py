"""What all rules say of values under a policy, for tables of cases."""

from meshguard import engine
from meshguard.diagnostic import ROOT, Diagnostic, Severity
from meshguard.helm.values import Request, read
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.model import build
from meshguard.policy import Identity, build_policy, facts_for
from meshguard.rule import Case
from meshguard.schema import check, load_schema
from validators import RULES

ORDERS = Identity(service="orders", team="checkout", namespace="checkout-prod", env="prod")


def diagnostics(values: str, policy: str = "{}", identity: Identity = ORDERS) -> list[Diagnostic]:
    """Give all findings of values that the schema accepts, by line."""
    known = load(policy.encode(), ".meshguard.yaml", NEWEST_4).node
    assert check(load_schema("policy"), known) == ()
    facts = facts_for(build_policy(known), identity, "2029-01-01")
    merged = read(Request(files=("values.yaml",), read_file=lambda _: values.encode()))
    assert [fault.message for fault in check(load_schema("values"), merged.node)] == []
    case = Case(build(merged.node, ROOT, facts), facts, merged.losses)
    found = engine.judge(case, merged.node, RULES).diagnostics
    return sorted(found, key=lambda each: (each.span.line, each.span.column, each.rule))


def judged(values: str, policy: str = "{}") -> list[str]:
    """Give errors and warnings as `line rule`."""
    return [
        f"{each.span.line} {each.rule}"
        for each in diagnostics(values, policy)
        if each.severity is not Severity.INFO
    ]


def told(values: str, policy: str = "{}") -> list[str]:
    """Give infos as `line rule`."""
    return [
        f"{each.span.line} {each.rule}" for each in diagnostics(values, policy) if each.severity is Severity.INFO
    ]
