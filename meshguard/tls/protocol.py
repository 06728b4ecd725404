"""What a port speaks to Istio: number, name and appProtocol of a Service's port in, a protocol out.

AUTO is what Istio finds out from the first bytes of every connection.
"""

AUTO = "auto"
MYSQL = "MYSQL"  # of which the server speaks first
HTTP = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"})
OPENED_BY_APPLICATION = frozenset({"HTTPS", "TLS"})

_KNOWN = {word.lower(): word for word in (*HTTP, *OPENED_BY_APPLICATION, "TCP", "UDP", "MONGO", "REDIS", MYSQL)}
_BY_NUMBER = frozenset({25, 53, 3306, 27017})  # servers that speak first, so that nothing can be found out
_STANDARD = {  # names of Kubernetes, and the Istio that first knew them
    "kubernetes.io/h2c": ("HTTP2", (1, 19)),
    "kubernetes.io/ws": ("HTTP", (1, 24)),
    "kubernetes.io/wss": ("HTTPS", (1, 24)),
}


def service_protocol(
    number: int, name: str, transport: str, app_protocol: str | None, istio: tuple[int, int]
) -> str:
    """Give the protocol of a Service's port; an appProtocol stands over the name, an unknown or empty one too."""
    if transport == "UDP":
        return "UDP"
    said = name if app_protocol is None else app_protocol
    if app_protocol in _STANDARD and istio >= _STANDARD[app_protocol][1]:
        return _STANDARD[app_protocol][0]
    if said.lower().startswith("grpc-web"):
        return "GRPC-WEB"
    found = entry_protocol(said.partition("-")[0])
    return "TCP" if found == AUTO and number in _BY_NUMBER else found


def entry_protocol(word: str) -> str:
    """Give the protocol of a port of a ServiceEntry, a Sidecar or a Gateway, where the whole word counts."""
    return _KNOWN.get(word.lower(), AUTO)


def listener(protocol: str) -> str:
    """Give the kind of listener that a proxy has for a protocol: `http`, `tcp` or `auto`."""
    if protocol in HTTP:
        return "http"
    return AUTO if protocol == AUTO else "tcp"
