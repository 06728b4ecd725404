"""What a timeout and a limit of connections do to answers that do not end."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.mesh.by_hand import (
    BARE,
    GATEWAY,
    PUBLIC,
    at,
    by_hand,
    destination_rule,
    from_outside,
    to,
    virtual_service,
)
from tests.mesh.client import dial
from tests.mesh.cluster import Cluster, Lab, logged
from tests.mesh.world import HTTP_PORT

UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\n"


@contextmanager
def stream(on: Cluster, path: str, answer: str, case: str) -> Iterator[socket.socket]:
    """Open a stream through the gateway, and give it when its first bytes are there."""
    with dial(on.at(on.workload(GATEWAY).pod), HTTP_PORT) as connection:
        more = UPGRADE if answer == "101" else ""
        head = f"GET {path} HTTP/1.1\r\nhost: {PUBLIC}\r\nx-case: {case}\r\nx-answers: {answer}\r\n{more}\r\n"
        connection.sendall(head.encode())
        got = b""
        while b"begun" not in got:
            more_of_it = connection.recv(65536)
            assert more_of_it, got
            got += more_of_it
        yield connection


def test_a_timeout_ends_a_stream(newest_lab: Lab) -> None:
    retries = {"attempts": 2, "retryOn": "5xx"}
    routes = virtual_service(to(at("/cut/"), timeout="2s", retries=retries), to(at("/kept/")))

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        with stream(on, "/cut/", "stream", "cut") as connection:
            assert b"" in iter(lambda: connection.recv(65536), None)
        line = logged(on, GATEWAY, "cut")
        kept = from_outside(on, "/kept/").tries[0].headers

        tries = len(on.backs.seen["cut"])

    assert (line["details"], tries) == ("response_timeout", 1)
    assert "x-envoy-expected-rq-timeout-ms" not in kept


def test_a_timeout_does_not_end_a_websocket(each_lab: Lab) -> None:
    """It outlives a stream that began after it, with the same timeout."""
    routes = virtual_service(to(timeout="300ms"))

    with by_hand(each_lab, routes, workloads=[BARE]) as on, stream(on, "/", "101", "open") as websocket:
        with stream(on, "/", "stream", "cut") as events:
            assert b"" in iter(lambda: events.recv(65536), None)
        websocket.settimeout(0)
        with pytest.raises(BlockingIOError):
            websocket.recv(65536)


def test_a_stream_holds_one_of_the_connections(newest_lab: Lab) -> None:
    pool = destination_rule(connectionPool={"tcp": {"maxConnections": 1}})
    streams = virtual_service(to(at("/events/")), to(timeout="1s"))

    with by_hand(newest_lab, streams, pool, workloads=[BARE]) as on:
        assert from_outside(on).answer.status == 200
        with stream(on, "/events/", "stream", "events"):
            came = from_outside(on)
    assert (came.answer.status, came.tries) == (504, ())
