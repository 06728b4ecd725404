"""What tls-check says that callers see is what they see: the same objects, Istio's configuration, real Envoys."""

import json
from itertools import count
from typing import Any

import pytest

from meshguard.tls.check import Row
from meshguard.tls.client import NONE, SIDECAR, Client
from meshguard.tls.explain import caller_sees
from meshguard.tls.verdict import APP_TLS, FAILING
from tests.mesh.backends import Tls
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Cluster, Lab, cluster, from_outside, from_pod, lines, logged
from tests.mesh.envoy import until
from tests.mesh.world import ServicePort, Workload, world
from tests.stories.test_s4_https_backends import facts
from tests.tls.given import rows
from tests.tls.matrix import authentication, istio

APP, CALLER = "app.shop", "caller.callers"
NAME = "backend.internal.example.com"
PORTS = (
    ServicePort(8080, "http", "HTTP", 8080),
    ServicePort(8443, "https", "HTTPS", 8443, Tls("system", NAME)),
    ServicePort(8082, "tcp", "TCP", 8082),
)
SERVERS = {
    "permissive": [],
    "strict": [authentication("shop", "a", {"mtls": {"mode": "STRICT"}})],
    "disable": [authentication("shop", "a", {"mtls": {"mode": "DISABLE"}})],
    "disable, but strict": [
        authentication("shop", "a", {"mtls": {"mode": "DISABLE"}}),
        authentication("shop", "b", {"selector": {"matchLabels": {"app": "app"}}, "mtls": {"mode": "STRICT"}}),
    ],
    "excluded": [],
    "without sidecar": [],
}
CLIENTS = {
    "no rule": None,
    "DISABLE": {"mode": "DISABLE"},
    "SIMPLE": {"mode": "SIMPLE", "caCertificates": "system", "sni": NAME, "subjectAltNames": [NAME]},
    "unverified": {"mode": "SIMPLE", "insecureSkipVerify": True},
    "ISTIO_MUTUAL": {"mode": "ISTIO_MUTUAL"},
}
_cases = count()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("server", SERVERS)
def test_callers_see_what_is_told(server: str, client: str, each_lab: Lab) -> None:
    objects: list[dict[str, Any]] = list(SERVERS[server])
    if CLIENTS[client] is not None:
        spec = {"host": "app.shop.svc.cluster.local", "trafficPolicy": {"tls": CLIENTS[client]}}
        objects.append(istio("networking", "DestinationRule", "shop", "r", spec))
    ports = tuple(port._replace(captured=server != "excluded") for port in PORTS)
    pods = [
        Workload("app", "shop", 0, ports, {"app": "app"}, server != "without sidecar"),
        Workload("caller", "callers", 0, (), {"app": "caller"}),
    ]
    around = world(facts("PERMISSIVE"), (), pods, map(json.dumps, objects))
    proxied = (CALLER,) if server == "without sidecar" else (CALLER, APP)
    told = told_of(around.documents)
    with cluster(each_lab, around, proxied) as on:
        seen = {key: seen_by(on, *key) for key in told}
    assert seen == {key: expected(row) for key, row in told.items()}


@pytest.mark.parametrize("client", ["no rule", "DISABLE", "SIMPLE"])
@pytest.mark.parametrize("server", ["permissive", "strict", "without sidecar"])
def test_plain_http_that_a_route_sends_to_a_port_of_tls(server: str, client: str, each_lab: Lab) -> None:
    host = "app.shop.svc.cluster.local"
    routes = [{"route": [{"destination": {"host": host, "port": {"number": 8443}}}]}]
    objects = [
        *SERVERS[server],
        istio("networking", "VirtualService", "shop", "v", {"hosts": [host], "http": routes}),
    ]
    if CLIENTS[client] is not None:
        ports = [{"port": {"number": 8443}, "tls": CLIENTS[client]}]
        spec = {"host": host, "trafficPolicy": {"portLevelSettings": ports}}
        objects.append(istio("networking", "DestinationRule", "shop", "r", spec))
    pods = [
        Workload("app", "shop", 0, PORTS, {"app": "app"}, server != "without sidecar"),
        Workload("caller", "callers", 0, (), {"app": "caller"}),
    ]
    around = world(facts("PERMISSIVE"), (), pods, map(json.dumps, objects))
    found = rows("\n---\n".join(around.documents), Client(SIDECAR, "callers", (("app", "caller"),)))
    (row,) = [row for row in found if row.host == host and row.sent.route is not None]
    with cluster(each_lab, around, (CALLER,) if server == "without sidecar" else (CALLER, APP)) as on:
        ask = Ask(host, headers={"x-case": "routed"})
        answer = from_pod(on, CALLER, (on.workload(APP).vip, 8080), ask)
        flags = logged(on, CALLER, "routed")["flags"].replace("-", "")

    assert (str(answer.status), flags) == (caller_sees(row)[:2] if row.verdict.status in FAILING else ("200", ""))


def told_of(documents: tuple[str, ...]) -> dict[tuple[str, int], Row]:
    """Judge the very objects that Istio gets."""
    text = "\n---\n".join(documents)
    return {
        (kind, row.port.number): row
        for kind, client in ((SIDECAR, Client(SIDECAR, "callers", (("app", "caller"),))), (NONE, Client(NONE)))
        for row in rows(text, client)
        if row.host == "app.shop.svc.cluster.local"
    }


def expected(row: Row) -> tuple[str, str]:
    """Give the status, and the flags of the caller's proxy."""
    if row.verdict.status == APP_TLS and row.port.protocol != "HTTPS":  # here these applications speak none
        return ("503", "URX,UF") if row.port.protocol == "HTTP" else ("", "UF,URX")
    if row.verdict.status not in FAILING:
        return "200", ""
    return caller_sees(row)[:2]


def seen_by(on: Cluster, kind: str, port: int) -> tuple[str, str]:
    case = f"tls-{next(_cases)}"
    host = "app.shop.svc.cluster.local" if port == 8080 else NAME
    ask, speaks = Ask(host, headers={"x-case": case}), Speaks(NAME) if port == 8443 else None
    if kind == NONE:
        answer = from_outside(on, (on.workload(APP).pod, port), ask, speaks)
        return ("200", "") if answer.status == 200 else ("", "")
    answer = from_pod(on, CALLER, (on.workload(APP).vip, port), ask, speaks)
    if port == 8080:
        flags = logged(on, CALLER, case)["flags"]
    else:
        flags = until(lambda: flags_of(on, port), lambda: f"nothing of port {port} in the log")
    status = "" if answer.status in {0, 400} else str(answer.status)  # 400 is what TLS makes of plain HTTP
    return status, flags.replace("-", "")


def flags_of(on: Cluster, port: int) -> str:
    """Give the flags of the connection to a port that carries no HTTP; empty until it has ended."""
    found = [line["flags"] for line in lines(on.envoys[CALLER]) if f"|{port}|" in line.get("cluster", "")]
    return found[-1] if found else ""
