"""What renders the chart in these tests: real Helm binaries through pytest-helm-templates."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_helm_templates import HelmRunner

CHART = Path(__file__).resolve().parents[2] / "charts" / "webservice"

Objects = Mapping[str, Any]


class Helm(NamedTuple):
    """One Helm that stands first on a PATH of its own, with directories of its own."""

    environment: Mapping[str, str]
    directory: Path

    def render(self, values: Any = None, *files: Path, chart: Path = CHART, name: str = "orders") -> Objects:
        """Render the chart and give its objects by kind. RuntimeError with Helm's words where it refuses."""
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


def _helm(binary: object, directory: Path) -> Helm:
    programs = directory / "bin"
    programs.mkdir()
    (programs / "helm").symlink_to(str(binary))
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Helm({"PATH": path, "HOME": str(directory)}, directory)


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    return _helm(request.getfixturevalue(request.param), tmp_path)


@pytest.fixture(params=["helm3", "helm3_oldest", "helm4"])
def any_helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    return _helm(request.getfixturevalue(request.param), tmp_path)


@pytest.fixture
def bare_chart(tmp_path: Path) -> Path:
    """Give a copy of the chart without its schema: what the templates do with values that it would refuse."""
    copy = tmp_path / "webservice"
    shutil.copytree(CHART, copy, ignore=shutil.ignore_patterns("values.schema.json"))
    return copy
