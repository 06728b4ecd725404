"""What becomes of headers that a route changes, and of what they mean to the next one who reads them."""

from typing import Any

import pytest

from tests.mesh.by_hand import BARE, GATEWAY, ORDERS, PUBLIC, at, by_hand, from_outside, to, virtual_service
from tests.mesh.client import Ask, call_http2, dial
from tests.mesh.cluster import Lab
from tests.mesh.istio import Istio, admit
from tests.mesh.world import HTTP_PORT


def changed(path: str, side: str = "request", **operations: Any) -> dict[str, Any]:
    """Write a rule that changes headers."""
    return to(at(path), headers={side: operations})


SMUGGLED = b"bodGET /hidden HTTP/1.1\r\nhost: x\r\nx-case: smuggled\r\n\r\n"


def test_a_length_written_by_hand_splits_a_request_in_two(newest_lab: Lab) -> None:
    routes = virtual_service(
        changed("/short/", set={"content-length": "3"}),
        changed("/good/", "response", set={"content-language": "en"}),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        good = from_outside(on, "/good/", "POST", body=SMUGGLED)
        assert (good.answer.status, good.tries[0].headers["content-length"]) == (200, str(len(SMUGGLED)))
        assert good.answer.headers["content-language"] == "en"
        assert on.backs.seen["smuggled"] == []
        bad = from_outside(on, "/short/", "POST", body=SMUGGLED)
        assert bad.tries[0].headers["content-length"] == "3"
        assert [seen.path for seen in on.backs.seen["smuggled"]] == ["/hidden"]


def test_a_length_written_by_hand_cuts_an_answer_off(newest_lab: Lab) -> None:
    routes = virtual_service(changed("/cut/", "response", set={"content-length": "3"}), to())

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        assert from_outside(on, "/cut/").answer.body == '{"a'
        assert from_outside(on, "/").answer.body == '{"answer": "200"}'


def test_what_says_how_to_read_a_body_is_gone_and_the_body_is_not(newest_lab: Lab) -> None:
    routes = virtual_service(
        changed("/typed/", remove=["Content-Type"]),
        changed("/packed/", "response", remove=["content-encoding"]),
        to(),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        typed, kept = (from_outside(on, path, "POST", content_type="text/x") for path in ("/typed/", "/"))
        packed, whole = (from_outside(on, path, x_gives="content-encoding: br") for path in ("/packed/", "/"))

    assert [one.tries[0].headers.get("content-type") for one in (typed, kept)] == [None, "text/x"]
    assert [one.answer.headers.get("content-encoding") for one in (packed, whole)] == [None, "br"]
    assert packed.answer.body == whole.answer.body


@pytest.mark.parametrize(("operation", "left"), [("set", "seen=1"), ("add", "a=1,b=2,seen=1")])
def test_set_leaves_one_cookie_and_add_keeps_them(operation: str, left: str, newest_lab: Lab) -> None:
    routes = virtual_service(changed("/", "response", **{operation: {"Set-Cookie": "seen=1"}}))

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        answer = from_outside(on, x_gives="set-cookie: a=1|set-cookie: b=2").answer

    assert answer.headers["set-cookie"] == left


def test_set_wins_over_remove_and_one_of_two_sets_is_lost(newest_lab: Lab) -> None:
    routes = virtual_service(
        changed("/removed/", set={"x-version": "2"}, remove=["X-Version"]),
        changed("/twice/", "response", set={"X-Frame-Options": "DENY", "x-frame-options": "SAMEORIGIN"}),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        removed = from_outside(on, "/removed/", x_version="1").tries[0].headers
        twice = from_outside(on, "/twice/").answer.headers

    assert removed["x-version"] == "2"
    assert twice["x-frame-options"] in {"DENY", "SAMEORIGIN"}


def test_headers_of_one_connection_go_out_as_they_are_set(newest_lab: Lab) -> None:
    routes = virtual_service(
        changed("/close/", set={"Connection": "close"}),
        changed("/chunked/", set={"transfer-encoding": "chunked"}),
        changed("/upgrade/", remove=["upgrade"]),
        changed("/answer/", "response", set={"keep-alive": "timeout=5", "te": "trailers"}),
        to(),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        close = from_outside(on, "/close/").tries[0].headers
        chunked = from_outside(on, "/chunked/", "POST", body=b"0\r\n\r\n").tries[0].headers
        upgrades = [
            len(from_outside(on, path, answers="101", connection="upgrade", upgrade="websocket").tries)
            for path in ("/upgrade/", "/")
        ]
        answer = from_outside(on, "/answer/").answer.headers
        gateway = on.at(on.workload(GATEWAY).pod)
        in_http2 = call_http2(dial(gateway, HTTP_PORT), Ask(PUBLIC, "/answer/"))

    assert close["connection"] == "close"
    assert (chunked["transfer-encoding"], chunked["content-length"]) == ("chunked", "5")
    assert upgrades == [0, 1]
    assert (answer["keep-alive"], answer["te"]) == ("timeout=5", "trailers")
    assert ("keep-alive" in in_http2.headers, in_http2.headers["te"]) == (False, "trailers")


def test_envoy_writes_server_after_the_route(newest_lab: Lab) -> None:
    routes = virtual_service(
        changed("/set/", "response", set={"server": "mine"}),
        changed("/gone/", "response", remove=["server", "x-powered-by"]),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        found = [from_outside(on, path, x_gives="x-powered-by: x").answer.headers for path in ("/set/", "/gone/")]

    assert [headers["server"] for headers in found] == ["istio-envoy", "istio-envoy"]
    assert "x-powered-by" in found[0]
    assert "x-powered-by" not in found[1]


def test_envoy_obeys_its_own_headers_and_believes_those_of_proxies(newest_lab: Lab) -> None:
    off = {"attempts": 0}
    obeyed = {"x-envoy-retry-on": "5xx", "x-envoy-max-retries": "4"}
    routes = virtual_service(
        to(at("/retried/"), retries=off, headers={"request": {"set": obeyed}}),
        to(at("/forged/"), retries=off, headers={"request": {"set": {"X-Forwarded-For": "10.0.0.1"}}}),
        to(at("/good/"), retries=off, headers={"request": {"set": {"x-forwarded-prefix": "/orders"}}}),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        tries = [len(from_outside(on, path, "POST", "503").tries) for path in ("/retried/", "/good/")]
        callers = [from_outside(on, path).tries[0].headers["x-forwarded-for"] for path in ("/forged/", "/good/")]

    assert tries == [5, 1]
    assert callers[0] == "10.0.0.1"
    assert callers[1] == "192.0.2.2"


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"request": {"remove": ["host"]}}, True),
        ({"response": {"add": {"host": "a.example.com"}}}, True),
        ({"request": {"set": {"x-forwarded-host": "orders.example.com"}}}, False),
    ],
)
def test_istio_refuses_some_changes_of_the_host(headers: Any, refused: bool, istio: Istio) -> None:  # noqa: FBT001
    said, _ = admit(istio, virtual_service(to(headers=headers)))

    assert bool(said) is refused


def test_a_host_that_is_set_becomes_the_hosts_of_the_request(each_lab: Lab) -> None:
    routes = virtual_service(changed("/bad/", set={"Host": "orders.internal.example.com"}), to())

    with by_hand(each_lab, routes, workloads=[ORDERS]) as on:
        hosts = [from_outside(on, path).tries[0].headers["host"] for path in ("/bad/", "/")]

    assert hosts == ["orders.internal.example.com", "orders.example.com"]


def test_a_cookie_is_compared_with_all_cookies_of_the_caller(newest_lab: Lab) -> None:
    def cookies(text: str) -> dict[str, Any]:
        return to(at("/", headers={"cookie": {"exact": text}}), headers={"response": {"set": {"x-took": text}}})

    routes = virtual_service(cookies("canary=always"), cookies("tenant=a; robot=1"), to())

    with by_hand(newest_lab, routes) as on:
        took = {
            sent: from_outside(on, cookie=sent).answer.headers.get("x-took")
            for sent in ("canary=always", "session=1; canary=always", "tenant=a; robot=1")
        }

    assert took == {
        "canary=always": "canary=always",
        "session=1; canary=always": None,
        "tenant=a; robot=1": "tenant=a; robot=1",
    }
