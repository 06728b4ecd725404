"""Which items of a section meet in a request, and which one nothing gets to."""

import sys

import pytest

from meshguard.diagnostic import ROOT
from meshguard.model import Routing, Service, build
from meshguard.overlap import are_equal, clashes, competing, dead, expressions, spoken
from meshguard.policy import Identity, Limits, Policy, facts_for
from meshguard.regex import parse
from meshguard.routing import Request
from tests.tree import tree

FACTS = facts_for(Policy(limits=Limits(regex_paths="allow")), Identity(), "2030-01-01")


def service(items: str, more: str = "", section: str = "externalRouting") -> Service:
    ports = "[{number: 8080, name: http, metrics: /metrics}, {number: 9090, name: http-two}]"
    return build(
        tree(f"ports: {ports}\n{section}: {{{more}pathConfiguration: [{items}]}}"),
        ROOT,
        facts_for(Policy(), Identity(), ""),
    )


def routing(found: Service) -> Routing:
    section = found.external or found.internal
    assert section is not None
    return section


def regexes(*patterns: str, more: str = "") -> str:
    return ", ".join(f"{{path: '{pattern}', pathType: Regex{more}}}" for pattern in patterns)


def met(items: str) -> list[tuple[int, int, str | None]]:
    found = service(items)
    [routes] = competing(found, routing(found), regex=True)
    places = [
        (first.at[-1], second.at[-1], None if request is None else spoken(request))
        for first, second, request in clashes(routes)
    ]
    return [(int(first), int(second), request) for first, second, request in places]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("{path: /a}, {path: /b}", []),
        ("{path: /a}, {path: /a, pathType: Exact}", []),
        ("{path: /a}, {path: /a/}, {path: /a}", [(0, 1, "GET /a"), (0, 2, "GET /a")]),
        ("{path: /a, methods: [PUT]}, {path: /a, methods: [GET]}", []),
        ("{path: /a, methods: [PUT, GET]}, {path: /a, methods: [GET]}", [(0, 1, "GET /a")]),
        ("{path: /a, methods: [PUT]}, {path: /a}", []),
        ("{path: /a, headers: {X: '1'}}, {path: /a, headers: {x: '2'}}", []),
        ("{path: /a, headers: {X: '1'}}, {path: /a, headers: {x: '1'}}", [(0, 1, "GET /a with header x: 1")]),
        (
            "{path: /a, queryParams: {p: '1'}}, {path: /a, queryParams: {q: '2'}}",
            [(0, 1, "GET /a with query p=1 and query q=2")],
        ),
        ("{path: /a, queryParams: {p: '1'}}, {path: /a, queryParams: {p: '2'}}", []),
        ("{path: /a, headers: {x: '1'}}, {path: /a, queryParams: {q: '2'}}", []),
        (
            "{path: /a, headers: {x: '1'}}, {path: /a, headers: {w: '1'}}, {path: /a, headers: {z: '1'}}",
            [(0, 1, "GET /a with header x: 1 and header w: 1"), (0, 2, "GET /a with header x: 1 and header z: 1")],
        ),
    ],
)
def test_items_of_equal_rank_meet_in_a_request(items: str, expected: list[tuple[int, int, str]]) -> None:
    assert met(items) == expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("/[a-z]+/x", "/y/[a-z]+"), [(0, 1, "GET /y/x")]),
        (("/[a-z]/x", "/[0-9]/x"), []),
        (("/[a-z]+/x", "/[0-9a]/x"), [(0, 1, "GET /a/x")]),
        (("/[", "/("), []),
        (("/.*a.{200}", "/.*b.{200}"), [(0, 1, None)]),
        ((r"/a\b.*", r"/.\b.*"), []),
    ],
)
def test_regular_expressions_of_one_length_meet(
    patterns: tuple[str, ...], expected: list[tuple[int, int, str | None]]
) -> None:
    pytest.importorskip("re2")

    assert met(regexes(*patterns)) == expected


def test_not_more_than_some_are_compared() -> None:
    items = ", ".join(f"{{path: /a, headers: {{x: '{number}'}}}}" for number in range(301))

    assert met(items) == [(0, 1, None)]


def gone(items: str, more: str = "port: http-two, ") -> list[tuple[int, str | None, int | None, bool]]:
    found = service(items, more)
    section = routing(found)
    [routes] = competing(found, section, regex=True)
    return [
        (
            int(each.route.at[-1]),
            None if each.request is None else spoken(each.request),
            None if each.taker is None else int(each.taker.at[-1]),
            each.known,
        )
        for each in dead(found, section, routes)
    ]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("{path: /a}, {path: /a/b}, {path: /a, pathType: Exact}", []),
        (f"{regexes('/a/.*')}, {{path: /a/b}}", [(1, "GET /a/b", 0, True)]),
        (f"{regexes('/a/.*')}, {{path: /a}}", []),
        (f"{regexes('/a/.*')}, {{path: /b}}", []),
        (f"{regexes('/a/.*', more=', methods: [GET]')}, {{path: /a/b}}", []),
        (
            f"{regexes('/a/.*', more=', methods: [GET, PUT]')}, {{path: /a/b, methods: [PUT]}}",
            [(1, "PUT /a/b", 0, True)],
        ),
        (f"{regexes('/a/.*', more=', methods: [GET]')}, {{path: /a/b, methods: [GET, PUT]}}", []),
        (f"{regexes('/a/.*', more=', headers: {x: 1}')}, {{path: /a/b}}", []),
        (
            f"{regexes('/a/.*', more=', headers: {X: v}')}, {{path: /a/b, headers: {{x: v, z: a}}}}",
            [(1, "GET /a/b with header x: v and header z: a", 0, True)],
        ),
        (f"{regexes('/a/[a-z].*', '/a/[^a-z].*', '/a/?')}, {{path: /a}}", [(3, "GET /a", 2, True)]),
        (f"{regexes('/a/[a-z]+', '/a/b')}, {{path: /a}}", [(1, "GET /a/b", 0, True)]),
        (regexes("a/.*"), [(0, None, None, True)]),
        (regexes("/("), []),
        (f"{regexes('/(')}, {{path: /a}}", []),
        (regexes(r"/a\b"), []),
        (f"{regexes(chr(47) + 'a' + chr(92) + 'b.*')}, {{path: /a/b}}", [(0, None, None, False)]),
        (f"{regexes('/[^/]{1,1000}/[^/]{1,1000}/[^/]{1,1000}')}, {{path: /a}}", [(0, None, None, False)]),
        (regexes("/(?:x|a).*a.{25}", "/.*a.{24}", more=", timeout: 1s"), [(1, None, None, False)]),
        (regexes("/metrics/[a-z]+"), []),
    ],
)
def test_an_item_that_nothing_gets_to_is_found(
    items: str, expected: list[tuple[int, str | None, int | None, bool]]
) -> None:
    pytest.importorskip("re2")

    assert gone(items) == expected


def test_what_metrics_hide_is_reached_by_nothing() -> None:
    pytest.importorskip("re2")

    assert gone(f"{regexes('/metrics/[a-z]+', '/m.*')}", "port: http, ") == [(0, "GET /metrics/x", None, True)]


def test_plain_paths_that_metrics_hide_need_no_expression() -> None:
    items = "{path: /a}, {path: /metrics}, {path: /metrics/a, methods: [PUT]}, {path: /metricsx}"

    assert gone(items, "port: http, ") == [
        (2, "PUT /metrics/a", None, True),
        (1, "GET /metrics", None, True),
    ]
    assert gone("{path: /metrics, port: http-two}", "port: http, ") == []


def test_inside_the_mesh_items_of_different_ports_do_not_meet() -> None:
    items = "{path: /a, port: http}, {path: /a, port: http-two}, {path: /a}, {path: /b}"
    found = service(items, section="internalRouting")
    tables = competing(found, routing(found), regex=False)

    assert [[route.at[-1] for route in table] for table in tables] == [[0], [1, 2, 3]]


def test_inside_the_mesh_one_table_does_where_no_item_names_a_port() -> None:
    found = service("{path: /b}, {path: /a}", section="internalRouting")

    assert [[route.at[-1] for route in table] for table in competing(found, routing(found), regex=False)] == [
        [1, 0]
    ]


def test_expressions_are_left_out_unless_they_are_allowed() -> None:
    found = service(f"{regexes('/a.*')}, {{path: /a}}")
    denied = facts_for(Policy(), Identity(), "")

    assert [[route.at[-1] for route in table] for table in competing(found, routing(found), regex=False)] == [[1]]
    assert list(expressions(found, denied)) == []


def test_expressions_are_given_as_far_as_they_are_read() -> None:
    pytest.importorskip("re2")
    found = service(regexes("/a.*", "/(", r"/a\b"))

    assert [route.path for route, _ in expressions(found, FACTS)] == ["/a.*"]


def test_without_re2_no_expression_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)

    assert list(expressions(service(regexes("/a.*")), FACTS)) == []


@pytest.mark.parametrize(
    ("pattern", "path_type", "path", "expected"),
    [
        ("/a(?:/.*)?", "Prefix", "/a", True),
        ("/.*", "Prefix", "/", True),
        ("/a/.*", "Prefix", "/a", False),
        (r"/a\.b", "Exact", "/a.b", True),
        ("/a?", "Exact", "/a", False),
        (r"/a\?", "Exact", "/a?", False),
        ("/[^/]{1,1000}/[^/]{1,1000}/[^/]{1,1000}", "Prefix", "/", False),
    ],
)
def test_an_expression_can_equal_a_plain_path(
    pattern: str,
    path_type: str,
    path: str,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    part = parse(pattern)
    assert part is not None

    assert are_equal(part, path_type, path) is expected


def test_a_request_is_written_for_a_person() -> None:
    request = Request("/a", "PUT", {"x-a": "1"}, {"q": "2"})

    assert spoken(request) == "PUT /a with header x-a: 1 and query q=2"
    assert spoken(Request("/a")) == "GET /a"
