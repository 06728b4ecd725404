"""What a chart's schema refuses is a finding of the run, as bad as the policy and our knowledge say."""

import pytest

from meshguard.diagnostic import ROOT
from meshguard.helm.values import Request
from meshguard.pipeline import Subject, judge
from meshguard.policy import Identity, build_policy, facts_for
from meshguard.schema import load_schema
from tests.tree import tree
from validators import RULES

VALUES = "ports: [{number: 8080, name: http}]\nreplicas: three\n"
FETCHED = '{"$ref": "https://example.com/schema.json"}'
WRONG = '{"properties": {"replicas": {"type": "integer"}}}'


def told(schema: str | None, severity: str | None = None, values: str = VALUES) -> list[str]:
    files = {
        "values.yaml": values,
        "web/Chart.yaml": "{apiVersion: v2, name: web, version: 0.1.0}",
        "web/charts/db/Chart.yaml": "{apiVersion: v2, name: db, version: 0.1.0}",
    }
    if schema is not None:
        files["web/values.schema.json"] = schema

    def names(path: str) -> list[str] | None:
        return (
            sorted({name.removeprefix(f"{path}/").split("/")[0] for name in files if name.startswith(f"{path}/")})
            or None
        )

    policy = build_policy(tree(f"rules: {{chart-schema: {severity}}}" if severity else "{}"))
    request = Request(("values.yaml",), chart="web", read_file=lambda name: files[name].encode(), list_folder=names)
    outcome = judge(
        Subject(request, ROOT, facts_for(policy, Identity("orders"), "2030-01-01")), RULES, load_schema("values")
    )
    return [f"{found.severity} {found.rule} {found.span.line}" for found in outcome.diagnostics]


@pytest.mark.parametrize(
    ("schema", "severity", "expected"),
    [
        (WRONG, None, ["error chart-schema 2"]),
        (WRONG, "warning", ["warning chart-schema 2"]),
        (WRONG, "off", []),
        (FETCHED, None, ["warning chart-schema 1"]),
        (FETCHED, "info", ["info chart-schema 1"]),
        ("{}", None, []),
        (None, None, []),
    ],
)
def test_a_refusal_is_as_bad_as_the_policy_says(
    schema: str | None, severity: str | None, expected: list[str]
) -> None:
    assert told(schema, severity) == expected


def test_values_that_the_contract_refuses_are_told_once() -> None:
    both = '{"properties": {"ports": {"type": "object"}}}'

    assert told(both, values="ports: 1\n") == ["error schema 1"]
