"""What a plaintext port 443 does to others today, on both versions of Istio: why there is plaintext-on-443."""

import pytest

from tests.mesh.istio import Call, Istio, Mesh, simulate
from tests.mesh.world import ServicePort, Workload, documents_of, sidecar

WEB = Workload("web", "shop", 1, (ServicePort(443, "http", "HTTP", 8080),), {"app": "web"})
OTHER = Workload("other", "shop", 2, (ServicePort(443, "https", "HTTPS", 8443),), {"app": "other"})
CALLER = Workload("caller", "callers", 3, (), {"app": "caller"})
DOCUMENTS = [text for workload in (WEB, OTHER, CALLER) for text in documents_of(workload)]
OUTSIDE = "127.1.13.1"

REACHED = {
    "https to the service itself: past mutual TLS": (
        Call(WEB.vip, 443, "web.shop", tls="tls", sni="web.shop"),
        "PassthroughCluster",
        "BlackHoleCluster",
    ),
    "http to the service itself": (
        Call(WEB.vip, 443, "web.shop"),
        "outbound|443||web.shop.svc.cluster.local",
        "outbound|443||web.shop.svc.cluster.local",
    ),
    "https to another service": (
        Call(OTHER.vip, 443, "other.shop", protocol="tcp", tls="tls", sni="other.shop"),
        "outbound|443||other.shop.svc.cluster.local",
        "outbound|443||other.shop.svc.cluster.local",
    ),
    "https to a host outside": (
        Call(OUTSIDE, 443, "api.example.com", tls="tls", sni="api.example.com"),
        "PassthroughCluster",
        "BlackHoleCluster",
    ),
    "http to a host outside: answered 502 (no cluster) where only known hosts may be called": (
        Call(OUTSIDE, 443, "api.example.com"),
        "PassthroughCluster",
        "",
    ),
}


@pytest.mark.parametrize(("call", "allowed", "registered"), REACHED.values(), ids=REACHED)
def test_what_calls_on_443_reach(call: Call, allowed: str, registered: str, istio: Istio) -> None:
    reached = [
        simulate(istio, DOCUMENTS, sidecar(CALLER), Mesh(outbound), [call])
        for outbound in ("ALLOW_ANY", "REGISTRY_ONLY")
    ]

    assert reached == [(allowed,), (registered,)]
