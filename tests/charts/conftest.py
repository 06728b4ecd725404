"""What renders the chart in these tests: real Helm binaries through pytest-helm-templates.

What Helm makes of it is held against Kubernetes' own rules, whatever else a test looks at.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_helm_templates import HelmRunner

from tests.charts.kubernetes import Kubernetes, Verdict, admit, running
from tests.conftest import made

CHART = Path(__file__).resolve().parents[2] / "charts" / "webservice"

# Kubernetes before 1.34 does not know the other name.
OLD_NAME = 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'

Objects = Mapping[str, Any]


class Helm(NamedTuple):
    """One Helm that stands first on a PATH of its own, with directories of its own."""

    environment: Mapping[str, str]
    directory: Path
    kubernetes: Kubernetes

    def render(self, values: Any = None, *files: Path, chart: Path = CHART, name: str = "orders") -> Objects:
        """Render the chart and give its objects by kind, which Kubernetes admits without a word.

        RuntimeError with Helm's words where it refuses.
        """
        by_kind = self.render_unchecked(values, *files, chart=chart, name=name)
        said = {kind: admit(self.kubernetes, found) for kind, found in by_kind.items()}
        silent = (Verdict(), Verdict(warnings=(OLD_NAME,)))
        assert {kind: verdict for kind, verdict in said.items() if verdict not in silent} == {}
        return by_kind

    def render_unchecked(
        self, values: Any = None, *files: Path, chart: Path = CHART, name: str = "orders"
    ) -> Objects:
        """Render the chart and give its objects by kind, whatever Kubernetes would say."""
        runner = HelmRunner(env=dict(self.environment))
        documents = runner.template(
            str(chart), name, namespace="shop", values=[*map(str, files), *self.said(values)]
        )
        objects = [document for document in documents if document is not None]
        by_kind = {found["kind"]: found for found in objects}
        assert len(by_kind) == len(objects)
        return by_kind

    def said(self, values: Any) -> list[str]:
        """Write values to a file; given as a map, pytest-helm-templates would leave one behind for every call."""
        if values is None:
            return []
        path = self.directory / "values.json"
        path.write_text(as_yaml(values), "utf-8")
        return [str(path)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.directory / "bin" / "helm"), *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)


def as_yaml(values: Any) -> str:
    """Write JSON that is YAML to Helm too, which takes some raw characters for line breaks and no surrogates."""
    text = json.dumps(values, ensure_ascii=False)
    return re.sub("[\x7f-\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


@pytest.fixture(scope="session")
def kubernetes() -> Iterator[Kubernetes]:
    """Give what says what Kubernetes' API server says."""
    with running(made("MESHGUARD_TEST_KUBERNETES")) as program:
        yield program


def _helm(binary: object, directory: Path, kubernetes: Kubernetes) -> Helm:
    programs = directory / "bin"
    programs.mkdir()
    (programs / "helm").symlink_to(str(binary))
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Helm({"PATH": path, "HOME": str(directory)}, directory, kubernetes)


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path, kubernetes: Kubernetes) -> Helm:
    return _helm(request.getfixturevalue(request.param), tmp_path, kubernetes)


@pytest.fixture(params=["helm3", "helm3_oldest", "helm4"])
def any_helm(request: pytest.FixtureRequest, tmp_path: Path, kubernetes: Kubernetes) -> Helm:
    return _helm(request.getfixturevalue(request.param), tmp_path, kubernetes)


@pytest.fixture
def bare_chart(tmp_path: Path) -> Path:
    """Give a copy of the chart without its schema: what the templates do with values that it would refuse."""
    copy = tmp_path / "webservice"
    shutil.copytree(CHART, copy, ignore=shutil.ignore_patterns("values.schema.json"))
    return copy
