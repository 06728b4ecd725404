"""What looks as if it had an effect, and has none."""

from typing import Any

import pytest

from meshguard.tls.remarks import remarks_on
from tests.tls.given import world
from tests.tls.matrix import ROOT, authentication, istio, kubernetes

SERVICE = kubernetes(
    "Service",
    "shop",
    "app",
    {"selector": {"app": "app"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
)
POD = kubernetes("Pod", "shop", "app-0", {"containers": [{"name": "app"}]}, labels={"app": "app"})


def policy(**spec: Any) -> dict[str, Any]:
    return authentication("shop", "p", spec)


def rule(name: str, host: str = "app", **more: Any) -> dict[str, Any]:
    spec = {"host": host, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    return istio("networking", "DestinationRule", "shop", name, {**spec, **more})


def entry(name: str, **spec: Any) -> dict[str, Any]:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP"}]
    made = {"hosts": ["x.example"], "ports": ports, "resolution": "STATIC", **spec}
    return istio("networking", "ServiceEntry", "shop", name, made)


ROOTS = f"PeerAuthentication '{ROOT}/p'"
SELECTOR = {"matchLabels": {"app": "app"}}


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([policy(mtls={"mode": "STRICT"})], []),
        (
            [authentication(ROOT, "p", {"selector": SELECTOR, "mtls": {"mode": "STRICT"}})],
            [f"{ROOTS} has no effect: in the root namespace Istio ignores one with a selector"],
        ),
        (
            [policy(portLevelMtls={"80": {"mode": "STRICT"}})],
            ["PeerAuthentication 'shop/p' has portLevelMtls without a selector, which Istio refuses or ignores"],
        ),
        (
            [policy(selector=SELECTOR, portLevelMtls={"80": {"mode": "STRICT"}})],
            ["PeerAuthentication 'shop/p' has 80 in portLevelMtls, and pods listen on 8080 for that port"],
        ),
        ([policy(selector=SELECTOR, portLevelMtls={"8080": {"mode": "STRICT"}})], []),
        ([policy(selector=SELECTOR, portLevelMtls={"9090": {"mode": "STRICT"}, "8080": {"mode": "STRICT"}})], []),
        ([policy(selector={"matchLabels": {"app": "other"}}, portLevelMtls={"80": {"mode": "STRICT"}})], []),
        (
            [policy(), authentication("shop", "a", {})],
            ["PeerAuthentication 'shop/p' has no effect: 'shop/a' is older, or first by name"],
        ),
        ([rule("r")], []),
        ([rule("r"), rule("s", "app.shop.svc.cluster.local", trafficPolicy=None)], []),
        ([rule("r"), rule("s", exportTo=["."])], []),
        (
            [rule("r"), rule("s", "app.shop.svc.cluster.local")],
            [
                (
                    "DestinationRule 'shop/s' has a trafficPolicy without effect: 'shop/r' has one for the"
                    " same host, and comes first"
                )
            ],
        ),
        (
            [rule("r", "app.shop")],
            [
                (
                    "DestinationRule 'shop/r' has no effect: the host 'app.shop' is no full name, write"
                    " 'app.shop.svc.cluster.local'"
                )
            ],
        ),
        ([rule("r", "api.example.com")], []),
        ([entry("e"), entry("f")], []),
        ([entry("e"), entry("f", hosts=["y.example"], resolution="DNS")], []),
        (
            [entry("e"), entry("f", resolution="DNS")],
            [
                (
                    "ServiceEntry 'shop/f' has the host 'x.example', which 'shop/e' has too: as they differ in"
                    " resolution, labels, exportTo or workloadSelector, proxies know the ports of the older one"
                    " only, and of two of one age those of either"
                )
            ],
        ),
        ([entry("e", hosts=["app.shop.svc.cluster.local"])], []),
    ],
    ids=range(18),
)
def test_what_is_told(objects: list[dict[str, Any]], told: list[str]) -> None:
    assert [remark.message for remark in remarks_on(world([SERVICE, POD, *objects]))] == told


def test_a_port_that_both_a_service_and_a_container_have_is_the_containers() -> None:
    ports = [{"name": "a", "port": 80, "targetPort": 8080}, {"name": "b", "port": 81, "targetPort": 80}]
    both = kubernetes("Service", "shop", "app", {"selector": {"app": "app"}, "ports": ports})
    found = world([both, POD, policy(selector=SELECTOR, portLevelMtls={"80": {"mode": "STRICT"}})])

    assert remarks_on(found) == ()


def caller(ports: str, **labels: str) -> dict[str, Any]:
    annotations = {"traffic.sidecar.istio.io/excludeOutboundPorts": ports}
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"containers": [{"name": "app"}]},
    }
    return {**kubernetes("Deployment", "shop", "caller", {"template": template}), "apiVersion": "apps/v1"}


PAST = "Deployment 'shop/caller' calls port 80 past its sidecar (excludeOutboundPorts), as `--client none` does"


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([caller("5432, 80")], [PAST]),
        ([caller("5432")], []),
        ([caller("80", **{"sidecar.istio.io/inject": "false"})], []),
    ],
)
def test_callers_that_go_past_their_sidecar(objects: list[dict[str, Any]], told: list[str]) -> None:
    assert [remark.message for remark in remarks_on(world([SERVICE, *objects]))] == told
