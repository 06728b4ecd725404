"""What code scanning relies on; test_sarif_schema holds the same reports against the published schema."""

import json
from typing import Any

import pytest

from meshguard.diagnostic import Span
from meshguard.report.sarif import render
from meshguard.run import Run
from tests.report.run import CLEAN, DIAGNOSTICS, RUN


def log(run: Run) -> Any:
    (found,) = json.loads(render(run))["runs"]
    return found


def result(rule: str) -> Any:
    return next(found for found in log(RUN)["results"] if found["ruleId"] == rule)


def test_every_rule_carries_its_page() -> None:
    rules = log(CLEAN)["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [rule.id for rule in CLEAN.rules]
    assert rules[-1] == {
        "id": "unsafe-retry",
        "shortDescription": {"text": "A request that may have been processed is repeated"},
        "help": {"text": CLEAN.rules[-1].doc, "markdown": CLEAN.rules[-1].doc},
        "defaultConfiguration": {"level": "error"},
    }
    assert log(CLEAN)["results"] == []


def test_columns_count_code_points() -> None:
    assert log(RUN)["columnKind"] == "unicodeCodePoints"


def test_a_result_says_all_in_its_message() -> None:
    assert result("unsafe-retry")["message"]["text"] == (
        "'5xx' repeats 'POST' requests that may have been processed already; leave 'retryMethods' out"
        "; in orders (prod)\nsay the methods:\n  retryMethods: [GET, HEAD]"
    )
    assert result("port-name")["message"]["text"].startswith("--set ports[0].name=web: port name 'web' does not")


def test_a_result_has_a_place_and_places_beside_it() -> None:
    found = result("plaintext-on-443")

    assert found["level"] == "error"
    assert found["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "values.yaml"},
                "region": {"startLine": 2, "startColumn": 13, "endColumn": 16},
            },
            "logicalLocations": [{"fullyQualifiedName": "ports[0].number"}],
        }
    ]
    assert found["relatedLocations"] == [
        {
            "id": 0,
            "physicalLocation": {
                "artifactLocation": {"uri": "values.yaml"},
                "region": {"startLine": 4, "startColumn": 15, "endColumn": 19},
            },
            "message": {"text": "the protocol is said here"},
        }
    ]


def test_of_several_lines_the_first_is_marked() -> None:
    (location,) = result("unsafe-retry")["locations"]

    assert location["physicalLocation"]["region"] == {"startLine": 8, "startColumn": 7}


URIS = {
    "./a/v.yaml": "a/v.yaml",
    "a b/é.yaml": "a%20b/%C3%A9.yaml",
    "javascript:alert(1)": "javascript%3Aalert%281%29",
    "--set a=1": "charts/webservice/values.yaml",
}


@pytest.mark.parametrize(("file", "uri"), URIS.items())
def test_a_path_is_relative_and_a_uri(file: str, uri: str) -> None:
    diagnostic = DIAGNOSTICS[-1]._replace(span=Span(file, 1, 1, 1, 2))
    (found,) = log(RUN._replace(diagnostics=(diagnostic,), ignored=()))["results"]

    assert found["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_levels() -> None:
    assert {found["ruleId"]: found["level"] for found in log(RUN)["results"]} == {
        "ejects-everything": "warning",
        "plaintext-on-443": "error",
        "port-name": "error",
        "retry-too-long": "warning",
        "schema": "error",
        "streaming-with-timeout": "note",
        "unsafe-retry": "error",
    }


def test_what_is_ignored_is_a_suppressed_result_with_its_reason() -> None:
    suppressed = [found["suppressions"] for found in log(RUN)["results"] if "suppressions" in found]

    assert suppressed == [
        [{"kind": "inSource", "justification": "every request carries an idempotency key"}],
        [
            {
                "kind": "external",
                "justification": "the old gateway (approved by platform-oncall, until 2030-01-31)",
            }
        ],
    ]


def test_notes_are_of_the_run() -> None:
    assert log(RUN)["invocations"] == [
        {
            "executionSuccessful": True,
            "toolExecutionNotifications": [
                {"level": "note", "message": {"text": "hosts were not judged: the policy names no teams"}}
            ],
        }
    ]


def test_fingerprints_differ() -> None:
    prints = [found["partialFingerprints"]["meshguard/v1"] for found in log(RUN)["results"]]

    assert len(prints) == len(set(prints)) == 10
