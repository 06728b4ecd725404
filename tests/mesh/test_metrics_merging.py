"""What Istio's webhook makes of the annotations by which Prometheus finds a pod, where metrics are merged."""

import json
from typing import Any

import pytest
import yaml

from tests.mesh.istio import Istio, inject
from tests.mesh.world import document

WANTED = {"prometheus.io/scrape": "true", "prometheus.io/path": "/metrics"}
SEVERAL = {**WANTED, "prometheus.istio.io/scrape-targets": "9090:/metrics,9091:/metrics"}


def merged(istio: Istio, **notes: str) -> tuple[str | None, Any]:
    """Give the port that Prometheus is sent to, and what the agent reads beside the proxy's own metrics."""
    spec = {"containers": [{"name": "app", "image": "app"}]}
    asked = document("v1", "Pod", "orders-0", "shop", metadata={"annotations": notes}, spec=spec)
    pod = next(yaml.safe_load_all(inject(istio, asked)))
    proxy = next(one for one in pod["spec"]["containers"] if one["name"] == "istio-proxy")
    read = {one["name"]: one["value"] for one in proxy.get("env", ())}.get("ISTIO_PROMETHEUS_ANNOTATIONS")
    return pod["metadata"]["annotations"].get("prometheus.io/port"), read and json.loads(read)


def test_one_annotation_names_one_port(istio: Istio) -> None:
    read = {"scrape": "true", "port": "9090", "path": "/metrics"}

    assert merged(istio, **WANTED, **{"prometheus.io/port": "9090"}) == ("15020", read)


def test_only_newer_versions_know_a_list(istio_newest: Istio, istio_oldest: Istio) -> None:
    (_, newest), (_, oldest) = merged(istio_newest, **SEVERAL), merged(istio_oldest, **SEVERAL)

    assert [target["port"] for target in newest["targets"]] == ["9090", "9091"]
    assert "targets" not in oldest


def test_a_metrics_port_that_is_the_sidecars(istio: Istio, istio_newest: Istio) -> None:
    nobody_asks = ("15020", None)

    assert merged(istio, **WANTED, **{"prometheus.io/port": "15020"}) == nobody_asks
    with pytest.raises(AssertionError, match="15090 is reserved"):
        merged(istio_newest, **WANTED, **{"prometheus.io/port": "15090"})
