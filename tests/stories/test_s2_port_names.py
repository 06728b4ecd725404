"""S2: a port whose name the mesh does not understand is deployed; a prefix test lets `httpbin` through."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Program

CHART = ROOT / "charts" / "webservice"
REFUSED = ["httpbin", "web", "HTTP-x", "http_x", "http1", "grpcs", "h2c", "http.web", "web-http", "https2"]
TAKEN = [
    "http",
    "http-bin",
    "http2",
    "grpc",
    "grpc-web",
    "grpc-web-x",
    "tcp-cluster",
    "https-admin",
    "tls",
    "udp-x",
]

pytestmark = pytest.mark.helm


def values(directory: Path, name: str) -> Path:
    path = directory / "values.yaml"
    path.write_text(f"ports:\n  - number: 8000\n    name: {name}\n")
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_says_no_protocol_is_refused(meshguard: Program, tmp_path: Path, name: str) -> None:
    done = meshguard("validate", "-f", values(tmp_path, name))

    assert done.returncode == 1
    assert f"values.yaml:3:11: error: " in done.stdout  # noqa: F541
    assert f"'{name}'" in done.stdout


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_that_says_it_is_taken(meshguard: Program, tmp_path: Path, name: str) -> None:
    done = meshguard("validate", "-f", values(tmp_path, name))
    assert done.returncode == 0, done.stdout


def test_the_nearest_right_name_is_said(meshguard: Program, tmp_path: Path) -> None:
    assert "http-bin" in meshguard("validate", "-f", values(tmp_path, "httpbin")).stdout


@pytest.mark.parametrize("helm", ["helm3_oldest", "helm3", "helm4"])
def test_plain_helm_refuses_it_too(request: pytest.FixtureRequest, helm: str, tmp_path: Path) -> None:
    plain = Program((request.getfixturevalue(helm),), {"HOME": str(tmp_path), "PATH": ""})

    assert plain("template", "x", CHART, "-f", values(tmp_path, "httpbin")).returncode != 0
    assert plain("template", "x", CHART, "-f", values(tmp_path, "http-bin")).returncode == 0


def test_through_helm_the_code_is_ours(
    helm3: str, helm4: str, helm_meshguard: Callable[[str], Program], tmp_path: Path
) -> None:
    path = values(tmp_path, "httpbin")
    assert [helm_meshguard(helm)("validate", "-f", path).returncode for helm in (helm3, helm4)] == [1, 1]
