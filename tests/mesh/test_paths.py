"""Which requests a rule takes: paths, expressions and conditions, as a gateway compares them."""

from string import ascii_letters, digits
from typing import Any

import pytest

from tests.mesh.by_hand import BARE, PUBLIC, by_hand, from_outside, to, virtual_service
from tests.mesh.cluster import Lab
from tests.mesh.istio import Istio, admit


def exact(path: str) -> dict[str, Any]:
    """Write a match of one path."""
    return {"uri": {"exact": path}}


def prefix(path: str, **conditions: Any) -> dict[str, Any]:
    """Write a match of a path and all below it."""
    return {"uri": {"prefix": path}, **conditions}


def regex(text: str) -> dict[str, Any]:
    """Write a match of an expression."""
    return {"uri": {"regex": text}}


# A match, and paths with the answer of whether it takes them.
PATHS: list[tuple[dict[str, Any], dict[str, bool]]] = [
    (exact("/api/*"), {"/api/*": True, "/api/orders": False, "/api": False}),
    (prefix("/users/:id/"), {"/users/:id/orders": True, "/users/7/orders": False}),
    (exact("/health$"), {"/health$": True, "/health": False}),
    (regex("/star/*"), {"/star": True, "/star//": True, "/star/x": False}),
    (regex("/brace/{id}"), {"/brace/7": False}),
    (regex("/plain"), {"/plain": True, "/plain/": False, "/plain/x": False}),
    (regex("^/begin"), {"/begin": True, "/begin/x": False}),
    (regex("/v1.0/(?:users|shops)"), {"/v1.0/users": True, "/v1x0/users": True}),
    (regex(r"/w1\.0/(?:users|shops)"), {"/w1.0/users": True, "/w1x0/users": False}),
    (regex("/open.*"), {"/open": True, "/open/x": True, "/openkeys": True}),
    (regex(r"^/orders\.json$"), {"/orders.json": True, "/ordersxjson": False}),
    (regex("/below/.*"), {"/below/x": True, "/below": False}),
    (exact("/%41bc"), {"/%41bc": False, "/Abc": False}),
    (exact("/~user"), {"/~user": True, "/%7Euser": True}),
    (exact("/caf%c3%a9"), {"/caf%C3%A9": False}),
    (exact("/the%C3%A9"), {"/the%C3%A9": True}),
    (regex("noslash/[0-9]+"), {"/noslash/7": False}),
    (regex(r"/query\?id=[0-9]+"), {"/query?id=7": False}),
    (exact("/dots/./x"), {"/dots/./x": False}),
    (regex("/up/\\.\\./x"), {"/up/../x": False}),
    (regex("/bytes/é"), {"/bytes/%C3%A9": False}),
    (
        prefix("/page", queryParams={"page": {"exact": "^[0-9]+$"}}),
        {"/page?page=7": False, "/page?page=^[0-9]+$": True},
    ),
    (prefix("/space", queryParams={"q": {"exact": "a b"}}), {"/space?q=a%20b": False, "/space?q=a+b": False}),
    (prefix("/coded", queryParams={"q": {"exact": "a%20b"}}), {"/coded?q=a%20b": True}),
    (prefix("/city", queryParams={"q": {"exact": "Zürich"}}), {"/city?q=Z%C3%BCrich": False}),
]


def test_what_a_match_takes(each_lab: Lab) -> None:
    marked = [
        to(match, headers={"response": {"set": {"x-rule": str(number)}}}) for number, (match, _) in enumerate(PATHS)
    ]

    with by_hand(each_lab, virtual_service(*marked), workloads=[BARE]) as on:
        found = [
            {path: from_outside(on, path).answer.headers.get("x-rule") == str(number) for path in paths}
            for number, (_, paths) in enumerate(PATHS)
        ]

    assert found == [paths for _, paths in PATHS]


def test_conditions_are_compared_as_they_are_written(newest_lab: Lab) -> None:
    routes = virtual_service(
        to(prefix("/glob", headers={"x-client": {"exact": "mob*"}})),
        to(prefix("/both", headers={"X-Client": {"exact": "mobile"}, "x-client": {"exact": "web"}})),
        to(prefix("/one", headers={"X-Client": {"exact": "mobile"}})),
        to(prefix("/hop", headers={"keep-alive": {"exact": "timeout=5"}})),
        to(prefix("/host", headers={"host": {"exact": PUBLIC}})),
        to(prefix("/get", method={"exact": "GET"})),
    )

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:

        def status(path: str, host: str = PUBLIC, **headers: Any) -> int:
            return from_outside(on, path, host=host, **headers).answer.status

        assert (status("/glob", x_client="mobile"), status("/glob", x_client="mob*")) == (404, 200)
        assert (status("/both", x_client="mobile"), status("/both", x_client="web")) == (404, 404)
        assert status("/one", x_client="mobile") == 200
        assert status("/hop", keep_alive="timeout=5") == 404
        hosts = (PUBLIC, "Orders.example.com", f"{PUBLIC}:8443")
        assert [status("/host", host=host) for host in hosts] == [200, 404, 404]
        called = from_outside(on, "/get", "POST", content_type="application/grpc")
        assert (status("/get"), called.tries, called.answer.headers["grpc-status"]) == (200, (), "12")


def test_the_first_of_two_rules_that_take_a_request_gets_it(newest_lab: Lab) -> None:
    marks: list[dict[str, Any]] = [
        {"headers": {"response": {"set": {"x-rule": name}}}} for name in ("first", "second")
    ]
    twins = [
        (prefix("/twin"), prefix("/twin")),
        (prefix("/beta", headers={"x-a": {"exact": "1"}}), prefix("/beta", headers={"x-b": {"exact": "1"}})),
        (regex("/all/.*"), prefix("/all/orders")),
    ]
    for taken in (twins, [(other, one) for one, other in twins]):
        routes = virtual_service(
            *(to(match, **mark) for pair in taken for match, mark in zip(pair, marks, strict=True))
        )
        with by_hand(newest_lab, routes, workloads=[BARE]) as on:
            found = [
                from_outside(on, path, x_a="1", x_b="1").answer.headers["x-rule"]
                for path in ("/twin", "/beta", "/all/orders")
            ]
        assert found == ["first"] * 3


def test_what_a_rewrite_leaves_of_a_path(each_lab: Lab) -> None:
    routes = virtual_service(
        to(regex("/y[0-9]+/.*"), rewrite={"uri": "/orders"}),
        to(prefix("/v1"), rewrite={"uri": "/v2/$1"}),
        to(prefix("/same"), rewrite={"uri": "/same"}),
        to(prefix("/good"), rewrite={"uri": "/orders"}),
        {"match": [exact("/old")], "redirect": {"uri": "/v1/*"}},
    )

    with by_hand(each_lab, routes, workloads=[BARE]) as on:
        paths = ["/y1/a", "/y2/b", "/v1/x", "/same/x", "/good/a"]
        seen = [from_outside(on, path).tries[0].path for path in paths]
        moved = from_outside(on, "/old").answer.headers["location"]

    assert moved.endswith("/v1/*")
    assert seen == ["/orders", "/orders", "/v2/$1/x", "/same/x", "/orders/a"]


def test_only_what_need_not_be_encoded_is_decoded(each_lab: Lab) -> None:
    """Each printable character is sent with its code, in upper and in lower case."""
    sent = {f"/x%{code:{style}}y": chr(code) for code in range(32, 127) for style in ("02X", "02x")}

    with by_hand(each_lab, virtual_service(to()), workloads=[BARE]) as on:
        seen = {path: from_outside(on, path).tries[0].path for path in sent}

    plain = {*ascii_letters, *digits, *"-._~"}
    assert seen == {path: f"/x{one}y" if one in plain else path for path, one in sent.items()}


@pytest.mark.parametrize("text", ["/v1/(?!admin).*", "*.json", r"/(a)\1"])
def test_istio_refuses_what_is_no_expression(text: str, istio: Istio) -> None:
    assert admit(istio, virtual_service(to(regex(text))))[0] != ""
