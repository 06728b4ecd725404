"""What a gateway answers browsers: the headers that decide whether a page may call."""

from typing import Any

from tests.mesh.by_hand import BARE, at, by_hand, from_outside, to, virtual_service
from tests.mesh.client import Answer
from tests.mesh.cluster import Cluster, Lab

SHOP, ADMIN, EVIL = "https://shop.example.com", "https://admin.example.com", "https://evil.example"


def allowing(path: str, origins: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    """Write a path with CORS."""
    rule = {key: more.pop(key) for key in ("headers",) if key in more}
    return to(at(path), corsPolicy={"allowOrigins": origins, **more}, **rule)


def preflight(on: Cluster, path: str, origin: str, method: str = "PUT") -> Answer:
    """Ask as a browser does before it sends something."""
    return from_outside(on, path, "OPTIONS", origin=origin, access_control_request_method=method).answer


ROUTES = virtual_service(
    allowing("/any/", [{"regex": ".*"}], allowCredentials=True),
    allowing("/star/", [{"exact": "*"}], allowCredentials=True),
    allowing("/one/", [{"exact": SHOP}], allowCredentials=True, allowMethods=["GET", "PUT"], exposeHeaders=["*"]),
    allowing("/stars/", [{"exact": SHOP}], allowCredentials=True, allowMethods=["*"], allowHeaders=["*"]),
    allowing("/ignored/", [{"exact": SHOP}], unmatchedPreflights="IGNORE"),
    allowing("/port/", [{"exact": f"{SHOP}:443"}, {"exact": "wss://chat.example.com"}]),
    allowing("/com/", [{"regex": r"https://[^/]+\.com"}]),
    allowing("/headers/", [{"exact": SHOP}], headers={"response": {"set": {"access-control-allow-origin": EVIL}}}),
    to(at("/by-header/"), headers={"response": {"set": {"access-control-allow-origin": SHOP}}}),
    to(
        {"uri": {"prefix": "/get/"}, "method": {"exact": "GET"}},
        headers={"response": {"set": {"access-control-allow-origin": SHOP}}},
    ),
    allowing("/twice/", [{"exact": SHOP}]),
    allowing("/twice/", [{"exact": ADMIN}]),
)
ORIGIN, METHODS = "access-control-allow-origin", "access-control-allow-methods"


def test_who_may_call(each_lab: Lab) -> None:
    with by_hand(each_lab, ROUTES, workloads=[BARE]) as on:

        def allowed(path: str, origin: str) -> str | None:
            return from_outside(on, path, origin=origin).answer.headers.get(ORIGIN)

        star = from_outside(on, "/star/", origin=EVIL).answer.headers
        assert (star[ORIGIN], star["access-control-allow-credentials"]) == (EVIL, "true")
        assert (allowed("/one/", SHOP), allowed("/one/", EVIL)) == (SHOP, None)
        assert allowed("/port/", SHOP) is None
        assert allowed("/port/", "https://chat.example.com") is None
        assert allowed("/com/", "https://evil.com") == "https://evil.com"
        assert allowed("/headers/", SHOP) == SHOP
        assert allowed("/twice/", SHOP) == SHOP
        assert allowed("/twice/", ADMIN) is None


def test_what_is_said_before_a_request(each_lab: Lab) -> None:
    with by_hand(each_lab, ROUTES, workloads=[BARE]) as on:
        one = preflight(on, "/one/", SHOP, "DELETE")
        assert (one.status, one.headers[METHODS]) == (200, "GET,PUT")
        stars = from_outside(
            on,
            "/stars/",
            "OPTIONS",
            origin=SHOP,
            access_control_request_method="PUT",
            access_control_request_headers="x-a",
        ).answer.headers
        assert (stars[METHODS], stars["access-control-allow-headers"]) == ("PUT", "x-a")
        exposed = from_outside(on, "/one/", origin=SHOP).answer.headers
        assert exposed["access-control-expose-headers"] == "*"
        assert from_outside(on, "/by-header/", "OPTIONS", "405", origin=SHOP).answer.status == 405
        assert preflight(on, "/get/", SHOP).status == 404
        asked: dict[str, Any] = {
            "origin": EVIL,
            "access_control_request_method": "PUT",
            "x_gives": f"{ORIGIN}: {EVIL}",
        }
        reached = from_outside(on, "/one/", "OPTIONS", **asked)
        assert (len(reached.tries), reached.answer.headers.get(ORIGIN)) == (1, EVIL)
        ignored = from_outside(on, "/ignored/", "OPTIONS", **asked)
        assert (ignored.tries, ignored.answer.headers.get(ORIGIN)) == ((), None)
