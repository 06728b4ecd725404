"""A request in, what its sender gets out: from outside, or from an application whose sidecar captures its calls."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from tests.mesh.backends import joined, load

LIMIT = 30  # seconds: only what hangs for ever takes that long


class Ask(NamedTuple):
    """One request."""

    host: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b"body"  # of POST, PUT and PATCH


class Answer(NamedTuple):
    """What came back; headers of one name are joined by commas.

    `status` is 0 where it was no HTTP, and `failure` then says what happened.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""
    failure: str = ""


class Speaks(NamedTuple):
    """How a client speaks TLS itself: the name that it sends, and what it shows.

    That is a certificate of the mesh (`identity`: namespace/account), or one of another authority (`shows`).
    """

    server_name: str | None
    identity: str | None = None
    alpn: tuple[str, ...] = ()
    shows: str | None = None


def call(connection: socket.socket, ask: Ask) -> Answer:
    """Send one request over an open connection."""
    talk = http.client.HTTPConnection(ask.host)
    talk.sock = connection
    try:
        talk.putrequest(ask.method, ask.path, skip_host=True, skip_accept_encoding=True)
        body = ask.body if ask.method in {"POST", "PUT", "PATCH"} else b""
        more = {"content-length": str(len(body))} if body else {}
        for name, value in {"host": ask.host, **ask.headers, **more}.items():
            talk.putheader(name, value)
        talk.endheaders(body or None)
        response = talk.getresponse()
        content = response.read().decode("latin-1")
        return Answer(response.status, joined(response.getheaders()), content)
    except (OSError, http.client.HTTPException) as failure:
        return Answer(0, failure=f"{type(failure).__name__}: {failure}")
    finally:
        talk.close()


def call_http2(connection: socket.socket, ask: Ask) -> Answer:
    """Send one request over an open connection, in HTTP/2 as a client does that both sides agreed on."""
    talk = H2Connection(H2Configuration(client_side=True))
    talk.initiate_connection()
    fields = {":method": ask.method, ":path": ask.path, ":scheme": "https", ":authority": ask.host, **ask.headers}
    talk.send_headers(1, list(fields.items()), end_stream=True)
    status, headers, body, ended = 0, {}, "", False
    try:
        connection.sendall(talk.data_to_send())
        while not ended:
            data = connection.recv(65536)
            if not data:
                return Answer(status, failure="closed")
            for event in talk.receive_data(data):
                if isinstance(event, ResponseReceived):
                    headers = joined((name.decode(), value.decode()) for name, value in event.headers or ())
                    status = int(headers.pop(":status"))
                elif isinstance(event, DataReceived):
                    body += (event.data or b"").decode()
                ended = ended or isinstance(event, StreamEnded | StreamReset | ConnectionTerminated)
    except (OSError, ProtocolError) as failure:
        return Answer(0, failure=f"{type(failure).__name__}: {failure}")
    finally:
        connection.close()
    return Answer(status, headers, body)


def dial(address: str, port: int) -> socket.socket:
    """Open a connection."""
    connection = socket.create_connection((address, port), timeout=LIMIT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def captured(pod: str, address: str, port: int) -> socket.socket:
    """Open a connection as an application does whose sidecar takes it, and is told where it was to go."""
    connection = dial(pod, 15001)
    connection.sendall(f"PROXY TCP4 {pod} {address} 40000 {port}\r\n".encode())
    return connection


def secured(connection: socket.socket, speaks: Speaks) -> ssl.SSLSocket:
    """Speak TLS over an open connection; ssl.SSLError where the other side does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if speaks.shows is not None:
        load(context, speaks.shows, (speaks.shows,))
    if speaks.identity is not None:
        load(context, "mesh", identity=speaks.identity)
    if speaks.alpn:
        context.set_alpn_protocols(list(speaks.alpn))
    return context.wrap_socket(connection, server_hostname=speaks.server_name)
