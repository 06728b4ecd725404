"""Values as product teams write them: the same verdict by plain `helm lint` with the schema and by meshguard."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from meshguard.diagnostic import Finding
from meshguard.node import Node, nearest
from meshguard.schema import check, load_schema
from tests.tree import tree

HERE = Path(__file__).parent
FILES = sorted((HERE / "corpus").glob("*/*.yaml"))
POLICIES = sorted((HERE / "policy").glob("*/*.yaml"))
RULE_ONLY = "# rule-only: "
HELMS = ("helm3", "helm3_oldest", "helm4")


def ids(path: Path) -> str:
    return f"{'policy/' if path in POLICIES else ''}{path.parent.name}/{path.stem}"


def is_valid(path: Path) -> bool:
    return path.parent.name == "good" or path.read_text("utf-8").startswith(RULE_ONLY)


def marks(text: str) -> list[tuple[int, str]]:
    """Give the lines that are marked as faulty, and the words that the message must have."""
    found = ((number, re.search("# error: (.+)$", line)) for number, line in enumerate(text.split("\n"), 1))
    return [(number, mark[1]) for number, mark in found if mark]


def place(node: Node, finding: Finding) -> int:
    """Give the line that the finding points at."""
    at = nearest(node, finding.at)
    return (at.key if finding.on_key and at.key else at.span).line


@pytest.mark.parametrize("path", [*FILES, *POLICIES], ids=ids)
def test_every_fault_is_told_at_its_line(path: Path) -> None:
    text = path.read_text("utf-8")
    node = tree(text)
    findings = check(load_schema("policy" if path in POLICIES else "values"), node)
    told = [(place(node, finding), finding.message) for finding in findings]
    expected = marks(text)

    assert is_valid(path) == (not expected)
    assert [line for line, _ in told] == [line for line, _ in expected]
    assert [message for (_, message), (_, words) in zip(told, expected, strict=True) if words not in message] == []


def charts(directory: Path, files: list[Path]) -> dict[str, Path]:
    """Make a chart for each file, with it as its values; a template that reads none of them cannot fail."""
    schema = (HERE.parents[1] / "schema" / "values.schema.json").read_text("utf-8")
    made = {}
    for path in files:
        chart = directory / f"{path.parent.name}-{path.stem}"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(
            "apiVersion: v2\nname: corpus\nversion: 1.0.0\nicon: file:icon\n", "utf-8"
        )
        (chart / "templates" / "nothing.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nothing}\n", "utf-8"
        )
        (chart / "values.schema.json").write_text(schema, "utf-8")
        (chart / "values.yaml").write_bytes(path.read_bytes())
        made[ids(path)] = chart
    return made


def lint(helm: str, *arguments: object) -> str:
    done = subprocess.run(
        [helm, "lint", *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    return done.stdout + done.stderr


@pytest.mark.helm
@pytest.mark.parametrize("name", HELMS)
def test_helm_gives_the_same_verdict(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    helm = request.getfixturevalue(name)
    made = charts(tmp_path, FILES)
    reports = re.split("^==> Linting ", lint(helm, *made.values()), flags=re.MULTILINE)[1:]
    refused = {report.split("\n", 1)[0]: "[ERROR]" in report for report in reports}

    assert {ids(path): not refused[str(made[ids(path)])] for path in FILES} == {
        ids(path): is_valid(path) for path in FILES
    }


@pytest.mark.helm
@pytest.mark.parametrize("name", HELMS)
def test_helm_gives_the_same_verdict_of_a_file_laid_over_a_chart(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    helm = request.getfixturevalue(name)
    few = [
        path
        for path in FILES
        if path.stem in {"contract", "anchors", "port-name-httpbin", "mirror", "port-443-http"}
    ]
    chart = charts(tmp_path, [HERE / "corpus" / "good" / "empty.yaml"])["good/empty"]

    assert {ids(path): "[ERROR]" not in lint(helm, chart, "-f", path) for path in few} == {
        ids(path): is_valid(path) for path in few
    }


@pytest.mark.parametrize(("name", "files"), [("values", FILES), ("policy", POLICIES)])
def test_the_corpus_has_every_key(name: str, files: list[Path]) -> None:
    texts = "\n".join(path.read_text("utf-8") for path in files if path.parent.name == "good")
    schema = json.loads((HERE.parents[1] / "schema" / f"{name}.schema.json").read_text("utf-8"))
    keys = {key for section in schema["definitions"].values() for key in section.get("properties", ())}

    assert {key for key in keys if not re.search(rf"\b{key}\b", texts)} == set()
