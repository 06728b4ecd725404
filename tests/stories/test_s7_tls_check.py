"""S7: is it mutual TLS or plaintext? The table of old, of what a chart renders, of values, and of a cluster."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Program
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Cluster, Lab, cluster, from_outside, from_pod, logged
from tests.mesh.world import ServicePort, Workload, world
from tests.stories.test_s4_https_backends import facts
from tests.tls.given import ELSEWHERE, rows
from tests.tls.matrix import authentication, istio

HELMS = ["helm3_oldest", "helm3", "helm4"]
CHART = ROOT / "charts" / "webservice"
VALUES = ROOT / "examples" / "quickstart" / "values.yaml"
POLICY = ROOT / "examples" / "quickstart" / ".meshguard.yaml"
HOST = "httpbin.mtls-pg.svc.cluster.local"
STORY = """\
apiVersion: v1
kind: Namespace
metadata: {{name: mtls-pg, labels: {{istio-injection: enabled}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: httpbin, namespace: mtls-pg}}
spec: {{selector: {{app: httpbin}}, ports: [{{name: http, port: 8000, targetPort: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: httpbin, namespace: mtls-pg}}
spec: {{template: {{metadata: {{labels: {{app: httpbin}}}}, spec: {{containers: [{{name: httpbin}}]}}}}}}
---
apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata: {{name: httpbin, namespace: mtls-pg}}
spec: {{selector: {{matchLabels: {{app: httpbin}}}}, mtls: {{mode: {server}}}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {{name: httpbin, namespace: mtls-pg}}
spec: {{host: httpbin.mtls-pg.svc.cluster.local, trafficPolicy: {{tls: {{mode: {client}}}}}}}
"""
OLD_POLICY = """\
---
apiVersion: authentication.istio.io/v1alpha1
kind: Policy
metadata: {name: httpbin, namespace: mtls-pg}
spec: {targets: [{name: httpbin}], peers: [{mtls: {mode: STRICT}}]}
"""


@pytest.fixture(params=HELMS)
def helm(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def helm_plugin(helm: str, helm_meshguard: Callable[[str], Program]) -> Program:
    return helm_meshguard(helm)


@pytest.mark.parametrize(
    ("server", "client", "status", "takes", "sends"),
    [
        ("PERMISSIVE", "ISTIO_MUTUAL", "OK", "plaintext/mTLS", "mTLS"),
        ("STRICT", "ISTIO_MUTUAL", "OK", "mTLS", "mTLS"),
        ("PERMISSIVE", "DISABLE", "plaintext", "plaintext/mTLS", "plaintext"),
        ("STRICT", "DISABLE", "CONFLICT", "mTLS", "plaintext"),
        ("DISABLE", "ISTIO_MUTUAL", "CONFLICT", "plaintext", "mTLS"),
        ("PERMISSIVE", "SIMPLE", "CONFLICT", "plaintext/mTLS", "TLS"),
    ],
)
@pytest.mark.helm
def test_the_table_of_the_story(
    server: str, client: str, status: str, takes: str, sends: str, helm_plugin: Program
) -> None:
    done = helm_plugin("tls-check", "-f", "-", stdin=STORY.format(server=server, client=client))

    heads, row = (line.split("   ") for line in done.stdout.splitlines())
    assert [word.strip() for word in heads if word] == [
        "HOST:PORT",
        "STATUS",
        "SERVER",
        "CLIENT",
        "AUTHN POLICY",
        "DESTINATION RULE",
    ]
    assert [word.strip() for word in row if word.strip()] == [
        f"{HOST}:8000",
        status,
        takes,
        sends,
        "mtls-pg/httpbin (-:18)",
        "mtls-pg/httpbin (-:23)",
    ]
    assert done.returncode == (status == "CONFLICT")


@pytest.mark.helm
def test_the_policy_of_old_does_not_count(helm_plugin: Program) -> None:
    done = helm_plugin(
        "tls-check", "-f", "-", stdin=STORY.partition("---\napiVersion: security")[0].format() + OLD_POLICY
    )

    assert f"{HOST}:8000   OK       plaintext/mTLS   mTLS     -              -\n" in done.stdout
    assert "Policy 'mtls-pg/httpbin' does not count since Istio 1.6; write a PeerAuthentication" in done.stderr


@pytest.mark.helm
def test_what_a_chart_renders_is_read_from_a_pipe(helm: str, helm_plugin: Program, tmp_path: Path) -> None:
    rendered = subprocess.run(
        [helm, "template", "orders", CHART, "-n", "shop", "-f", VALUES],
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    strict = tmp_path / "mesh.yaml"
    strict.write_text(json.dumps(authentication("shop", "default", {"mtls": {"mode": "STRICT"}})))
    argv = ("tls-check", "-n", "shop", "-f", strict, "-f", "-", "-o", "json")
    done = helm_plugin(*argv, stdin=rendered)
    scraper = helm_plugin(*argv, "--client", "none", stdin=rendered)

    assert cells(done.stdout) == [("orders.shop.svc.cluster.local", 8080, "OK", "mTLS", "mTLS", "shop/default")]
    assert cells(scraper.stdout) == [
        ("orders.shop.svc.cluster.local", 8080, "CONFLICT", "mTLS", "plaintext", "shop/default")
    ]
    assert (done.returncode, scraper.returncode) == (0, 1)


@pytest.mark.helm
def test_values_are_enough(helm_plugin: Program) -> None:
    argv = ("tls-check", "orders", CHART, "-f", VALUES, "--policy", POLICY, "-n", "shop", "-o", "json")
    done = helm_plugin(*argv)

    assert cells(done.stdout) == [("orders.shop.svc.cluster.local", 8080, "OK", "mTLS", "mTLS", "mesh.mtls")]
    assert {caller for row in json.loads(done.stdout)["rows"] for caller in row["from"]} == {
        "shop",
        "other namespaces",
        "gateway istio-ingress",
    }
    assert done.returncode == 0


def cells(text: str) -> list[tuple[Any, ...]]:
    def name(ref: dict[str, Any]) -> str:
        return "/".join(part for part in (ref["namespace"], ref["name"]) if part)

    return [
        (*(row[key] for key in ("host", "port", "status", "server", "client")), name(row["authnPolicy"]))
        for row in json.loads(text)["rows"]
    ]


SIDECAR, SERVER = "caller.callers", "httpbin.mtls-pg"
WITH_ISTIOS_ALPN = Speaks(None, identity="callers/caller", alpn=("istio",))
LIKE_CURL = Speaks(None, identity="callers/caller", alpn=("h2", "http/1.1"))


@pytest.mark.parametrize(("server", "curl"), [("PERMISSIVE", 0), ("STRICT", 200)])
def test_what_the_story_saw(server: str, curl: int, lab: Lab) -> None:
    """By hand, with a certificate of the mesh: a PERMISSIVE server takes it for mutual TLS by ALPN alone."""
    spec = {"host": HOST, "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}
    objects = [
        authentication("mtls-pg", "httpbin", {"mtls": {"mode": server}}),
        istio("networking", "DestinationRule", "mtls-pg", "httpbin", spec),
    ]
    pods = [
        Workload("httpbin", "mtls-pg", 0, (ServicePort(8000, "http", "HTTP", 8000),), {"app": "httpbin"}),
        Workload("caller", "callers", 0, (), {"app": "caller"}),
    ]
    around = world(facts("PERMISSIVE"), (), pods, map(json.dumps, objects))
    (told,) = [row for row in rows("\n---\n".join(around.documents), ELSEWHERE) if row.host == HOST]
    with cluster(lab, around, (SIDECAR, SERVER)) as on:
        assert told.verdict.status == "OK"
        assert from_pod(on, SIDECAR, (on.workload(SERVER).vip, 8000), asked("a")).status == 200
        assert logged(on, SERVER, "s7-a")["peer"].endswith("/ns/callers/sa/caller")
        assert by_hand(on, WITH_ISTIOS_ALPN) == 200
        assert by_hand(on, LIKE_CURL) == curl
        assert by_hand(on, None) == (200 if server == "PERMISSIVE" else 0)


def asked(case: str) -> Ask:
    return Ask(HOST, headers={"x-case": f"s7-{case}"})


def by_hand(on: Cluster, speaks: Speaks | None) -> int:
    return from_outside(on, (on.workload(SERVER).pod, 8000), asked("by-hand"), speaks).status
