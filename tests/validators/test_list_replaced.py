"""What a list of a later file takes away, by the names of its items."""

import pytest

from meshguard.diagnostic import ROOT
from meshguard.helm.values import Request, read
from meshguard.model import build
from meshguard.policy import Identity, Policy, facts_for
from meshguard.rule import Case, Rule
from validators import list_replaced, unknown_port


def messages(before: str, after: str, rule: Rule = list_replaced.RULE) -> list[str]:
    texts = {"values.yaml": before, "values-prod.yaml": after}
    values = read(Request(files=tuple(texts), read_file=lambda name: texts[name].encode()))
    facts = facts_for(Policy(), Identity(service="orders"), "2030-01-01")
    assert rule.check is not None
    return [finding.message for finding in rule.check(Case(build(values.node, ROOT, facts), facts, values.losses))]


PORTS = "'ports' takes the place of the whole list in 'values.yaml', which takes away {}; repeat them"


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("{number: 80, name: http}", "{number: 81, name: http}", ""),
        ("{number: 80, name: http}", "{number: 80, name: http-a}", ""),
        ("{number: 80, name: http}, {number: 80, name: http-a}", "{number: 80, name: http}", ""),
        ("{number: 80, name: http, targetPort: 1}", "{number: 80, name: http}", "'targetPort' of 'http'"),
        ("{number: 80, name: http}", "{number: 81, name: http-a}", "'http'"),
        ("{number: 80}", "{number: 81, name: http-a}", "'80'"),
        ("1, {targetPort: 1}", "{number: 81, name: http-a}", ""),
        (
            "{name: http-a}, {name: http-b}, {name: http-c}, {name: http-d}, {name: http-e}",
            "{number: 81, name: http}",
            "'http-a', 'http-b', 'http-c' and 2 more",
        ),
    ],
)
def test_items_are_known_by_their_names(before: str, after: str, lost: str) -> None:
    assert messages(f"ports: [{before}]", f"ports: [{after}]") == ([PORTS.format(lost)] if lost else [])


def test_a_second_document_is_another_rules_matter() -> None:
    text = "ports: [{name: http}]\n---\nports: [{name: grpc}]\n"

    assert messages(text, "{}") == []


@pytest.mark.parametrize(
    ("port", "told", "lists"),
    [
        ("http-b", "'values-prod.yaml' has another list of ports; repeat it there", ["upstreams"]),
        ("http-c", "the ports are 'http'", ["upstreams", "ports"]),
    ],
)
def test_a_lost_port_that_a_route_names_is_told_there_alone(port: str, told: str, lists: list[str]) -> None:
    lost = "{number: 1, name: http}, {number: 2, name: http-b}"
    before = f"upstreams: [{{host: a.x.com}}]\nports: [{lost}]\nexternalRouting: {{port: {port}}}\n"
    after = "upstreams: [{host: b.x.com}]\nports: [{number: 1, name: http}]\n"

    assert [message.endswith(told) for message in messages(before, after, unknown_port.RULE)] == [True]
    assert [message.split("'")[1] for message in messages(before, after)] == lists
