from collections.abc import Iterator

import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Finding, Related, Severity, Span, ValuePath
from meshguard.engine import expiring, judge, locate
from meshguard.model import build
from meshguard.policy import Facts, Identity, build_policy, facts_for
from meshguard.rule import Case, Rule
from tests.tree import tree

VALUES = tree("""
ports:
  - {number: 8080, name: http}
  - {number: 7800, name: tcp-cluster}
externalRouting:
  pathConfiguration:
    - {path: /a}
  pathOverrides:
    /a: {timeout: 1s}
""")
PORT = ValuePath(("ports", 1, "number"))
PATH = ValuePath(("externalRouting", "pathConfiguration", 0, "path"))
OVERRIDE = ValuePath(("externalRouting", "pathOverrides", "/a", "timeout"))


def complain(_: Case) -> Iterator[Finding]:
    yield Finding(PORT, "bad port")
    yield Finding(PATH, "bad path")
    yield Finding(OVERRIDE, "bad override")


RULE = Rule("a-rule", Severity.ERROR, "A fault.\n", complain)


def facts(policy: str = "{}", today: str = "2030-01-01") -> Facts:
    return facts_for(build_policy(tree(policy, ".meshguard.yaml")), Identity(service="orders"), today)


def found(facts: Facts, rule: Rule = RULE) -> list[tuple[Severity, str]]:
    case = Case(build(VALUES, ROOT, facts), facts)
    return [(each.severity, each.message) for each in judge(case, VALUES, (rule,)).diagnostics]


ALL = ["bad port", "bad path", "bad override"]


def test_findings_get_their_rule_severity_and_place() -> None:
    here = facts()
    case = Case(build(VALUES, ROOT, here), here)

    assert judge(case, VALUES, (RULE,)).diagnostics[0] == Diagnostic(
        "a-rule", Severity.ERROR, "bad port", PORT, Span("values.yaml", 4, 14, 4, 18)
    )


def test_a_place_can_be_a_key_a_missing_value_or_a_span() -> None:
    elsewhere = Span("values-prod.yaml", 1, 1, 1, 2)

    def span(finding: Finding) -> Span:
        return locate(finding, VALUES, "r", Severity.INFO).span

    assert span(Finding(PORT, "", on_key=True)) == Span("values.yaml", 4, 6, 4, 12)
    assert span(Finding(PATH / "missing", "")) == Span("values.yaml", 7, 14, 7, 16)
    assert span(Finding(ValuePath(("ports", 0)), "", on_key=True)) == Span("values.yaml", 3, 5, 3, 31)
    assert span(Finding(PORT, "", span=elsewhere)) == elsewhere


def test_related_places_are_found_too() -> None:
    elsewhere = Span("values-prod.yaml", 1, 1, 1, 2)
    finding = Finding(PORT, "", related=(Related(PATH, "here"), Related(elsewhere, "there")), help="more")
    located = locate(finding, VALUES, "r", Severity.INFO)

    assert located.related == ((Span("values.yaml", 7, 14, 7, 16), "here"), (elsewhere, "there"))
    assert located.help == "more"


def test_the_policy_decides_severities() -> None:
    assert {severity for severity, _ in found(facts("rules: {a-rule: info}"))} == {Severity.INFO}
    assert found(facts("rules: {a-rule: none}")) == []


def test_a_locked_rule_keeps_its_severity() -> None:
    policy = facts("rules: {a-rule: none}")
    assert len(found(policy, RULE._replace(locked=True))) == 3
    assert len(found(facts("rules: {a-rule: none}\nlocked: [a-rule]"))) == 3


def test_a_locked_rule_can_be_raised() -> None:
    rule = RULE._replace(severity=Severity.WARNING)
    assert {severity for severity, _ in found(facts("rules: {a-rule: error}\nlocked: [a-rule]"), rule)} == {
        Severity.ERROR
    }
    assert {severity for severity, _ in found(facts("rules: {a-rule: info}\nlocked: [a-rule]"), rule)} == {
        Severity.WARNING
    }


def test_rules_of_the_engine_are_not_run() -> None:
    assert found(facts(), RULE._replace(check=None)) == []


EXEMPTION = "exemptions: [{{rule: a-rule, service: {}, reason: why, approvedBy: me, expires: 2030-01-31{}}}]"


@pytest.mark.parametrize(
    ("service", "more", "left"),
    [
        ("orders", "", []),
        ("carts", "", ALL),
        ("orders", ", port: tcp-cluster", ["bad path", "bad override"]),
        ("orders", ", port: http", ALL),
        ("orders", ", path: /a", ["bad port"]),
        ("orders", ", path: /a/", ["bad port"]),
        ("orders", ", path: /A", ALL),
        ("orders", ", path: /b", ALL),
    ],
)
def test_an_exemption_lifts_what_it_names(service: str, more: str, left: list[str]) -> None:
    assert [message for _, message in found(facts(EXEMPTION.format(service, more)))] == left


def test_an_exemption_says_why() -> None:
    here = facts(EXEMPTION.format("orders", ", port: tcp-cluster"))
    (ignored,) = judge(Case(build(VALUES, ROOT, here), here), VALUES, (RULE,)).exempted

    assert ignored.by == "exemption"
    assert ignored.reason == "why (approved by me, until 2030-01-31)"
    assert ignored.diagnostic.message == "bad port"


def test_a_service_without_the_path_is_not_exempted() -> None:
    here = facts(EXEMPTION.format("orders", ", path: /a"))
    empty = tree("ports: []")
    assert len(judge(Case(build(empty, ROOT, here), here), empty, (RULE,)).diagnostics) == 3


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2030-01-16", []),
        ("2030-01-17", [(Severity.INFO, "the exemption of 'orders' from 'a-rule' expires on 2030-01-31")]),
        ("2030-01-31", [(Severity.INFO, "the exemption of 'orders' from 'a-rule' expires on 2030-01-31")]),
        (
            "2030-02-01",
            [
                (
                    Severity.WARNING,
                    "the exemption of 'orders' from 'a-rule' expired on 2030-01-31 and lifts nothing any more",
                )
            ],
        ),
    ],
)
def test_exemptions_end(today: str, expected: list[tuple[Severity, str]]) -> None:
    here = facts(EXEMPTION.format("orders", ""), today)

    assert [(each.severity, each.message) for each in expiring(here)] == expected
    assert (found(here) == []) == (today <= "2030-01-31")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("none", []), ("error", [Severity.ERROR]), ("info", [Severity.INFO])],
)
def test_the_policy_decides_how_bad_an_expired_exemption_is(word: str, expected: list[Severity]) -> None:
    here = facts(f"rules: {{expired-exemption: {word}}}\n" + EXEMPTION.format("orders", ""), "2031-01-01")
    assert [each.severity for each in expiring(here)] == expected


def test_exemptions_of_other_services_are_theirs() -> None:
    assert list(expiring(facts(EXEMPTION.format("carts", ""), "2031-01-01"))) == []
