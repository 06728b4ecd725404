"""The pages of the engine's own findings are whole, and their examples are true."""

import pytest

from meshguard.diagnostic import ROOT
from meshguard.engine_rules import ENGINE_RULES
from meshguard.pipeline import Subject, conclude, judge
from meshguard.policy import Identity, facts_for
from meshguard.rule import Rule
from meshguard.schema import load_schema
from tests.test_rule_pages import Example, examples, policy_of, request_of, sections
from validators import RULES

TODAY = "2030-01-01"
SHAPE = load_schema("values")
FOUND = {  # the line of the bad example
    "chart-schema": ("values.yaml", 3),
    "expired-exemption": (".meshguard.yaml", 7),
    "expired-ignore": ("values.yaml", 6),
    "locked-rule-ignored": ("values.yaml", 4),
    "malformed-ignore": ("values.yaml", 8),
    "nothing-to-judge": ("values.yaml", 1),
    "schema": ("values.yaml", 7),
    "unknown-rule": ("values.yaml", 8),
    "unused-ignore": ("values.yaml", 6),
    "yaml": ("values.yaml", 3),
}


def run(example: Example) -> set[tuple[str, str, int]]:
    """Give the engine's findings: rule, file and line."""
    facts = facts_for(policy_of(example), Identity(service="orders"), TODAY)
    subject = Subject(request_of(example), ROOT, facts)
    verdict = conclude([judge(subject, RULES, SHAPE)], RULES, facts)
    own = {rule.id for rule in ENGINE_RULES}
    return {(each.rule, each.span.file, each.span.line) for each in verdict.diagnostics if each.rule in own}


def each(section: str) -> list[tuple[str, Example]]:
    return [
        (rule.id, example) for rule in ENGINE_RULES for example in examples(sections(rule.doc).get(section, ""))
    ]


@pytest.mark.parametrize(
    ("rule", "example"), each("Bad"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_bad_example_is_found(rule: str, example: Example) -> None:
    assert run(example) == {(rule, *FOUND[rule])}


@pytest.mark.parametrize(
    ("rule", "example"), each("Good"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_good_example_is_clean(rule: str, example: Example) -> None:
    assert run(example) == set(), rule


def test_every_page_has_an_example_unless_no_values_show_it() -> None:
    shown_elsewhere = {"manifest", "unreadable-file", "unused-baseline"}

    assert {rule for rule, _ in each("Bad")} == {rule.id for rule in ENGINE_RULES} - shown_elsewhere == set(FOUND)


@pytest.mark.parametrize("rule", ENGINE_RULES, ids=lambda rule: rule.id)
def test_a_page_is_whole(rule: Rule) -> None:
    assert list(sections(rule.doc)) in (["Why", "Bad", "Good", "See"], ["Why", "See"])
    assert rule.doc.startswith(rule.summary + ".\n\n")
    assert rule.check is None


def test_ids_are_sorted_and_nobody_elses() -> None:
    ids = [rule.id for rule in ENGINE_RULES]

    assert ids == sorted(set(ids))
    assert set(ids) & {rule.id for rule in RULES} == set()
