"""S1: a chart hides the mesh; a product team writes three keys."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Program

VALUES = ROOT / "examples" / "quickstart" / "values.yaml"
POLICY = ROOT / "examples" / "quickstart" / ".meshguard.yaml"
CHART = ROOT / "charts" / "webservice"
HELMS = ["helm3_oldest", "helm3", "helm4"]


@pytest.fixture(params=HELMS)
def helm_plugin(request: pytest.FixtureRequest, helm_meshguard: Callable[[str], Program]) -> Program:
    return helm_meshguard(request.getfixturevalue(request.param))


pytestmark = pytest.mark.helm


def test_three_keys_over_the_charts_defaults_are_safe(helm_plugin: Program) -> None:
    done = helm_plugin("validate", "orders", CHART, "-f", VALUES, "--policy", POLICY)

    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout
    assert "warning" not in done.stdout


def test_they_are_rendered_into_safe_routes(helm_plugin: Program) -> None:
    done = helm_plugin("render", "orders", CHART, "-f", VALUES, "--policy", POLICY, "-n", "shop")
    assert done.returncode == 0, done.stderr
    (service,) = yaml.safe_load_all(done.stdout)

    assert (service["kind"], service["metadata"]) == ("VirtualService", {"name": "orders", "namespace": "shop"})
    assert service["spec"]["hosts"] == ["orders.example.com"]
    idempotent, others = service["spec"]["http"]
    assert idempotent["retries"] == {"attempts": 2, "retryOn": "5xx"}
    assert {match["method"]["regex"] for match in idempotent["match"]} == {"GET|HEAD|OPTIONS|TRACE|PUT|DELETE"}
    assert others["retries"] == {"attempts": 2, "retryOn": "connect-failure,refused-stream"}
    assert [match["uri"] for match in others["match"]] == [
        {"exact": "/my-retry-path"},
        {"prefix": "/my-retry-path/"},
    ]


def test_both_helms_render_the_same_bytes(helm3: str, helm4: str, helm_meshguard: Callable[[str], Program]) -> None:
    words = ("render", "orders", CHART, "-f", VALUES, "--policy", POLICY, "-n", "shop")
    old, new = (helm_meshguard(helm)(*words) for helm in (helm3, helm4))

    assert old.stdout == new.stdout != ""


def test_without_any_port_the_finding_says_so(helm_plugin: Program) -> None:
    done = helm_plugin("validate", "-f", VALUES, "--policy", POLICY)

    assert done.returncode == 1
    assert "values.yaml:3:1: error: 'externalRouting' has no port to go to" in done.stdout
    assert "[no-port-chosen]" in done.stdout


def test_plain_helm_installs_the_chart_with_them(helm3: str, helm4: str, tmp_path: Path) -> None:
    for helm in (helm3, helm4):
        done = Program((helm,), {"HOME": str(tmp_path), "PATH": ""})("template", "orders", CHART, "-f", VALUES)
        assert done.returncode == 0, done.stderr
        kinds = {document["kind"] for document in yaml.safe_load_all(done.stdout) if document}
        assert {"Deployment", "Service", "ServiceAccount"} <= kinds
