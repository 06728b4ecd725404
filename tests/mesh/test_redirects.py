"""What a gateway answers by itself: redirects, what of a route holds for them, and what callers make of them."""

from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import requests
import urllib3

from tests.mesh.by_hand import BARE, GATEWAY, PUBLIC, at, by_hand, from_outside, share, to, virtual_service
from tests.mesh.client import LIMIT
from tests.mesh.cluster import Lab
from tests.mesh.istio import Istio, admit
from tests.mesh.world import HTTP_PORT


def redirect(match: dict[str, Any], uri: str, code: int = 308, **more: Any) -> dict[str, Any]:
    """Write a rule that sends the caller to another path."""
    return {"match": [match], "redirect": {"uri": uri, "redirectCode": code}, **more}


def exact(path: str) -> dict[str, Any]:
    """Write a match of one path."""
    return {"uri": {"exact": path}}


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"rewrite": {"uri": "/older"}}, True),
        ({"route": [share(BARE)]}, True),
        ({"headers": {"response": {"set": {"cache-control": "max-age=60"}}}}, False),
    ],
)
def test_istio_refuses_a_redirect_that_is_also_something_else(
    more: Any,
    refused: bool,  # noqa: FBT001
    istio: Istio,
) -> None:
    said, _ = admit(istio, virtual_service(redirect(exact("/old"), "/new", **more)))

    assert bool(said) is refused


def test_the_gateway_answers_a_redirect_itself(each_lab: Lab) -> None:
    more: dict[str, Any] = {
        "headers": {"request": {"set": {"x-old": "1"}}, "response": {"set": {"cache-control": "max-age=60"}}},
        "corsPolicy": {"allowOrigins": [{"exact": "https://shop.example.com"}]},
    }
    settings: dict[str, Any] = {"timeout": "5s", "retries": {"attempts": 3, "retryOn": "5xx"}}
    routes = virtual_service(
        redirect(exact("/old"), "/new", **more),
        redirect(exact("/slow"), "/new", **settings),
        redirect(at("/all/"), "/new"),
        to(at("/new")),
    )

    with by_hand(each_lab, routes, workloads=[BARE]) as on:
        came = from_outside(on, "/old?a=1", origin="https://shop.example.com")
        assert (came.answer.status, came.answer.headers["location"], came.tries) == (
            308,
            f"http://{PUBLIC}/new?a=1",
            (),
        )
        assert came.answer.headers["cache-control"] == "max-age=60"
        assert "access-control-allow-origin" not in came.answer.headers
        assert from_outside(on, "/slow").answer.headers["location"] == f"http://{PUBLIC}/new"
        assert from_outside(on, "/all/orders/7").answer.headers["location"] == f"http://{PUBLIC}/new"
        assert from_outside(on, "/new").answer.status == 200


def test_a_circle_never_ends_and_an_unlisted_path_is_not_found(newest_lab: Lab) -> None:
    routes = virtual_service(
        redirect(exact("/a"), "/a"),
        redirect(exact("/b"), "/c"),
        redirect(exact("/c"), "/b"),
        {"match": [exact("/d")], "redirect": {"authority": PUBLIC, "redirectCode": 308}},
        redirect(exact("/old"), "/order"),
        redirect(exact("/good"), "/orders/archive"),
        to(at("/orders")),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:

        def followed(path: str) -> tuple[list[str], int]:
            seen: list[str] = []
            while True:
                answer = from_outside(on, path).answer
                if answer.status != 308 or len(seen) == 4:
                    return seen, answer.status
                path = answer.headers["location"].removeprefix(f"http://{PUBLIC}")
                seen.append(path)

        assert followed("/a?x=1") == (["/a?x=1"] * 4, 308)
        assert followed("/b") == (["/c", "/b"] * 2, 308)
        assert followed("/d") == (["/d"] * 4, 308)
        assert followed("/old") == (["/order"], 404)
        assert followed("/good") == (["/orders/archive"], 200)


# A client posts to a URL and follows what it is told; the gateway is its proxy, so that nothing asks DNS.
Post = Callable[[str, str, dict[str, str]], int]


def by_standard_library(gateway: str, url: str, headers: dict[str, str]) -> int:
    opener = build_opener(ProxyHandler({"http": gateway}))
    try:
        with opener.open(Request(url, b"body", headers), timeout=LIMIT) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def by_requests(gateway: str, url: str, headers: dict[str, str]) -> int:
    with requests.Session() as session:
        session.trust_env = False
        sent = session.post(url, b"body", headers=headers, proxies={"http": gateway}, timeout=LIMIT)
        return sent.status_code


def by_urllib3(gateway: str, url: str, headers: dict[str, str]) -> int:
    with urllib3.ProxyManager(gateway) as pool:
        return pool.request("POST", url, b"body", headers=headers, timeout=LIMIT).status


KEPT, LOST = ("POST", "4"), ("GET", None)
REPEATED: dict[Post, dict[int, tuple[str, str | None] | int]] = {
    by_standard_library: {301: LOST, 302: LOST, 303: LOST, 307: 307, 308: 308},  # it does not follow these two
    by_requests: {301: LOST, 302: LOST, 303: LOST, 307: KEPT, 308: KEPT},
    by_urllib3: {301: KEPT, 302: KEPT, 303: LOST, 307: KEPT, 308: KEPT},
}


@pytest.mark.parametrize("post", REPEATED, ids=lambda post: post.__name__)
def test_a_post_is_repeated_as_a_get_or_as_it_was(post: Post, newest_lab: Lab) -> None:
    codes = REPEATED[post]
    routes = virtual_service(*(redirect(exact(f"/{code}"), "/orders", code) for code in codes), to(at("/orders")))

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        gateway = f"http://{on.at(on.workload(GATEWAY).pod)}:{HTTP_PORT}"
        came: dict[int, object] = {}
        for code in codes:
            headers = {"x-case": f"{code}", "content-type": "text/plain"}
            status = post(gateway, f"http://{PUBLIC}/{code}", headers)
            seen = [(one.method, one.headers.get("content-length")) for one in on.backs.seen[f"{code}"]]
            came[code] = seen[0] if (status, len(seen)) == (200, 1) else status

    assert came == codes
