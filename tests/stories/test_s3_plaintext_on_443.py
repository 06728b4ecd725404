"""S3: `{number: 443, name: http, protocol: HTTP}` took down every TLS call in a cluster."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Program

VALUES = ROOT / "examples" / "outage-443" / "values.yaml"
FORMS = [
    "{number: 443, name: http, protocol: HTTP}",
    "{number: 443, name: http}",
    "{number: 443, name: http-web, targetPort: 8080}",
    "{number: 443, name: grpc}",
    "{number: 443, protocol: HTTP2, name: http2-x}",
    "{number: 0x1bb, name: grpc-web}",
]
HARMLESS = [
    "{number: 443, name: https}",
    "{number: 443, name: https-web, protocol: HTTPS}",
    "{number: 443, name: tls}",
    "{number: 443, name: tcp}",
    "{number: 8443, name: http}",
    "{number: 80, name: http, targetPort: 443}",
]


def written(directory: Path, port: str) -> Path:
    path = directory / "values.yaml"
    path.write_text(f"ports:\n  - {port}\n")
    return path


@pytest.mark.helm
@pytest.mark.parametrize("helm", ["helm3_oldest", "helm3", "helm4"])
def test_the_outage_is_caught_through_helm(
    request: pytest.FixtureRequest, helm: str, helm_meshguard: Callable[[str], Program]
) -> None:
    done = helm_meshguard(request.getfixturevalue(helm))("validate", "-f", VALUES)

    assert done.returncode == 1
    assert "examples/outage-443/values.yaml:4:13: error: port '443' carries plaintext 'HTTP'" in done.stdout


@pytest.mark.helm
def test_it_is_never_rendered(helm_meshguard: Callable[[str], Program], helm4: str) -> None:
    done = helm_meshguard(helm4)("render", "orders", "-f", VALUES, "-n", "shop")

    assert (done.returncode, done.stdout) == (1, "")
    assert "[plaintext-on-443]" in done.stderr


@pytest.mark.helm
@pytest.mark.parametrize("port", FORMS)
def test_all_forms_of_it_are_caught(meshguard: Program, tmp_path: Path, port: str) -> None:
    done = meshguard("validate", "-f", written(tmp_path, port))

    assert done.returncode == 1
    assert "values.yaml:2:14: error: port '443' carries plaintext" in done.stdout


@pytest.mark.helm
@pytest.mark.parametrize("port", HARMLESS)
def test_its_neighbours_are_left_alone(meshguard: Program, tmp_path: Path, port: str) -> None:
    done = meshguard("validate", "-f", written(tmp_path, port))
    assert "[plaintext-on-443]" not in done.stdout


@pytest.mark.helm
def test_the_page_says_which_versions_are_hurt(meshguard: Program) -> None:
    page = meshguard("explain", "plaintext-on-443").stdout

    assert "Before Istio 1.6" in page
    assert "REGISTRY_ONLY" in page


@pytest.mark.helm
def test_a_comment_does_not_lift_it_and_an_exemption_does(meshguard: Program, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(
        "ports:\n  - {number: 443, name: http}  # meshguard: ignore[plaintext-on-443] we know\n"
    )
    (tmp_path / ".meshguard.yaml").write_text("""
exemptions:
  - {rule: plaintext-on-443, service: orders, reason: old clients, approvedBy: oncall, expires: 2030-01-31}
""")
    refused = meshguard("validate", "-f", "values.yaml", "--today", "2030-01-01", cwd=tmp_path)
    assert refused.returncode == 1
    assert "[locked-rule-ignored]" in refused.stdout
    assert "[plaintext-on-443]" in refused.stdout

    written(tmp_path, "{number: 443, name: http}")
    lifted = meshguard("validate", "orders", "-f", "values.yaml", "--today", "2030-01-01", cwd=tmp_path)
    assert lifted.returncode == 0, lifted.stdout
    ended = meshguard("validate", "orders", "-f", "values.yaml", "--today", "2030-02-01", cwd=tmp_path)
    assert ended.returncode == 1
    assert "[expired-exemption]" in ended.stdout
