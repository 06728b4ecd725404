"""Every page is proven by its own examples: each marked line is found by exactly that rule, nothing else is."""

import ast
import re
from functools import cache
from typing import NamedTuple

import pytest

from meshguard import engine
from meshguard.diagnostic import ROOT, Diagnostic, ValuePath
from meshguard.helm.values import Request, Values, read
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.identity import identify
from meshguard.model import build
from meshguard.node import Node, find
from meshguard.policy import Identity, Policy, build_policy, facts_for
from meshguard.rule import SHOWN_BY, Callee, Case, Rule
from meshguard.schema import check, load_schema
from tests.conftest import ROOT as TOP
from tools.docs import NO_CLAIM
from validators import RULES

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"# (error|warning|info): \[([a-z0-9-]+)\]((?: ?,? ?\"[^\"]+\")*)")
TEST = re.compile(r"^- `(tests/(?:mesh|stories|tls|helm|schema|charts)/\w+\.py)::(test_\w+)`$", re.MULTILINE)
TODAY = "2030-01-01"
POLICY = ".meshguard.yaml"
VALUES_SCHEMA = load_schema("values")


class Example(NamedTuple):
    """Files by name, in the order of `-f`; POLICY is the policy, and what lies below chart/ is the chart's."""

    files: tuple[tuple[str, str], ...]


def sections(doc: str) -> dict[str, str]:
    heads = re.split(r"^## (.+)$", doc, flags=re.MULTILINE)
    return dict(zip(heads[1::2], heads[2::2], strict=True))


def examples(text: str) -> list[Example]:
    """Read fences: ```yaml starts an example, ```yaml NAME adds a file to it, ```policy holds for the next one.

    A file below chart/ is one of the chart's: or of a chart in it. Below another folder stand
    the values of another service, which has the folder's name.
    """
    found: list[Example] = []
    policy: tuple[tuple[str, str], ...] = ()
    for kind, name, body in FENCE.findall(text):
        if kind == "policy":
            policy = ((POLICY, body),)
        elif kind == "yaml" and name:
            found[-1] = Example((*found[-1].files, (name, body)))
        elif kind == "yaml":
            found.append(Example((*policy, ("values.yaml", body))))
            policy = ()
    return found


def marks(example: Example) -> list[tuple[str, int, str, str]]:
    return sorted(
        (name, number, severity, rule)
        for name, text in example.files
        for number, line in enumerate(text.splitlines(), 1)
        for severity, rule, _ in MARK.findall(line)
    )


def quoted(example: Example, diagnostic: Diagnostic) -> list[str]:
    line = dict(example.files)[diagnostic.span.file].splitlines()[diagnostic.span.line - 1]
    return [
        word
        for _, rule, words in MARK.findall(line)
        if rule == diagnostic.rule
        for word in re.findall(r'"([^"]+)"', words)
    ]


def policy_of(example: Example) -> Policy:
    text = dict(example.files).get(POLICY)
    if text is None:
        return Policy()
    node = load(text.encode(), POLICY, NEWEST_4).node
    assert check(load_schema("policy"), node) == ()
    return build_policy(node)


def layers(example: Example) -> tuple[str, ...]:
    return tuple(name for name, _ in example.files if name != POLICY and "/" not in name)


def read_all(example: Example) -> Values:
    return read(request_of(example))


def request_of(example: Example) -> Request:
    files = dict(example.files)
    for name in tuple(files):
        if name.startswith("chart/"):
            folder = name.rpartition("/")[0]
            files[f"{folder}/Chart.yaml"] = f"{{apiVersion: v2, name: {folder.rpartition('/')[2]}, version: 1.0.0}}"

    def names(path: str) -> list[str] | None:
        below = {name.removeprefix(f"{path}/").partition("/")[0] for name in files if name.startswith(f"{path}/")}
        return sorted(below) or None

    chart = "chart" if "chart/Chart.yaml" in files else None
    return Request(layers(example), (), chart, NEWEST_4, lambda name: files[name].encode(), names)


def run(example: Example) -> list[Diagnostic]:
    policy = policy_of(example)
    known = identify(policy, layers(example), None)
    identity = known.identity if known.identity.service else Identity(service="orders")
    facts = facts_for(policy, identity, TODAY)
    values = read_all(example)
    at = ValuePath(known.at.split(".") if known.at else ())
    contract = find(values.node, at)
    assert contract is not None
    assert [fault.message for fault in check(VALUES_SCHEMA, contract)] == []

    def callee(name: str) -> Callee | None:
        text = dict(example.files).get(f"{name}/values.yaml")
        if text is None:
            return None
        node = load(text.encode(), f"{name}/values.yaml", NEWEST_4).node
        return Callee(build(node, ROOT, facts), node)

    case = Case(build(values.node, at, facts), facts, values.losses, callee)
    return [*engine.judge(case, values.node, RULES).diagnostics, *engine.expiring(facts)]


def each(section: str) -> list[tuple[str, Example]]:
    return [(rule.id, example) for rule in RULES for example in examples(sections(rule.doc)[section])]


@pytest.mark.parametrize(
    ("rule", "example"), each("Bad"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_bad_examples_are_found_where_they_are_marked(rule: str, example: Example) -> None:
    diagnostics = run(example)
    found = sorted((each.span.file, each.span.line, str(each.severity), each.rule) for each in diagnostics)

    assert found == marks(example)
    assert rule in {each.rule for each in diagnostics}
    for diagnostic in diagnostics:
        assert [word for word in quoted(example, diagnostic) if word not in diagnostic.message] == []


@pytest.mark.parametrize(
    ("rule", "example"), each("Good"), ids=lambda value: value if isinstance(value, str) else ""
)
def test_good_examples_are_clean_under_all_rules(rule: str, example: Example) -> None:
    assert [(each.rule, each.span.line, each.message) for each in run(example)] == [], rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_is_whole(rule: Rule) -> None:
    assert list(sections(rule.doc)) == ["Why", "Bad", "Good", "See", *([SHOWN_BY] if rule.is_proven else [])]
    assert examples(sections(rule.doc)["Bad"])
    assert examples(sections(rule.doc)["Good"])
    assert "https://" in sections(rule.doc)["See"]
    assert rule.doc.split("\n\n")[0].count("\n") == 0
    assert rule.doc.startswith(rule.summary + ".\n")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.is_proven], ids=lambda rule: rule.id)
def test_a_rule_names_tests_that_exist(rule: Rule) -> None:
    text = sections(rule.doc)[SHOWN_BY].strip()

    assert text.startswith(NO_CLAIM) or [line for line in text.splitlines() if not TEST.fullmatch(line)] == []
    for file, name in TEST.findall(text):
        functions = [node.name for node in ast.walk(parsed(file)) if isinstance(node, ast.FunctionDef)]
        assert name in functions, file


@cache
def parsed(file: str) -> ast.Module:
    return ast.parse((TOP / file).read_text())


def test_ids_name_their_files_and_summaries_differ() -> None:
    assert all(rule.check is not None for rule in RULES)
    assert [rule.id for rule in RULES] == [
        rule.check.__module__.removeprefix("validators.").replace("_", "-") for rule in RULES if rule.check
    ]
    assert len({rule.summary for rule in RULES}) == len(RULES)


def test_nothing_is_said_of_an_empty_service() -> None:
    node = Node({}, load(b"{}", "values.yaml", NEWEST_4).node.span)
    facts = facts_for(Policy(), Identity(), TODAY)

    assert engine.judge(Case(build(node, ROOT, facts), facts), node, RULES).diagnostics == ()
