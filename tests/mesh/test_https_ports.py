"""Applications that speak TLS themselves: whose certificates a gateway believes, and who can read their metrics."""

from typing import Any

import pytest

from tests.mesh.backends import Tls
from tests.mesh.by_hand import GATEWAY, ORDERS, PUBLIC, by_hand, destination_rule, from_outside, virtual_service
from tests.mesh.client import Ask, Speaks, call_http2, dial
from tests.mesh.cluster import Cluster, Lab
from tests.mesh.cluster import from_outside as scraped
from tests.mesh.istio import Istio, admit
from tests.mesh.world import HTTP_PORT, ServicePort

NAME = "orders.internal.example.com"
VERIFIED = {"mode": "SIMPLE", "sni": NAME, "subjectAltNames": [NAME], "caCertificates": "system"}
UNVERIFIED = {"mode": "SIMPLE", "insecureSkipVerify": True}
ROUTES = virtual_service({"route": [{"destination": {"host": ORDERS.host, "port": {"number": 8443}}}]})


def answered(lab: Lab, shows: Tls, tls: dict[str, Any]) -> int:
    """Give what the gateway answers where the application shows this and the gateway is told that."""
    orders = ORDERS._replace(ports=(ServicePort(8443, "https", "HTTPS", 8443, shows),))
    with by_hand(lab, ROUTES, destination_rule(tls=tls), workloads=(orders,)) as on:
        return from_outside(on).answer.status


def test_a_gateway_that_does_not_verify_believes_anybody(each_lab: Lab) -> None:
    own, foreign = Tls("system", NAME), Tls("unknown", "elsewhere")

    assert [answered(each_lab, shows, VERIFIED) for shows in (own, foreign)] == [200, 503]
    assert [answered(each_lab, shows, UNVERIFIED) for shows in (own, foreign)] == [200, 200]


def test_for_mutual_tls_the_ca_is_that_of_the_client_certificate(each_lab: Lab) -> None:
    mutual = {"mode": "MUTUAL", "credentialName": "orders-client", "sni": NAME, "subjectAltNames": [NAME]}
    of_it, of_another = (Tls(signer, NAME, clients="orders-client") for signer in ("orders-client", "orders-ca"))

    assert answered(each_lab, of_it, mutual) == 200
    assert answered(each_lab, of_another, mutual) == 503


def test_another_ca_beside_it_is_refused(istio: Istio) -> None:
    mutual = {"mode": "MUTUAL", "credentialName": "orders-client"}

    assert admit(istio, destination_rule(tls=mutual)) == ("", "")
    assert "cannot specify" in admit(istio, destination_rule(tls={**mutual, "caCertificates": "/etc/ca.pem"}))[0]


def test_a_gateway_speaks_http_1_inside_the_tls_that_it_adds(each_lab: Lab) -> None:
    orders = ORDERS._replace(ports=(ServicePort(8443, "https-grpc", "HTTPS", 8443, Tls("system", NAME)),))

    with by_hand(each_lab, ROUTES, destination_rule(tls=VERIFIED), workloads=(orders,)) as on:
        ask = Ask(PUBLIC, "/Orders/Get", "POST", {"x-case": "grpc", "content-type": "application/grpc"})
        call_http2(dial(on.at(on.workload(GATEWAY).pod), HTTP_PORT), ask)
        (seen,) = on.backs.seen["grpc"]
        assert (seen.version, seen.tls) == ("HTTP/1.1", True)


def metrics(on: Cluster, speaks: Speaks) -> int:
    return scraped(on, (on.workload("orders.shop").pod, 8443), Ask("orders", "/metrics"), speaks).status


@pytest.mark.parametrize(("mtls", "outside", "sidecar"), [("PERMISSIVE", 200, 200), ("STRICT", 0, 0)])
def test_metrics_over_https(mtls: str, outside: int, sidecar: int, each_lab: Lab) -> None:
    orders = ORDERS._replace(ports=(ServicePort(8443, "https", "HTTPS", 8443, Tls("system", NAME)),))
    mesh = Speaks(None, identity="monitoring/prometheus", alpn=("http/1.1",))

    with by_hand(each_lab, workloads=(orders,), mtls=mtls) as on:
        assert (metrics(on, Speaks(NAME)), metrics(on, mesh)) == (outside, sidecar)
