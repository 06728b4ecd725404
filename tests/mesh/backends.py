"""Addresses in, applications out that do as each request tells them, and remember what they saw.

A request's `x-answers` lists what its first, second, ... try gets; the last one holds for all that follow: a status
code, `hang`, `reset`, `refused` (HTTP/2: the stream), `grpc-14` (a gRPC status), or (HTTP/1.1) `stream`: an answer
that begins and never ends, as that of a switch to another protocol, `101`, does. `x-gives` lists headers of the
answer, with `|` between them. Its `x-case` is the name under which it is remembered. Both HTTP/1.1 and HTTP/2 are
spoken, in plain text or over TLS, as the caller likes.
"""

import asyncio
import json
import socket
import ssl
import struct
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

from tests.mesh.certificates import authority, certificate

_FIRST_BYTES = b"PRI * HTTP/2.0"
_HANDSHAKE = 0x16  # the first byte of TLS


class Tls(NamedTuple):
    """What an application that speaks TLS itself shows; `clients` signs the certificates that it asks for."""

    signer: str
    name: str
    clients: str | None = None


class Seen(NamedTuple):
    """One try that reached an application. Header names in lower case; `client` tells if it had a certificate.

    `when` is the time, in seconds since whenever.
    """

    address: str
    port: int
    method: str
    path: str
    headers: Mapping[str, str]
    version: str
    tls: bool = False
    client: bool = False
    when: float = 0


class Backends(NamedTuple):
    """Applications in a thread of their own, and what they saw, by case."""

    loop: asyncio.AbstractEventLoop
    seen: dict[str, list[Seen]]
    servers: list[asyncio.Server]


class _Peer(NamedTuple):
    """A connection to an application, and where it came in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str
    port: int
    tls: bool
    client: bool


@contextmanager
def backends() -> Iterator[Backends]:
    """Start the thread, and end it with all that listens."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="backends")
    thread.start()
    try:
        yield Backends(loop, defaultdict(list), [])
    finally:
        asyncio.run_coroutine_threadsafe(_end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end() -> None:
    """Cut what still hangs."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def listen(backs: Backends, address: str, port: int, tls: Tls | None = None) -> None:
    """Open a port, which no other program may have at all addresses (0.0.0.0)."""
    opened = asyncio.run_coroutine_threadsafe(_listen(backs, address, port, tls), backs.loop)
    try:
        backs.servers.append(opened.result())
    except OSError as error:
        raise AssertionError(f"the lab needs port {port}, and something on this machine listens there") from error


def greet(backs: Backends, address: str, port: int, greeting: bytes) -> None:
    """Open a port of an application that speaks first, as databases do; `address:port` sees what it is told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            writer.write(greeting)
            await writer.drain()
            said = await reader.read(65536)
            backs.seen[f"{address}:{port}"].append(Seen(address, port, "", said.decode("latin-1"), {}, ""))
        writer.close()

    opened = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(serve, address, port, reuse_address=True), backs.loop
    )
    backs.servers.append(opened.result())


def forward(backs: Backends, address: tuple[str, int], to: tuple[str, int], first: bytes = b"") -> None:
    """Hand connections on as a Service's address does, beginning with these bytes; a reset is passed on as one."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection(*to)
        except OSError:
            _reset(writer)
            return
        here.write(first)
        await asyncio.gather(_pump(reader, here), _pump(there, writer))

    opened = asyncio.run_coroutine_threadsafe(asyncio.start_server(relay, *address), backs.loop)
    backs.servers.append(opened.result())


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
    except ConnectionError:
        _reset(writer)


def stop(backs: Backends, address: tuple[str, int]) -> None:
    """Close one port."""
    (found,) = [server for server in backs.servers if server.sockets[0].getsockname() == address]
    backs.servers.remove(found)
    asyncio.run_coroutine_threadsafe(_stop(found), backs.loop).result()


async def _stop(server: asyncio.Server) -> None:
    server.close()


def silence(backs: Backends) -> None:
    """Close every port, and every connection with it."""
    asyncio.run_coroutine_threadsafe(_close(backs), backs.loop).result()
    backs.servers.clear()


async def _close(backs: Backends) -> None:
    for server in backs.servers:
        for listening in server.sockets:
            backs.loop.remove_reader(listening)
    for _ in range(
        5
    ):  # what was accepted is begun: asyncio loses its socket where the server is closed before that
        await asyncio.sleep(0)
    for server in backs.servers:
        server.close()
    await _end()


def close(backs: Backends) -> None:
    """Close every port and forget what was seen."""
    silence(backs)
    backs.seen.clear()


async def _listen(backs: Backends, address: str, port: int, tls: Tls | None) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peercert")
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError, ProtocolError):
            await _serve(backs, _Peer(reader, writer, address, port, tls is not None, bool(peer)))
        writer.close()

    context = None if tls is None else server_context(tls)
    return await asyncio.start_server(serve, address, port, ssl=context, reuse_address=True)


def server_context(tls: Tls) -> ssl.SSLContext:
    """Give what an application needs to speak TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load(context, tls.signer, (tls.name,))
    if tls.clients is not None:
        context.load_verify_locations(cadata=authority(tls.clients).root)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def load(context: ssl.SSLContext, signer: str, names: tuple[str, ...] = (), identity: str | None = None) -> None:
    """Give a side of TLS its certificate; Python reads it from files only."""
    made = certificate(signer, names, identity)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "pem"
        path.write_text(made.chain + made.key)
        context.load_cert_chain(path)


async def _serve(backs: Backends, peer: _Peer) -> None:
    first = await peer.reader.read(65536)
    if first.startswith(_FIRST_BYTES):
        await _serve_http2(backs, peer, first)
    elif first[:1] == bytes([_HANDSHAKE]):
        backs.seen["TLS"].append(Seen(peer.address, peer.port, "TLS", "", {}, "TLS"))
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await peer.writer.drain()
    elif first:
        await _serve_http1(backs, peer, first)


async def _serve_http1(backs: Backends, peer: _Peer, data: bytes) -> None:
    while data:
        while b"\r\n\r\n" not in data:
            data += await _more(peer)
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = joined(line.partition(":")[::2] for line in lines[1:])
        data = await _after_body(peer, headers, data)
        answer = _remember(backs, peer, (method, path, "HTTP/1.1"), headers)
        if answer == "hang":
            await peer.reader.read()
            return
        if answer == "reset":
            _reset(peer.writer)
            return
        peer.writer.write(_http1_answer(method, answer, headers.get("x-gives", "")))
        await peer.writer.drain()
        if answer in _ENDLESS:
            await peer.reader.read()
            return
        data = data or await peer.reader.read(65536)


async def _more(peer: _Peer) -> bytes:
    more = await peer.reader.read(65536)
    if not more:
        raise asyncio.IncompleteReadError(b"", None)
    return more


async def _after_body(peer: _Peer, headers: Mapping[str, str], data: bytes) -> bytes:
    """Give what follows the body of a request."""
    if headers.get("transfer-encoding") == "chunked":
        while b"0\r\n\r\n" not in data:
            data += await _more(peer)
        return data.partition(b"0\r\n\r\n")[2]
    length = int(headers.get("content-length", "0"))
    while len(data) < length:
        data += await _more(peer)
    return data[length:]


def joined(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Give headers by their names in lower case, and those of one name with commas between them."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = name.strip().lower()
        headers[key] = f"{headers[key]},{value.strip()}" if key in headers else value.strip()
    return headers


def _remember(backs: Backends, peer: _Peer, line: tuple[str, str, str], headers: Mapping[str, str]) -> str:
    """Note a try, and give what it gets."""
    method, path, version = line
    tries = backs.seen[headers.get("x-case", "")]
    now = time.monotonic()
    tries.append(Seen(peer.address, peer.port, method, path, headers, version, peer.tls, peer.client, now))
    answers = headers.get("x-answers", "200").split()
    return answers[min(len(tries), len(answers)) - 1]


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a crash does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _answer_headers(answer: str) -> tuple[int, dict[str, str]]:
    if answer.startswith("grpc-"):
        return 200, {"content-type": "application/grpc", "grpc-status": answer.removeprefix("grpc-")}
    return int(answer), {"content-type": "application/json", "x-r-gone": "from the application"}


_ENDLESS = {
    "stream": b"HTTP/1.1 200 Answer\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nbegun",
}


def _http1_answer(method: str, answer: str, gives: str) -> bytes:
    if answer in _ENDLESS:
        return _ENDLESS[answer]
    status, headers = _answer_headers(answer)
    body = json.dumps({"answer": answer}).encode()
    lines = [f"HTTP/1.1 {status} Answer", *(f"{name}: {value}" for name, value in headers.items())]
    lines += gives.split("|") if gives else []
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + (b"" if method == "HEAD" else body)


async def _serve_http2(backs: Backends, peer: _Peer, data: bytes) -> None:
    connection = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
    connection.initiate_connection()
    asked: dict[int, dict[str, str]] = {}
    while data:
        for event in connection.receive_data(data):
            _http2_event(backs, peer, connection, asked, event)
        peer.writer.write(connection.data_to_send())
        await peer.writer.drain()
        data = await peer.reader.read(65536)


def _http2_event(
    backs: Backends, peer: _Peer, connection: H2Connection, asked: dict[int, dict[str, str]], event: Event
) -> None:
    if isinstance(event, RequestReceived) and event.stream_id is not None:
        asked[event.stream_id] = joined((str(name), str(value)) for name, value in event.headers or ())
    elif isinstance(event, DataReceived) and event.stream_id is not None:
        connection.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
    elif isinstance(event, StreamEnded) and event.stream_id is not None:
        headers = asked.pop(event.stream_id)
        line = (headers[":method"], headers[":path"], "HTTP/2")
        answer = _remember(backs, peer, line, {**headers, "host": headers[":authority"]})
        _http2_answer(connection, event.stream_id, headers[":method"], answer)


def _http2_answer(connection: H2Connection, stream: int, method: str, answer: str) -> None:
    if answer == "hang":
        return
    if answer in {"reset", "refused"}:
        code = ErrorCodes.REFUSED_STREAM if answer == "refused" else ErrorCodes.INTERNAL_ERROR
        connection.reset_stream(stream, code)
        return
    status, headers = _answer_headers(answer)
    bare = method == "HEAD" or answer.startswith("grpc-")
    connection.send_headers(stream, [(":status", str(status)), *headers.items()], end_stream=bare)
    if not bare:
        connection.send_data(stream, json.dumps({"answer": answer}).encode(), end_stream=True)
