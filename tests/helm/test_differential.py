"""A seeded slice of `make fuzz`: our reading against Helm's own packages, and those against real binaries."""

import json
import re
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meshguard.helm.version import NEWEST_3, NEWEST_4
from tests.fuzz import charts, documents, expressions
from tests.fuzz.compare import difference, is_fault, never_ends, ours, typed
from tests.fuzz.oracle import Oracle, Question, ask

pytestmark = pytest.mark.helm

ABOUT = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
PRINTED = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  values: {{ toJson .Values | toJson }}\n"


def faults(questions: list[Question], oracle3: Oracle, oracle4: Oracle) -> list[str]:
    """Give what is read differently, or refused by one side for a reason that has no name."""
    found = []
    for question in questions:
        for oracle, helm in ((oracle3, NEWEST_3), (oracle4, NEWEST_4)):
            reading = ours(question, helm)
            told = "" if never_ends(reading) else difference(reading, ask(oracle, question))
            if is_fault(told):
                found.append(f"{told} {question}")
    return found


@pytest.mark.parametrize("seed", range(4))
def test_values_files(seed: int, oracle3: Oracle, oracle4: Oracle) -> None:
    random = Random(f"files {seed}")
    questions = [Question((documents.document(random),)) for _ in range(500)]

    assert faults(questions, oracle3, oracle4) == []


def test_arguments(oracle3: Oracle, oracle4: Oracle) -> None:
    random = Random("arguments")
    questions = [Question((expressions.base(random),), expressions.arguments(random)) for _ in range(1000)]

    assert faults(questions, oracle3, oracle4) == []


def test_charts(tmp_path: Path, oracle3: Oracle, oracle4: Oracle) -> None:
    random = Random("charts")
    questions = []
    for number in range(200):
        charts.make(random, tmp_path / str(number))
        questions.append(Question(charts.layers(random), charts.sets(random), str(tmp_path / str(number))))

    assert faults(questions, oracle3, oracle4) == []


def template(helm: str, chart: Path, question: Question, scratch: Path) -> dict[str, Any]:
    """Ask `helm template`, with a chart that prints its values."""
    command = [helm, "template", "web", str(chart)]
    for number, data in enumerate(question.files):
        path = scratch / f"{number}.yaml"
        path.write_bytes(data)
        command += ["--values", str(path)]
    for flag, expression in question.sets:
        command += [f"--{flag}", expression]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        return {"error": done.stderr}
    printed = re.search(r"^  values: (.*)$", done.stdout, re.MULTILINE)
    assert printed
    return {"values": json.loads(json.loads(printed[1]))}


@pytest.mark.parametrize("version", [3, 4])
def test_helms_packages_answer_as_helm_does(version: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    binary: str = request.getfixturevalue(f"helm{version}")
    oracle: Oracle = request.getfixturevalue(f"oracle{version}")
    chart = tmp_path / "web"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(ABOUT)
    (chart / "templates" / "values.yaml").write_text(PRINTED)
    random = Random(f"binaries {version}")
    questions = [Question((documents.document(random),)) for _ in range(30)]
    questions += [Question((expressions.base(random),), expressions.arguments(random)) for _ in range(30)]
    for question in questions:
        told, answered = template(binary, chart, question, tmp_path), ask(oracle, question)

        assert told.keys() == answered.keys(), question
        assert typed(told.get("values")) == typed(answered.get("values") or {} if "values" in told else None), (
            question
        )
