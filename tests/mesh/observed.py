"""What Istio makes a client send and a server take: configuration of their proxies in, layers and answers out."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshguard.tls.verdict import MESH, NO_CERTIFICATE, NO_CHAIN, NOT_TLS, OPENED, RAW, RULE
from tests.mesh.istio import Json, Resources

UNKNOWN = "no cluster"  # the client's proxy knows nothing of what is dialled
_MESH_CERTIFICATE = "default"
_MESH_ALPN = ["istio-peer-exchange", "istio"]
_ANSWERS = {None: ("raw_buffer", []), MESH: ("tls", _MESH_ALPN), RULE: ("tls", [])}  # transport and ALPN


def sent(client: Resources, host: str, port: int, address: str, subset: str = "") -> str | None:
    """Give the layer that a client adds on the way to an address: MESH, RULE, None for plaintext, or UNKNOWN."""
    name = f"outbound|{port}|{subset}|{host}"
    cluster = next((one for one in client.clusters if one["name"] == name), None)
    if cluster is None:
        return UNKNOWN
    marks = _marks(client, cluster, address)
    for match in cluster.get("transportSocketMatches", ()):
        if match.get("match", {}).items() <= marks.items():
            return _layer(match["transportSocket"])
    return _layer(cluster["transportSocket"]) if "transportSocket" in cluster else None


def _marks(client: Resources, cluster: Json, address: str) -> Mapping[str, Any]:
    """Give what Istio marks the endpoint of that address with."""
    given = [one for one in client.endpoints if one.get("clusterName") == cluster["name"]]
    for assignment in (*given, cluster.get("loadAssignment", {})):
        for endpoint in _endpoints(assignment):
            if endpoint["endpoint"]["address"]["socketAddress"]["address"] == address:
                found: dict[str, Any] = endpoint.get("metadata", {}).get("filterMetadata", {})
                return dict(found.get("envoy.transport_socket_match", {}))
    return {}


def _endpoints(assignment: Json) -> Iterator[Json]:
    for locality in assignment.get("endpoints", ()):
        yield from locality.get("lbEndpoints", ())


def _layer(socket: Json) -> str | None:
    if socket["name"] != "envoy.transport_sockets.tls":
        return None
    common = socket["typedConfig"].get("commonTlsContext", {})
    names = [secret["name"] for secret in common.get("tlsCertificateSdsSecretConfigs", ())]
    return MESH if names == [_MESH_CERTIFICATE] else RULE


def received(server: Resources, port: int, outermost: str | None) -> str:
    """Give what a server's proxy does with a connection to a port: one of the receptions of the verdict."""
    listener = next(one for one in server.listeners if one["name"] == "virtualInbound")
    transport, alpn = _ANSWERS.get(outermost, ("tls", []))
    chain = _chain(listener["filterChains"], port, transport, alpn)
    if chain is None:
        return NO_CHAIN
    if "transportSocket" in chain:
        return OPENED if outermost == MESH else NO_CERTIFICATE
    if outermost is None:
        return OPENED
    names = [one["name"] for one in chain["filters"]]
    return NOT_TLS if "envoy.filters.network.http_connection_manager" in names else RAW


def _chain(chains: Iterable[Json], port: int, transport: str, alpn: list[str]) -> Json | None:
    """Choose as Envoy does: by port, then transport, then ALPN; at each step what asks for nothing comes last.

    Nobody looks for TLS on a port for which no chain asks for it.
    """
    left = _matching(list(chains), "destinationPort", [port])
    if not any(_asked(one, "transportProtocol") == ["tls"] for one in left):
        transport = "raw_buffer"
    left = _matching(_matching(left, "transportProtocol", [transport]), "applicationProtocols", alpn)
    return left[0] if left else None


def _matching(chains: list[Json], key: str, wanted: list[Any]) -> list[Json]:
    asking = [one for one in chains if set(_asked(one, key)) & set(wanted)]
    return asking or [one for one in chains if not _asked(one, key)]


def _asked(chain: Json, key: str) -> list[Any]:
    found = chain.get("filterChainMatch", {}).get(key, [])
    return found if isinstance(found, list) else [found]


def rule(client: Resources, host: str, port: int) -> str:
    """Give the name of the DestinationRule that a client's cluster was made by, `-` for none."""
    return rule_of(next(one for one in client.clusters if one["name"] == f"outbound|{port}||{host}"))


def rule_of(cluster: Json) -> str:
    """Give the name of the DestinationRule that a cluster was made by, `-` for none."""
    made: str = cluster.get("metadata", {}).get("filterMetadata", {}).get("istio", {}).get("config", "/-")
    return made.rpartition("/")[2]
