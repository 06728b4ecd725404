"""The committed pages are those that the code would write; `make docs` writes them."""

from typing import Any

import yaml

from meshguard.diagnostic import Severity
from meshguard.rule import Rule
from meshguard.schema import load_schema
from tools.docs import DOCS, NEEDS, PLACES, existing, page, pages
from validators import RULES


def test_the_committed_pages_are_fresh() -> None:
    written = {
        path: (DOCS / path).read_text(encoding="utf-8") for path in ("coverage.md", "rules.md", *sorted(existing()))
    }

    assert written == pages()


def test_a_page_says_which_file_an_example_is() -> None:
    doc = "Wrong.\n\n## Bad\n\n```policy\na: 1\n```\n\n```yaml\nb: 1\n```\n\n```yaml values-prod.yaml\nc: 1\n```\n"

    assert page(Rule("a-rule", Severity.ERROR, doc, locked=True)).split("\n")[1:] == [
        "# a-rule",
        "",
        "*error, locked*",
        "",
        "Wrong.",
        "",
        "## Bad",
        "",
        "`.meshguard.yaml`",
        "",
        "```yaml",
        "a: 1",
        "```",
        "",
        "```yaml",
        "b: 1",
        "```",
        "",
        "`values-prod.yaml`",
        "",
        "```yaml",
        "c: 1",
        "```",
        "",
    ]


def test_every_incident_is_held_by_something_that_exists() -> None:
    entries = yaml.safe_load((DOCS.parent / "tools" / "coverage.yaml").read_text())
    known = {rule.id for rule in RULES} | {*PLACES, *NEEDS}

    assert list(entries) == list(range(1, 130))
    assert {by for entry in entries.values() for by in entry["by"]} <= known
    assert [number for number, entry in entries.items() if not entry["by"] or not entry["how"]] == []


def test_every_field_is_held_by_something_that_exists() -> None:
    fields = yaml.safe_load((DOCS.parent / "tools" / "guardrails.yaml").read_text())
    contract: Any = load_schema("values")
    known = {rule.id for rule in RULES} | {*PLACES, *NEEDS}

    for section in contract["definitions"].values():
        if section.get("additionalProperties") is False:
            assert section["properties"].keys() <= fields.keys()
    assert {by for entry in fields.values() for by in entry["by"]} <= known
    assert [field for field, entry in fields.items() if not entry["by"] or not entry["how"]] == []
