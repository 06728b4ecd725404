"""The decision table: what is sent and what takes it in, what becomes of the connection out.

What is sent is a tuple of layers, the outermost first: MESH (mutual TLS of the mesh), RULE (TLS that a
DestinationRule asks for), CALLER (TLS that the calling application speaks itself); nothing is plaintext.
Source: `filterchain_options.go` of Istio 1.27 and 1.31; the tests hold every cell against both.
"""

from typing import NamedTuple, TypeAlias

from meshguard.tls.peer_authentication import DISABLE, PERMISSIVE, STRICT

MESH, RULE, CALLER = "mTLS", "TLS", "app TLS"
Layers: TypeAlias = tuple[str, ...]

# What a sidecar does with a connection: its application gets it opened, gets it with TLS still on, or there is no
# filter chain for it, a certificate of the mesh is missing, or TLS comes where none is spoken.
OPENED, RAW, NO_CHAIN, NO_CERTIFICATE, NOT_TLS = "opened", "raw", "no-chain", "no-certificate", "not-tls"
REFUSED = frozenset({NO_CHAIN, NO_CERTIFICATE, NOT_TLS})
BLOCKED, UNSEEN = "blocked", "unseen"  # by the client's own proxy; nobody here knows
KEPT_BACK = "kept-back"  # whether the client's proxy has any addresses, nobody here knows
WAITING = "waiting"  # a proxy waits for the first bytes of a client that waits for the server's

OK, PLAINTEXT, APP_TLS, DOUBLE_TLS, CONFLICT, NOT_JUDGED = (
    "OK",
    "plaintext",
    "app TLS",
    "double TLS",
    "CONFLICT",
    "not judged",
)
FAILING = frozenset({CONFLICT, DOUBLE_TLS})


class Verdict(NamedTuple):
    """What becomes of a connection; `arrives` are the layers that the application gets, if it gets any."""

    status: str
    reception: str
    arrives: Layers


def received(mode: str, listener: str, outermost: str | None, *, looks_like_mesh: bool = False) -> str:
    """Tell what a sidecar does with a connection, by the mode of the port and the kind of its listener.

    `looks_like_mesh`: TLS that is none of the mesh announces itself (by ALPN) as if it were.
    """
    if outermost is None:
        return NO_CHAIN if mode == STRICT else OPENED
    if outermost == MESH and mode != DISABLE:
        return OPENED
    if mode == STRICT or (mode == PERMISSIVE and looks_like_mesh):
        return NO_CERTIFICATE
    if listener != "http":
        return RAW
    return NO_CHAIN if mode == PERMISSIVE else NOT_TLS


def at_sidecar(layers: Layers, mode: str, listener: str, speaks: str, *, looks_like_mesh: bool = False) -> Verdict:
    """Judge a connection that a sidecar takes."""
    outermost = layers[0] if layers else None
    reception = received(mode, listener, outermost, looks_like_mesh=looks_like_mesh)
    if reception in REFUSED:
        return Verdict(CONFLICT, reception, ())
    is_secured = reception == OPENED and layers[:1] == (MESH,)
    arrives = layers[1:] if is_secured else layers
    return Verdict(_status(arrives, speaks, is_secured=is_secured), reception, arrives)


def at_application(layers: Layers, speaks: str) -> Verdict:
    """Judge a connection that nothing stands in front of."""
    return Verdict(_status(layers, speaks, is_secured=False), RAW if layers else OPENED, layers)


def _status(arrives: Layers, speaks: str, *, is_secured: bool) -> str:
    """Name what an application makes of what arrives; no application opens mutual TLS of the mesh."""
    if MESH in arrives or (speaks == "plaintext" and arrives) or (speaks == "TLS" and not arrives):
        return CONFLICT
    if len(arrives) > 1:
        return DOUBLE_TLS
    if is_secured:
        return OK
    return APP_TLS if arrives else PLAINTEXT
