"""What HTTP rules do at a gateway that passes TLS through: nothing."""

import pytest

from meshguard.tls.client import PASSTHROUGH, Client
from meshguard.tls.explain import caller_sees
from tests.mesh.backends import Tls
from tests.mesh.by_hand import GATEWAY, ORDERS, PUBLIC, at, by_hand, destination_rule, share, to
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Lab, through_gateway_tls
from tests.mesh.world import ServicePort, document
from tests.tls.given import rows


def test_http_rules_do_nothing_where_tls_is_passed_through(each_lab: Lab) -> None:
    served = ORDERS._replace(ports=(ServicePort(8080, "https", "HTTPS", 8080, Tls("system", PUBLIC)),))
    spec = {
        "hosts": [PUBLIC],
        "gateways": ["istio-ingress/public"],
        "http": [to(at("/orders"), timeout="5s", retries={"attempts": 2, "retryOn": "5xx"})],
        "tls": [{"match": [{"sniHosts": [PUBLIC]}], "route": [share(served)]}],
    }
    routes = document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)

    with by_hand(each_lab, routes, workloads=[served], gateway="passthrough") as on:
        for path in ("/orders", "/unlisted"):
            ask = Ask(PUBLIC, path, headers={"x-case": path, "x-answers": "503 200"})
            answer = through_gateway_tls(on, GATEWAY, ask, Speaks(PUBLIC))
            (seen,) = on.backs.seen[path]
            assert (answer.status, seen.path, seen.tls) == (503, path, True)
            assert "x-envoy-expected-rq-timeout-ms" not in seen.headers


@pytest.mark.parametrize("mtls", ["PERMISSIVE", "STRICT"])
@pytest.mark.parametrize("rules", [(), (destination_rule(tls={"mode": "DISABLE"}),)], ids=["chosen", "DISABLE"])
def test_tls_that_is_passed_through_to_a_port_of_http(rules: tuple[str, ...], mtls: str, each_lab: Lab) -> None:
    spec = {
        "hosts": [PUBLIC],
        "gateways": ["istio-ingress/public"],
        "tls": [{"match": [{"sniHosts": [PUBLIC]}], "route": [share(ORDERS)]}],
    }
    routes = document("networking.istio.io/v1", "VirtualService", "orders", "shop", spec=spec)
    with by_hand(each_lab, routes, *rules, mtls=mtls, gateway="passthrough") as on:
        (row,) = rows("\n---\n".join(on.world.documents), Client(PASSTHROUGH, "istio-ingress"))
        answer = through_gateway_tls(on, GATEWAY, Ask(PUBLIC), Speaks(PUBLIC))

    assert (answer.status, answer.failure != "") == (0, True)
    assert (row.verdict.status, caller_sees(row).words) == ("CONFLICT", "an error of its own TLS handshake")
