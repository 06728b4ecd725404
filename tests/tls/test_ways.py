"""How clients come to a port: they dial it, or a VirtualService brings them there."""

from typing import Any

import pytest

from meshguard.tls.check import Row
from meshguard.tls.client import GATEWAY, PASSTHROUGH, SIDECAR, Client
from meshguard.tls.explain import caller_sees, explain
from tests.tls.given import NEWEST, rows
from tests.tls.matrix import authentication, istio, kubernetes

HOST = "api.vendor.io"
WEB, EDGE, THROUGH = Client(SIDECAR, "web"), Client(GATEWAY, "edge"), Client(PASSTHROUGH, "edge")
ENTRY = istio(
    "networking",
    "ServiceEntry",
    "web",
    "vendor",
    {
        "hosts": [HOST],
        "ports": [
            {"number": 80, "name": "http", "protocol": "HTTP"},
            {"number": 443, "name": "https", "protocol": "HTTPS"},
        ],
        "resolution": "DNS",
    },
)


def rule(*subsets: dict[str, Any], **tls: str) -> dict[str, Any]:
    ports = [{"port": {"number": 443}, "tls": tls}] if tls else []
    spec = {"host": HOST, "trafficPolicy": {"portLevelSettings": ports}, "subsets": list(subsets)}
    return istio("networking", "DestinationRule", "web", "r", spec)


def subset(name: str, mode: str) -> dict[str, Any]:
    ports = [{"port": {"number": 443}, "tls": {"mode": mode}}]
    return {"name": name, "trafficPolicy": {"portLevelSettings": ports}}


def routes(*gateways: str, **spec: Any) -> dict[str, Any]:
    return istio("networking", "VirtualService", "web", "v", {"hosts": [HOST], "gateways": list(gateways), **spec})


def to(name: str = "", port: int | None = 443, host: str = HOST) -> list[dict[str, Any]]:
    destination = {"host": host, "subset": name, **({} if port is None else {"port": {"number": port}})}
    return [{"route": [{"destination": destination}]}]


def matching(*ports: int | None) -> list[dict[str, Any]]:
    return [{"match": [{"uri": {"prefix": "/"}, "port": port} for port in ports], **rule} for rule in to()]


def seen(objects: list[dict[str, Any]], client: Client) -> list[tuple[str, str]]:
    return [(row.subset, row.verdict.status) for row in on_443(objects, client)]


def on_443(objects: list[dict[str, Any]], client: Client) -> list[Row]:
    return [row for row in rows([ENTRY, *objects], client) if row.port.number == 443]


ORIGINATES = subset("tls", "SIMPLE")
BY_MESH = ("mesh",)


@pytest.mark.parametrize(
    ("objects", "client", "expected"),
    [
        # The documented way of old: what was plain HTTP to port 80 leaves as TLS by a subset of port 443.
        ([rule(ORIGINATES), routes(*BY_MESH, http=to("tls"))], WEB, [("", "app TLS"), ("tls", "app TLS")]),
        ([rule(ORIGINATES)], WEB, [("", "app TLS"), ("tls", "double TLS")]),
        (
            [rule(ORIGINATES), routes(*BY_MESH, http=to("tls"), tls=to("tls"))],
            WEB,
            [("", "app TLS"), ("tls", "app TLS"), ("tls", "double TLS")],
        ),
        # Without a subset, those who dial 443 with TLS of their own get two layers.
        ([rule(mode="SIMPLE"), routes(*BY_MESH, http=to())], WEB, [("", "app TLS"), ("", "double TLS")]),
        ([routes(*BY_MESH, http=to())], WEB, [("", "CONFLICT"), ("", "app TLS")]),
        ([routes(*BY_MESH, http=to(port=None))], WEB, [("", "app TLS")]),
        ([routes(*BY_MESH, http=matching(443))], WEB, [("", "app TLS")]),
        ([routes(*BY_MESH, http=matching(443, 80))], WEB, [("", "CONFLICT"), ("", "app TLS")]),
        ([routes(*BY_MESH, http=matching(443, None))], WEB, [("", "CONFLICT"), ("", "app TLS")]),
        ([routes("g", http=to())], WEB, [("", "app TLS")]),
        ([routes(*BY_MESH, http=to(), exportTo=["other"])], WEB, [("", "app TLS")]),
        ([routes(*BY_MESH, http=to(), exportTo=["*"])], WEB, [("", "CONFLICT"), ("", "app TLS")]),
        # A gateway comes only where a route of its own leads.
        ([rule(ORIGINATES), routes("g", http=to("tls"))], EDGE, [("tls", "app TLS")]),
        ([rule(ORIGINATES), routes("g", http=to("other"))], EDGE, [("", "CONFLICT")]),
        ([rule(ORIGINATES), routes("g", http=[*to(), *to("tls")])], EDGE, [("", "CONFLICT"), ("tls", "app TLS")]),
        ([rule(ORIGINATES), routes("g", tls=to("tls"))], EDGE, []),
        (
            [rule(ORIGINATES, subset("through", "DISABLE")), routes("g", tls=to("through"))],
            THROUGH,
            [("", "app TLS")],
        ),
        ([rule(ORIGINATES), routes("g", tls=to("tls"))], THROUGH, [("tls", "double TLS")]),
    ],
)
def test_what_brings_clients_to_a_port(
    objects: list[dict[str, Any]], client: Client, expected: list[tuple[str, str]]
) -> None:
    assert sorted(seen(objects, client)) == expected


def test_the_route_is_told() -> None:
    (row,) = [row for row in on_443([routes(*BY_MESH, http=to())], WEB) if row.verdict.status == "CONFLICT"]

    assert (
        "The VirtualService web/v (mesh.yaml:3) sends here by a route of `http`, with what came as plain HTTP"
        in (explain(row))
    )
    assert (caller_sees(row).status, caller_sees(row).flags) == ("503", "UC")


LISTENER = kubernetes(
    "Service", "web", "app", {"selector": {"app": "app"}, "ports": [{"name": "tcp", "port": 9000}]}
)
STRICT_AND_PLAIN = [
    LISTENER,
    authentication("web", "strict", {"mtls": {"mode": "STRICT"}}),
    istio(
        "networking", "DestinationRule", "web", "r", {"host": "app", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    ),
]


@pytest.mark.parametrize(("kind", "status"), [("tcp", ""), ("http", "503")])
def test_a_gateway_answers_requests_and_resets_connections(kind: str, status: str) -> None:
    (row,) = rows([*STRICT_AND_PLAIN, routes("g", **{kind: to(port=None, host="app")})], EDGE)

    assert (row.verdict.status, caller_sees(row).status) == ("CONFLICT", status)


WEB_PORT = kubernetes(
    "Service", "web", "app", {"selector": {"app": "app"}, "ports": [{"name": "http", "port": 80}]}
)


@pytest.mark.parametrize(("port", "expected"), [(80, ["CONFLICT"]), (None, [])])
def test_tls_that_a_gateway_does_not_open_goes_to_a_port_of_http_only_if_it_is_named(
    port: int | None, expected: list[str]
) -> None:
    found = rows([WEB_PORT, routes("g", tls=to(port=port, host="app"))], THROUGH)

    assert [row.verdict.status for row in found] == expected


def test_callers_whose_tls_a_gateway_does_not_open_fail_in_their_own_handshake() -> None:
    (row,) = rows([WEB_PORT, routes("g", tls=to(port=80, host="app"))], THROUGH)

    assert caller_sees(row).words == "an error of its own TLS handshake"


def test_the_tls_of_a_rule_is_told_to_be_the_proxys() -> None:
    (row,) = [row for row in on_443([rule(ORIGINATES), routes(*BY_MESH, http=to("tls"))], WEB) if row.subset]

    assert (
        explain(row)[-1]
        == "The TLS that the client's proxy adds reaches what stands there, which must open it itself"
    )


def test_routes_that_a_mesh_keeps_in_their_namespace_by_default_bring_nobody_else_there() -> None:
    objects = [ENTRY, routes(*BY_MESH, http=to())]
    private = NEWEST._replace(route_export=frozenset({"."}))
    found = {
        place: [
            row.sent.route is None
            for row in rows(objects, Client(SIDECAR, place), private)
            if row.port.number == 443
        ]
        for place in ("web", "other")
    }

    assert found == {"web": [False, True], "other": [True]}
