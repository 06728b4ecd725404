"""What Helm itself refuses: charts/webservice carries the contract's schema and one of its own keys."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from charts.schema import ROOT, compose, text
from tests.charts.conftest import CHART, Helm
from tests.charts.kubernetes import Verdict, admit

DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))


def test_the_schema_is_made_of_the_contracts_and_the_charts_own() -> None:
    assert (CHART / "values.schema.json").read_text("utf-8") == text(CHART), "run charts/schema.py"


def test_the_contract_stands_in_it_word_for_word() -> None:
    contract = json.loads((ROOT / "schema" / "values.schema.json").read_text("utf-8"))
    whole = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    for part in ("properties", "definitions"):
        assert {key: whole[part][key] for key in contract[part]} == contract[part]
    assert whole["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("part", ["properties", "definitions"])
def test_a_chart_may_not_say_anything_of_the_contracts_keys(part: str) -> None:
    contract: dict[str, Any] = {"properties": {"ports": {}}, "definitions": {"port": {}}}
    own: dict[str, Any] = {"properties": {"image": {}}, "definitions": {"name": {}}}
    taken = {**own, part: contract[part]}
    with pytest.raises(ValueError, match=f"{part} of the contract cannot be the chart's too: port"):
        compose(contract, taken)


@pytest.mark.helm
def test_lint_finds_nothing(any_helm: Helm) -> None:
    done = any_helm.run("lint", "--strict", str(CHART))
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("[")] == [
        "[INFO] Chart.yaml: icon is recommended"
    ]


HTTP = {"number": 8080, "name": "http"}


def ports(**fields: Any) -> dict[str, Any]:
    return {"ports": [{**HTTP, **fields}]}


def external(**fields: Any) -> dict[str, Any]:
    return {"externalRouting": fields}


BEYOND = 2**31
# What Kubernetes refuses or warns of, too.
UNDEPLOYABLE: list[tuple[dict[str, Any], str]] = [
    ({"replicas": BEYOND}, "replicas"),
    ({"autoscaling": {"enabled": True, "maxReplicas": BEYOND}}, "maxReplicas"),
    ({"autoscaling": {"enabled": True, "targetCPUPercent": BEYOND}}, "targetCPUPercent"),
    ({"podDisruptionBudget": {"maxUnavailable": BEYOND}}, "maxUnavailable"),
    ({"probes": {"readiness": {"failureThreshold": BEYOND}}}, "failureThreshold"),
    ({"resources": {"requests": {"memory": 0.5}}}, "memory"),
    ({"resources": {"requests": {"memory": "1500m"}}}, "memory"),
    ({"resources": {"limits": {"gpu": 1}}}, "gpu"),
    ({"resources": {"limits": {"example.com/gpu": "500m"}}}, "example.com"),
    ({"envFromSecrets": ["a..b"]}, "envFromSecrets"),
    ({"podAnnotations": {"a..b/c": "x"}}, "podAnnotations"),
    ({"podLabels": {"a..b/c": "x"}}, "podLabels"),
    ({"serviceAccount": {"annotations": {"a..b/c": "x"}}}, "annotations"),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    # the contract: shapes and port names, as meshguard itself refuses them
    (ports(name="httpbin"), "name"),
    (ports(name="web"), "name"),
    (ports(name="HTTP-x"), "name"),
    (ports(name="grpc", protocol="HTTP"), "name"),
    (ports(protocol="http"), "protocol"),
    (ports(number=0), "number"),
    (ports(number="8080"), "number"),
    (ports(port=8080), "port"),
    ({"ports": []}, "ports"),
    (external(pathConfiguration=[{"path": "/x", "retryon": "5xx"}]), "retryon"),
    (external(pathConfiguration=[{"path": "/x", "retryOn": "5XX"}]), "retryOn"),
    (external(pathConfiguration=[{"retryOn": "5xx"}]), "path"),
    (external(gateways=["istio-ingress/public"]), "gateways"),
    # the chart's own keys
    ({"replica": 3}, "replica"),
    ({"externalrouting": {}}, "externalrouting"),
    ({"replicas": -1}, "replicas"),
    ({"replicas": "3"}, "replicas"),
    ({"nameOverride": "shop.orders"}, "nameOverride"),
    ({"nameOverride": "a" * 64}, "nameOverride"),
    ({"image": {"tag": 1.10}}, "tag"),
    ({"image": {"tag": "a b"}}, "tag"),
    ({"image": {"repository": "Shop/orders"}}, "repository"),
    ({"image": {"digest": "sha256:1"}}, "digest"),
    ({"env": {"PORT": 8080}}, "PORT"),
    ({"env": {"DEBUG": True}}, "DEBUG"),
    ({"env": {"A B": "x"}}, "A B"),
    ({"env": [{"name": "A", "value": "x"}]}, "env"),
    ({"envFromSecrets": ["Orders"]}, "envFromSecrets"),
    ({"secretFiles": {"etc": "orders"}}, "etc"),
    ({"writablePaths": ["/"]}, "writablePaths"),
    ({"resources": {"requests": {"cpu": "lots"}}}, "cpu"),
    ({"resources": {"cpu": "1"}}, "cpu"),
    ({"probes": {"readiness": {"path": "ready"}}}, "path"),
    ({"probes": {"readiness": {"path": "/ready", "grpc": True}}}, "readiness"),
    ({"probes": {"ready": {}}}, "ready"),
    ({"autoscaling": {"min": 2}}, "min"),
    ({"podDisruptionBudget": {"maxUnavailable": 0}}, "maxUnavailable"),
    ({"podDisruptionBudget": {"maxUnavailable": "0%"}}, "maxUnavailable"),
    ({"topologySpread": {"zone": "always"}}, "zone"),
    *UNDEPLOYABLE,
    # what would take the service out of the guardrails
    ({"securityContext": {"privileged": True}}, "privileged"),
    ({"securityContext": {"runAsNonRoot": False}}, "runAsNonRoot"),
    ({"securityContext": {"runAsUser": 0}}, "runAsUser"),
    ({"securityContext": {"runAsUser": 1337}}, "runAsUser"),
    ({"podAnnotations": {"traffic.sidecar.istio.io/excludeInboundPorts": "8080"}}, "podAnnotations"),
    ({"podAnnotations": {"prometheus.io/scrape": "false"}}, "podAnnotations"),
    ({"podLabels": {"sidecar.istio.io/inject": "false"}}, "podLabels"),
    ({"podLabels": {"istio.io/rev": "old"}}, "podLabels"),
    ({"podLabels": {"app.kubernetes.io/name": "other"}}, "podLabels"),
    ({"serviceAccount": {"name": "other"}}, "name"),
]


@pytest.mark.helm
@pytest.mark.parametrize(("values", "key"), REFUSED, ids=[json.dumps(values)[:60] for values, _ in REFUSED])
def test_helm_refuses(any_helm: Helm, values: dict[str, Any], key: str) -> None:
    with pytest.raises(RuntimeError) as refused:
        any_helm.render(values)
    said, _, faults = str(refused.value).partition("webservice:\n")
    assert "values don't meet the specifications of the schema(s)" in said
    assert key in faults


@pytest.mark.helm
@pytest.mark.parametrize(
    ("values", "key"), UNDEPLOYABLE, ids=[json.dumps(values)[:60] for values, _ in UNDEPLOYABLE]
)
def test_kubernetes_would_refuse_it_or_warn(helm: Helm, bare_chart: Path, values: dict[str, Any], key: str) -> None:
    rendered = helm.render_unchecked(values, chart=bare_chart)
    said = [admit(helm.kubernetes, found) for found in rendered.values()]

    assert any(verdict != Verdict() for verdict in said), key


ACCEPTED = [
    {"resources": {"limits": {"memory": "1.5Gi", "ephemeral-storage": 1000, "cpu": "100m"}}},
    {"podAnnotations": {"notistio.io/x": "1", "example.com/prometheus.io": "y", "plain": ""}},
    {"podLabels": {"team": "checkout", "notistio.io/rev": "x", "version": "v1"}},
    {"serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "orders@shop"}}},
    {"image": {"registry": "localhost:5000", "repository": "a/b__c/d-e", "tag": "V1.0_x-y"}},
    {"resources": {"limits": {"cpu": "1.5", "memory": "512Mi", "example.com/gpu": 1}}},
    {"probes": {"readiness": {"grpc": False, "port": "http"}}},
    {"nameOverride": ""},
    {"global": {"anything": [1]}},
]


@pytest.mark.helm
@pytest.mark.parametrize("values", ACCEPTED, ids=json.dumps)
def test_helm_accepts(any_helm: Helm, values: dict[str, Any]) -> None:
    assert "Deployment" in any_helm.render(values)


@pytest.mark.helm
def test_every_default_is_of_a_known_key() -> None:
    whole = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert DEFAULTS.keys() <= whole["properties"].keys()
