"""SARIF reports are valid under the schema that OASIS publishes, as a Go module carries it, checksum and all.

No Python package does. Where there is no Go, test_sarif checks the structure alone.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from meshguard.report.sarif import render
from meshguard.run import Run
from tests.report.hostile import STRINGS
from tests.report.run import CLEAN, RUN
from tests.report.test_hostile import run

MODULE = "github.com/owenrumney/go-sarif/v3@v3.3.1"
CHECKSUM = "h1:bKY8YnWcY8zYTiGVObC5wZLlfEvMkCxK9XMGXBbzEtQ="
ID = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go")]


@pytest.fixture(scope="session")
def schema() -> Draft4Validator:
    done = subprocess.run(
        ["go", "mod", "download", "-json", MODULE], capture_output=True, encoding="utf-8", check=True
    )
    module = json.loads(done.stdout)
    assert module["Sum"] == CHECKSUM
    source = (Path(module["Dir"]) / "pkg/report/v210/sarif/schema.go").read_text(encoding="utf-8")
    published: Any = json.loads(source[source.index("`") + 1 : source.rindex("`")])
    assert published["id"] == ID
    return Draft4Validator(published, format_checker=Draft4Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("given", [RUN, CLEAN], ids=["run", "clean"])
def test_reports_are_valid(given: Run, schema: Draft4Validator) -> None:
    document = json.loads(render(given))

    assert document["$schema"] == ID
    assert [error.message for error in schema.iter_errors(document)] == []


def test_no_string_makes_a_report_invalid(schema: Draft4Validator) -> None:
    for text in STRINGS:
        assert [error.message for error in schema.iter_errors(json.loads(render(run(text))))] == [], text
