"""What a gateway answers by itself: redirects, and what of a route holds for them."""

from typing import Any

import pytest

from tests.mesh.by_hand import BARE, PUBLIC, at, by_hand, from_outside, share, to, virtual_service
from tests.mesh.cluster import Lab
from tests.mesh.istio import Istio, admit


def redirect(match: dict[str, Any], uri: str, **more: Any) -> dict[str, Any]:
    """Write a rule that sends the caller to another path."""
    return {"match": [match], "redirect": {"uri": uri, "redirectCode": 308}, **more}


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
    more = {
        "headers": {"request": {"set": {"x-old": "1"}}, "response": {"set": {"cache-control": "max-age=60"}}},
        "corsPolicy": {"allowOrigins": [{"exact": "https://shop.example.com"}]},
    }
    settings = {"timeout": "5s", "retries": {"attempts": 3, "retryOn": "5xx"}}
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
