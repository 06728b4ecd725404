"""A row in, a few sentences out: which object decides, what becomes of the connection, and what the caller sees.

What callers see was observed on Envoy behind the configuration of Istio 1.27 and 1.31.
"""

from typing import NamedTuple

from meshguard.tls import words
from meshguard.tls.check import Row
from meshguard.tls.client import GATEWAY, NONE, PASSTHROUGH, SIDECAR
from meshguard.tls.destination_rule import Obeyed
from meshguard.tls.facts import Ref
from meshguard.tls.protocol import AUTO, HTTP
from meshguard.tls.verdict import (
    APP_TLS,
    BLOCKED,
    CALLER,
    CONFLICT,
    DOUBLE_TLS,
    KEPT_BACK,
    MESH,
    NO_CERTIFICATE,
    NO_CHAIN,
    NOT_JUDGED,
    NOT_TLS,
    OPENED,
    PLAINTEXT,
    RULE,
    WAITING,
)


class Seen(NamedTuple):
    """What a caller gets: an HTTP status and Envoy's response flags, empty where there are none, and in words."""

    status: str
    flags: str
    words: str


_RESET = "a connection that is reset"
_OWN_TLS = "an error of its own TLS handshake"
_DISCONNECTED = "upstream connect error or disconnect/reset before headers"
_UNVERIFIED = "TLS_error: CERTIFICATE_VERIFY_FAILED"
_WRONG_VERSION = "TLS_error: WRONG_VERSION_NUMBER"


def explain(row: Row) -> tuple[str, ...]:
    """Tell of a row in sentences, in the order of the way that a connection takes."""
    told = [_who(row), _route(row), _client(row), _server(row), _outcome(row), *_assumptions(row)]
    return tuple(sentence for sentence in told if sentence)


def _who(row: Row) -> str:
    protocol = "found out from each connection" if row.port.protocol == "auto" else row.port.protocol
    alias = "" if row.host == row.service.host else f", another name of {row.service.host}"
    return f"{words.target(row)}{alias} ({protocol}), called by {words.callers(row.clients)}: {row.verdict.status}"


def _route(row: Row) -> str:
    """Name what brings a client here that does not dial this port itself."""
    route = row.sent.route
    if route is None:
        return ""
    plain = ", with what came as plain HTTP" if row.clients[0].kind == SIDECAR else ""
    return f"The VirtualService {words.place(route.ref)} sends here by a route of `{route.kind}`{plain}"


_PLACES = {
    "client": "stands in the client's own namespace and so comes first",
    "service": "stands in the service's namespace, and the client's own has none for the host",
    "root": "stands in the root namespace, and neither the client's own nor the service's has one for the host",
}


def _rule(found: Obeyed, ref: Ref) -> str:
    host = found.merged.rule.host
    return f"The DestinationRule {words.place(ref)} for '{host}' {_PLACES[found.place]}"


# Why a client sends what it sends: where a rule says it, where it chooses, where its proxy does not know the port.
_SAID = {
    "said": "It says {mode} in its {part}",
    "no-mode": "Its {part} has `tls` without a mode, which means DISABLE",
    "credential-of-sidecar": (
        "It says {mode} with a credentialName, which sidecars ignore without a workloadSelector, so that no TLS is"
        " spoken at all"
    ),
    "no-certificate": "It says MUTUAL without a certificate of the client's own, so that no TLS is spoken at all",
    "entry-without-tls": (
        "Its {part} has no `tls`, which hides the `tls` above it from the client's cluster and not from its"
        " endpoints"
    ),
}
_CHOSEN = {
    "auto": "chooses by itself, and takes the pods for ones of the mesh by their mark (tlsMode: istio)",
    "all-marked": "chooses by itself for all pods together, which all have Istio's mark (tlsMode: istio)",
    "not-marked": "chooses by itself, and the pods have no mark of the mesh (tlsMode: istio)",
    "not-all-marked": "chooses by itself for all pods together, and not all of them are known to have a sidecar",
    "namespace-disabled": (
        "chooses by itself, and looks only at the PeerAuthentication of the namespace or mesh, which says DISABLE,"
        " whatever one for pods or ports says"
    ),
    "port-disabled": "chooses by itself, and the PeerAuthentication of the pods says DISABLE for the port",
    "auto-off": "adds nothing by itself, as automatic mutual TLS is switched off",
    "external": "adds nothing by itself on the way out of the mesh",
}
_UNKNOWN = {
    "not-exported": "does not see the service, which is not exported to its namespace",
    "not-imported": "does not see the service, which the egress hosts of the Sidecar {scope} leave out",
    "hidden": "has nothing for this port, as something else of this host comes first, and the two are not made one",
    "alias": "has nothing for this name, which is only another one for '{alias}'",
    "named-udp": "has no listener for a port that is named UDP",
    "reserved": "has no listener for a port that is the proxy's own",
}


def _client(row: Row) -> str:
    sent = row.sent
    if sent.why == "udp":
        return "UDP is not captured by sidecars: neither rules nor policies hold for it"
    if sent.why == "no-proxy":
        spoken = "plaintext, or TLS that fares alike" if row.port.protocol == AUTO else words.layers(sent.layers)
        return f"The caller has no proxy, so that it sends what it speaks itself: {spoken}"
    whole = words.layers(sent.layers)
    if sent.why in _UNKNOWN:
        scope = "" if sent.scope is None else words.place(sent.scope)
        why = _UNKNOWN[sent.why].format(scope=scope, alias=row.service.alias)
        then = (
            "nothing gets out (REGISTRY_ONLY)" if row.clients[0].kind == SIDECAR else "there is nowhere to send to"
        )
        return f"The client's proxy {why}: " + (then if sent.is_blocked else f"it passes on what it gets, {whole}")
    if sent.obeyed is None or sent.treatment is None:
        return f"No DestinationRule holds for the client. It {_CHOSEN[sent.why]}: it sends {whole}"
    rule = _rule(sent.obeyed, sent.treatment.ref)
    if sent.why not in _SAID:
        return f"{rule}. It says nothing of TLS, so that the client {_CHOSEN[sent.why]}: it sends {whole}"
    mode = "" if sent.treatment.tls is None else sent.treatment.tls.mode
    return f"{rule}. {_SAID[sent.why].format(mode=mode, part=sent.treatment.part)}: the client sends {whole}"


_LEVELS = {"port": "for this container port", "workload": "for these pods", "namespace": "for the namespace"}
_TAKES = {
    "STRICT": "the server takes mutual TLS of the mesh and nothing else",
    "PERMISSIVE": "the server takes plaintext and mutual TLS of the mesh",
    "DISABLE": "the server takes no mutual TLS of the mesh",
}
_NO_SIDECAR = {
    "excluded": "Annotations keep container port {port} from the sidecar: what is sent reaches the application",
    "none": "The pods have no sidecar: what is sent reaches the application",
    "gateway": "The pods are a gateway: what it takes is what Gateway objects say",
    "ambient": "The pods are in ambient mode, which is not judged here",
    "outside": "What stands there is no pod with a sidecar: what is sent reaches it as it is",
    "nobody": "",
}


def _server(row: Row) -> str:
    if row.port.is_udp or row.sent.is_blocked:
        return ""
    found = row.server.accepted
    if row.server.kind == "outside" and row.verdict.status == NOT_JUDGED:
        return f"What stands there is said to be of the mesh, and may have a proxy or not{_pods(row)}"
    if row.server.kind != "sidecar" or found is None:
        return _NO_SIDECAR[row.server.kind].format(port=row.server.port) + _pods(row)
    takes = f"{_TAKES[found.mode]}{_pods(row)}"
    if found.ref is None:
        return f"No PeerAuthentication holds, so that the mode is PERMISSIVE: {takes}"
    level = _LEVELS.get(found.level, "for the mesh")
    what = "The policy" if found.ref.kind == "policy" else "The PeerAuthentication"
    return f"{what} {words.place(found.ref)} says {found.mode} {level}: {takes}"


def _pods(row: Row, most: int = 3) -> str:
    """Name the pods, where they are known."""
    named = [f"{ref.kind} {ref}" for ref in row.server.workloads]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return f" ({', '.join(named[:most])}{more})" if named else ""


_UNTOLD = {
    KEPT_BACK: (
        "The exportTo of the Service has '~': proxies that know it all the same get its pods as they were at some"
        " moment, or none, which cannot be told from here"
    ),
}


def _outcome(row: Row) -> str:
    status = row.verdict.status
    if status == NOT_JUDGED:
        return _UNTOLD.get(row.verdict.reception, "What becomes of it cannot be told from here")
    if status == PLAINTEXT:
        return "It works, and nothing of it is encrypted by the mesh"
    if status == APP_TLS and row.sent.layers[:1] == (RULE,):
        return "The TLS that the client's proxy adds reaches what stands there, which must open it itself"
    if status == APP_TLS:
        return "TLS reaches the application, which must open it itself; the mesh neither opens nor adds any"
    if status in {CONFLICT, DOUBLE_TLS}:
        seen = caller_sees(row)
        code = f"status {seen.status}, " if seen.status else ""
        flags = f" (response flags {seen.flags})" if seen.flags else ""
        return f"{_CAUSES.get(row.verdict.reception, _cause(row))}: the caller gets {code}{seen.words}{flags}"
    return "It works, encrypted and with identities of the mesh on both sides"


_CAUSES = {
    NO_CHAIN: "The server has no filter chain for that and closes the connection",
    NO_CERTIFICATE: "The server asks for a certificate of the mesh, which such a connection does not have",
    NOT_TLS: "The server expects plaintext HTTP and gets TLS",
    WAITING: (
        "The server speaks first, and a proxy on the way waits for the client's first bytes to find out what is"
        " spoken"
    ),
    BLOCKED: "The request does not leave the client's proxy",
}


def _cause(row: Row) -> str:
    arrives = row.verdict.arrives
    if row.verdict.status == DOUBLE_TLS:
        return "The application opens one layer of TLS and finds another within"
    if MESH in arrives:
        return "Mutual TLS of the mesh reaches the application, which cannot open it"
    if arrives:
        return "TLS reaches an application whose port is declared as plaintext"
    return "Plaintext reaches an application that expects TLS"


def caller_sees(row: Row) -> Seen:
    """Tell what a caller gets of a connection that fails, and what its proxy logs."""
    layers = row.sent.layers
    is_http = _speaks_http(row)
    if row.verdict.reception == BLOCKED:
        return _blocked(row, is_http=is_http)
    if row.verdict.reception == WAITING:
        return Seen("", "", "a connection on which nothing comes until somebody gives up")
    if row.clients[0].kind == NONE or _reaches_application(row):
        return Seen("", "", _OWN_TLS if layers else _RESET)
    if is_http:
        return Seen("503", *_over_tls(row)) if layers else Seen("503", "UC", _DISCONNECTED)
    if _is_late(row):
        return Seen("", "", _RESET)
    return Seen("", "UF,URX" if layers else "UR", _RESET)


def _reaches_application(row: Row) -> bool:
    """Tell whether the caller's own handshake fails, as all proxies on the way are through with theirs."""
    layers = row.sent.layers
    is_through = CALLER in layers and row.verdict.reception == OPENED
    return is_through or layers[:1] == (CALLER,) or row.verdict.status == DOUBLE_TLS


def _speaks_http(row: Row) -> bool:
    """Tell whether it is a request that a proxy answers: a gateway may also pass on a mere connection."""
    if row.sent.route is not None:
        return row.sent.route.kind == "http"
    return row.clients[0].kind == GATEWAY or (row.port.protocol in HTTP and row.clients[0].kind != PASSTHROUGH)


def _over_tls(row: Row) -> tuple[str, str]:
    """Tell what a caller of plain HTTP gets whose proxy speaks TLS in vain: flags, and words."""
    reception = row.verdict.reception
    if reception == OPENED or _is_late(row):
        return "UC", _DISCONNECTED
    if reception == NO_CERTIFICATE:
        return "URX,UF", _UNVERIFIED
    return "URX,UF", _RESET if reception == NO_CHAIN else _WRONG_VERSION


def _is_late(row: Row) -> bool:
    """Tell whether the client, which verifies nothing, is through with its handshake when it is turned away."""
    tls = None if row.sent.treatment is None else row.sent.treatment.tls
    return row.verdict.reception == NO_CERTIFICATE and tls is not None and tls.skips_verification


def _blocked(row: Row, *, is_http: bool) -> Seen:
    if row.clients[0].kind != SIDECAR:
        return Seen("503", "NC", "no cluster for the route")
    return Seen("502", "", "an answer of its own proxy") if is_http else Seen("", "UH", _RESET)


def _assumptions(row: Row) -> tuple[str, ...]:
    return tuple(f"Not known, and assumed: {assumed}" for assumed in row.server.assumed)
