"""What HTTP rules do at a gateway that passes TLS through: nothing."""

from tests.mesh.backends import Tls
from tests.mesh.by_hand import GATEWAY, ORDERS, PUBLIC, at, by_hand, share, to
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Lab, through_gateway_tls
from tests.mesh.world import ServicePort, document


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
