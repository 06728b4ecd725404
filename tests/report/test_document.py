import json
from pathlib import Path

from meshguard.report.document import render
from tests.report.run import CLEAN, RUN


def test_a_finding_has_every_field() -> None:
    found = next(each for each in json.loads(render(RUN))["diagnostics"] if each["rule"] == "plaintext-on-443")

    assert found == {
        "rule": "plaintext-on-443",
        "severity": "error",
        "message": (
            "port '443' carries plaintext 'HTTP': https calls to this service are refused; say protocol HTTPS"
        ),
        "at": "ports[0].number",
        "path": ["ports", 0, "number"],
        "file": "values.yaml",
        "argument": None,
        "line": 2,
        "column": 13,
        "endLine": 2,
        "endColumn": 16,
        "related": [
            {
                "file": "values.yaml",
                "argument": None,
                "line": 4,
                "column": 15,
                "endLine": 4,
                "endColumn": 19,
                "message": "the protocol is said here",
            }
        ],
        "help": "",
        "service": "orders",
        "environments": ["dev", "prod"],
    }


def test_an_argument_is_no_file() -> None:
    first = json.loads(render(RUN))["diagnostics"][0]

    assert (first["file"], first["argument"], first["column"]) == (None, "--set ports[0].name=web", 15)


def test_every_finding_of_a_shared_file_is_listed_and_counted() -> None:
    document = json.loads(render(RUN))

    assert len(document["diagnostics"]) == 12
    assert document["summary"] == {
        "errors": 5,
        "warnings": 6,
        "infos": 1,
        "ignored": 2,
        "checked": 10,
        "refused": 0,
    }
    assert [(each["rule"], each["ignoredBy"], each["reason"]) for each in document["ignored"]] == [
        ("unsafe-retry", "comment", "every request carries an idempotency key"),
        ("plaintext-on-443", "exemption", "the old gateway (approved by platform-oncall, until 2030-01-31)"),
    ]


def test_the_documented_example_has_the_fields_of_a_report() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    document = json.loads(render(RUN))

    assert list(example) == list(document)
    assert list(example["diagnostics"][0]) == list(document["diagnostics"][0])
    assert list(example["summary"]) == list(document["summary"])


def test_a_clean_run() -> None:
    assert json.loads(render(CLEAN)) == {
        "version": 1,
        "meshguard": "1.2.3",
        "diagnostics": [],
        "ignored": [],
        "notes": [],
        "summary": {"errors": 0, "warnings": 0, "infos": 0, "ignored": 0, "checked": 1, "refused": 0},
    }
