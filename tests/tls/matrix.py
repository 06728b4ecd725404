"""The matrix of mutual TLS: what servers are told, what clients are told and what is spoken in, 462 cells out.

One line stands for a group of PeerAuthentications and a kind of DestinationRule. A cell says what goes over the
wire (P plaintext, M mutual TLS of the mesh, T the rule's TLS, t the caller's own TLS; `M+t` one in the other) and
what becomes of it: `ok` opened, `app` the application gets TLS, `chain` no filter chain, `cert` no certificate of
the mesh, `proto` TLS where HTTP is expected.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from meshguard.tls.verdict import (
    CALLER,
    MESH,
    NO_CERTIFICATE,
    NO_CHAIN,
    NOT_TLS,
    OPENED,
    RAW,
    RULE,
    Layers,
)

ROOT = "istio-system"
HOST = "app"
PORTS = {"http": 8080, "grpc": 8081, "tcp": 8082, "https": 8443, "web": 8084}  # `web` is found out
TRAFFIC = {  # a column: the port, and whether the caller speaks TLS itself
    "http": ("http", False),
    "grpc": ("grpc", False),
    "tcp": ("tcp", False),
    "https, TLS": ("https", True),
    "https, plaintext": ("https", False),
    "auto": ("web", False),
}
CLIENTS: dict[str, tuple[str, Any]] = {  # the group of the table, and trafficPolicy (None: no rule at all)
    "no rule": ("auto", None),
    "no tls": ("auto", {"connectionPool": {"tcp": {"maxConnections": 10}}}),
    "DISABLE": ("plain", {"tls": {"mode": "DISABLE"}}),
    "no mode": ("plain", {"tls": {}}),
    "SIMPLE": ("tls", {"tls": {"mode": "SIMPLE"}}),
    "MUTUAL": ("tls", {"tls": {"mode": "MUTUAL", "clientCertificate": "/c", "privateKey": "/k"}}),
    "ISTIO_MUTUAL": ("mutual", {"tls": {"mode": "ISTIO_MUTUAL"}}),
}


class Told(NamedTuple):
    """What a server is told at each level; a port only beside something for its pods."""

    group: str
    mesh: str = ""
    namespace: str = ""
    pods: str = ""
    port: str = ""


SERVERS = {
    "nothing": Told("Perm"),
    "PERMISSIVE": Told("Perm", namespace="PERMISSIVE"),
    "STRICT, port PERMISSIVE": Told("Perm", namespace="STRICT", port="PERMISSIVE"),
    "namespace STRICT": Told("Strict", namespace="STRICT"),
    "mesh STRICT": Told("Strict", mesh="STRICT"),
    "PERMISSIVE, port STRICT": Told("Strict", namespace="PERMISSIVE", port="STRICT"),
    "namespace DISABLE": Told("Dis", namespace="DISABLE"),
    "pods DISABLE": Told("Dis", pods="DISABLE"),
    "STRICT, port DISABLE": Told("Dis", namespace="STRICT", port="DISABLE"),
    "namespace DISABLE, pods STRICT": Told("Mix", namespace="DISABLE", pods="STRICT"),
    "namespace DISABLE, port STRICT": Told("Mix", namespace="DISABLE", port="STRICT"),
}

TABLE = """
Perm    auto    M ok     M ok     M ok    M+t ok    M ok     M ok
Perm    plain   P ok     P ok     P ok    t app     P ok     P ok
Perm    tls     T chain  T chain  T app   T+t app   T app    T app
Perm    mutual  M ok     M ok     M ok    M+t ok    M ok     M ok
Strict  auto    M ok     M ok     M ok    M+t ok    M ok     M ok
Strict  plain   P chain  P chain  P chain t cert    P chain  P chain
Strict  tls     T cert   T cert   T cert  T+t cert  T cert   T cert
Strict  mutual  M ok     M ok     M ok    M+t ok    M ok     M ok
Dis     auto    P ok     P ok     P ok    t app     P ok     P ok
Dis     plain   P ok     P ok     P ok    t app     P ok     P ok
Dis     tls     T proto  T proto  T app   T+t app   T app    T app
Dis     mutual  M proto  M proto  M app   M+t app   M app    M app
Mix     auto    P chain  P chain  P chain t cert    P chain  P chain
Mix     plain   P chain  P chain  P chain t cert    P chain  P chain
Mix     tls     T cert   T cert   T cert  T+t cert  T cert   T cert
Mix     mutual  M ok     M ok     M ok    M+t ok    M ok     M ok
"""
_WIRE: dict[str, Layers] = {"P": (), "M": (MESH,), "T": (RULE,), "t": (CALLER,)}
_RECEIVED = {"ok": OPENED, "app": RAW, "chain": NO_CHAIN, "cert": NO_CERTIFICATE, "proto": NOT_TLS}


class Cell(NamedTuple):
    """One cell: what is said, and the layers and the reception that follow."""

    server: str
    client: str
    traffic: str
    layers: Layers
    reception: str


def cells() -> Iterator[Cell]:
    """Give all cells."""
    groups = dict(_groups())
    for server, told in SERVERS.items():
        for client, (kind, _) in CLIENTS.items():
            for traffic, (wire, result) in zip(TRAFFIC, groups[told.group, kind], strict=True):
                layers = tuple(layer for letter in wire.split("+") for layer in _WIRE[letter])
                yield Cell(server, client, traffic, layers, _RECEIVED[result])


def _groups() -> Iterator[tuple[tuple[str, str], list[tuple[str, str]]]]:
    for line in TABLE.strip().splitlines():
        group, kind, *words = line.split()
        yield (group, kind), list(zip(words[::2], words[1::2], strict=True))


def documents(server: str, client: str, namespace: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a pair in a namespace of its own: policies, rule and Service."""
    told = SERVERS[server]
    selector = {"matchLabels": {"app": HOST}}
    if told.mesh:
        yield authentication(ROOT, "mesh", {"mtls": {"mode": told.mesh}})
    if told.namespace:
        yield authentication(namespace, "namespace", {"mtls": {"mode": told.namespace}})
    if told.pods:
        yield authentication(namespace, "pods", {"selector": selector, "mtls": {"mode": told.pods}})
    if told.port:
        ports = {str(number): {"mode": told.port} for number in PORTS.values()}
        yield authentication(namespace, "ports", {"selector": selector, "portLevelMtls": ports})
    policy = CLIENTS[client][1]
    if policy is not None:
        spec = {"host": f"{HOST}.{namespace}.svc.cluster.local", "trafficPolicy": policy}
        yield istio("networking", "DestinationRule", namespace, "rule", spec)
    yield kubernetes("Service", namespace, HOST, {"selector": {"app": HOST}, "ports": service_ports()})


def service_ports() -> list[dict[str, Any]]:
    return [{"name": name, "port": number, "targetPort": number} for name, number in PORTS.items()]


def authentication(namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return istio("security", "PeerAuthentication", namespace, name, spec)


def istio(group: str, kind: str, namespace: str, name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **more}
    return {"apiVersion": f"{group}.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def kubernetes(kind: str, namespace: str, name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **more}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
