"""A row in, the words of its columns out; whoever prints them makes them harmless."""

from collections.abc import Collection, Iterable

from meshguard.tls.check import Row
from meshguard.tls.client import GATEWAY, NONE, PASSTHROUGH, Client
from meshguard.tls.facts import Ref
from meshguard.tls.peer_authentication import DISABLE, PERMISSIVE, STRICT
from meshguard.tls.verdict import Layers

_MOST = 5  # clients that are named
_ACCEPTED = {STRICT: "mTLS", PERMISSIVE: "plaintext/mTLS", DISABLE: "plaintext"}
_WITHOUT_SIDECAR = {
    "excluded": "excluded port",
    "none": "no sidecar",
    "gateway": "gateway",
    "ambient": "ambient",
    "outside": "outside",
    "nobody": "nobody",
}


def target(row: Row) -> str:
    """Name what is dialled: `host:port`, with the subset where there is one."""
    return f"{row.host}:{row.port.number}" + (f" (subset {row.subset})" if row.subset else "")


def server(row: Row) -> str:
    """Say what the server takes: one of a few words."""
    if row.port.is_udp:
        return "not captured"
    if row.server.kind == "sidecar" and row.server.accepted is not None:
        return _ACCEPTED[row.server.accepted.mode]
    return _WITHOUT_SIDECAR[row.server.kind]


def client(row: Row) -> str:
    """Say what the client sends: one of a few words, or two of them joined where TLS stands within TLS."""
    return "nothing" if row.sent.is_blocked else layers(row.sent.layers)


def layers(found: Layers) -> str:
    """Write layers of TLS, the outermost first."""
    return "+".join(found) or "plaintext"


def authn_policy(row: Row) -> Ref | None:
    """Give the object that decides what the server takes, None where none does."""
    decides = row.server.kind == "sidecar" and not row.port.is_udp and row.server.accepted is not None
    return row.server.accepted.ref if decides and row.server.accepted is not None else None


def destination_rule(row: Row) -> Ref | None:
    """Give the rule that the client obeys, with the place in it that decides."""
    return None if row.sent.treatment is None else row.sent.treatment.ref


def place(ref: Ref) -> str:
    """Write an object with its place."""
    return f"{ref} ({ref.span.file}:{ref.span.line})" if ref.span.line else f"{ref} (built-in)"


def caller(one: Client) -> str:
    """Name a client."""
    if one.kind == NONE:
        return "no sidecar"
    labels = ",".join(f"{key}={value}" for key, value in one.labels)
    where = one.namespace + (f"{{{labels}}}" if labels else "")
    kind = {GATEWAY: "gateway", PASSTHROUGH: "passthrough gateway"}.get(one.kind, "")
    return f"{kind} {where}".strip() or "other namespaces"


def callers(clients: Iterable[Client], of: Collection[Client] = ()) -> str:
    """Name several clients, and no more than a reader takes in; `of` are all that there are."""
    named = dict.fromkeys(clients)
    others = [one for one in of if one not in named]
    if len(named) > _MOST and 0 < len(others) <= _MOST:
        return f"all but {callers(others)}"
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return f"{', '.join(map(caller, list(named)[:_MOST]))}{more}"
