"""Paths, their order, expressions, rewrites, redirects and overrides: faults and their harmless neighbours."""

import sys

import pytest

from tests.judged import diagnostics, judged, told

REGEX = "limits: {regexPaths: allow}"
HEAD = """\
ports: [{number: 8080, name: http}]
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
"""


def items(*lines: str) -> str:
    """Write items from line 5 on."""
    return HEAD + "".join(f"    - {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{path: /api/*}", ["pattern-in-path"]),
        ("{path: /api/**}", ["pattern-in-path"]),
        ("{path: /*}", ["pattern-in-path"]),
        ("{path: /api*}", ["pattern-in-path"]),
        ("{path: /*.json, pathType: Exact}", ["pattern-in-path"]),
        ("{path: /users/:id}", ["pattern-in-path"]),
        ("{path: '/:tenant/orders'}", ["pattern-in-path"]),
        ("{path: /users/.*}", ["pattern-in-path"]),
        ("{path: /users/.+}", ["pattern-in-path"]),
        ("{path: /health$}", ["pattern-in-path"]),
        ("{path: /v1/things:batchGet}", []),
        ("{path: /odata/$metadata}", []),
        ("{path: /a..b/...}", []),
        ("{path: '/Orders(1)'}", []),
        ("{path: /~user/.well-known}", []),
        ("{path: /a, rewritePath: /b/*}", ["pattern-in-path"]),
        ("{path: /a, rewritePath: /$1}", ["pattern-in-path"]),
        ("{path: /a, rewritePath: '/:id'}", ["pattern-in-path"]),
        ("{path: /a, rewritePath: /$request_uri}", ["pattern-in-path"]),
        ("{path: /a, rewritePath: /odata/$value}", []),
        ("{path: /a, pathType: Exact, redirect: {path: /b/*, host: b.example.com}}", ["pattern-in-path"]),
        ("{path: /a, pathType: Exact, redirect: {path: /b/$metadata, host: b.example.com}}", []),
        ("{path: /%41}", ["encoded-path"]),
        ("{path: /a%2db}", ["encoded-path"]),
        ("{path: /caf%c3%A9}", ["encoded-path"]),
        ("{path: /caf%C3%A9}", []),
        ("{path: /a%20b%2C}", []),
        ("{path: /a, rewritePath: /a}", ["rewrite-without-effect"]),
        ("{path: /a/, rewritePath: /a}", ["rewrite-without-effect"]),
        ("{path: /, rewritePath: /}", ["rewrite-without-effect"]),
        ("{path: /a, pathType: Exact, rewritePath: /a/}", []),
        ("{path: /a, rewritePath: /a/b}", []),
        ("{path: /a, redirect: {path: /b, host: b.example.com}}", ["redirect-needs-exact"]),
        ("{path: /a, pathType: Exact, redirect: {path: /a}}", ["redirect-loop"]),
        ("{path: /a, pathType: Exact, redirect: {host: orders.example.com}}", ["redirect-loop"]),
        ("{path: /a, pathType: Exact, redirect: {host: orders.example.com, path: /a}}", ["redirect-loop"]),
        ("{path: /a, pathType: Exact, redirect: {host: www.orders.example.com}}", []),
        ("{path: /a, pathType: Exact, redirect: {path: /a/}}", ["redirect-to-unlisted-path"]),
        ("{path: /a, pathType: Exact, redirect: {path: /}}", ["redirect-to-unlisted-path"]),
        (
            "{path: /a, pathType: Exact, redirect: {path: /b, host: b.example.com}, port: http}",
            ["actions-on-redirect"],
        ),
        (
            "{path: /a, pathType: Exact, redirect: {host: b.example.com}, mirror: {service: b, percent: 1}}",
            ["actions-on-redirect"],
        ),
        (
            "{path: /a, pathType: Exact, redirect: {path: /b, host: b.example.com}, rewritePath: /a}",
            ["actions-on-redirect"],
        ),
        (
            "{path: /a, pathType: Exact, methods: [GET, POST], redirect: {host: b.example.com, code: 302}}",
            ["redirect-changes-method"],
        ),
        ("{path: /a, pathType: Exact, methods: [POST], redirect: {host: b.example.com, code: 307}}", []),
        ("{path: /a, pathType: Regex}", ["regex-denied"]),
        ("{path: '/a(', pathType: Regex}", ["regex-denied"]),
        ("{path: '/a/*', pathType: Regex}", ["regex-denied"]),
        ("{path: /a, pathType: Regex, rewritePath: /b}", ["regex-denied", "rewrite-on-regex"]),
    ],
)
def test_a_single_item(line: str, expected: list[str]) -> None:
    assert judged(items(line)) == [f"5 {rule}" for rule in expected]


@pytest.mark.parametrize(
    ("pattern", "expected", "infos"),
    [
        ("/users/[0-9]+", [], []),
        ("/(?i)users/[a-z]+", [], []),
        ("/users/(?P<id>[^/]+)/.*?", [], []),
        (".*[.](?:png|css)", [], []),
        ("/users/{id}", ["pattern-in-path"], []),
        ("/users/:id", ["pattern-in-path", "regex-matches-less"], []),
        ("/users/*", ["pattern-in-path"], []),
        ("/users*", ["pattern-in-path"], []),
        ("/us[a-z]*/x", [], []),
        (r"/\d*", [], []),
        (r"/\p{Lu}{2}", [], []),
        ("/v1.0/[a-z]+", ["regex-matches-more"], []),
        ("/[^/]+.json", ["regex-matches-more"], []),
        ("/img.", ["regex-matches-more"], []),
        ("/img.*", ["regex-matches-more"], []),
        ("^/img.*$", ["regex-matches-more"], ["needless-regex"]),
        ("/img.*?", ["regex-matches-more"], []),
        ("/.*img.*", [], []),
        ("/img-.*", [], []),
        ("/img/.", [], []),
        ("/api", ["regex-matches-less"], []),
        ("^/api", ["regex-matches-less"], []),
        ("^/api$", [], ["needless-regex"]),
        (r"/a\.json", [], ["needless-regex"]),
        ("/api/.*", [], ["needless-regex"]),
        ("/api(/.*)?", [], ["needless-regex"]),
        ("/.*", [], ["needless-regex"]),
        (".*", [], []),
        ("^/api/[0-9]+$", [], ["needless-regex"]),
        ("/api/[0-9]+$|/b", [], []),
        ("api", ["unreachable-path"], []),
        ("^api/.*", ["unreachable-path"], []),
        (r"/api\?page=.*", ["unreachable-path"], []),
        ("/käse", ["unreachable-path", "regex-matches-less"], []),
        (r"/a\\b", ["unreachable-path"], []),
        ("/v1/(?!x).*", ["invalid-regex"], []),
        (r"/\bapi", [], []),
    ],
)
def test_a_single_regular_expression(pattern: str, expected: list[str], infos: list[str]) -> None:
    pytest.importorskip("re2")
    values = items(f"{{path: '{pattern}', pathType: Regex}}")

    assert sorted(judged(values, REGEX)) == sorted(f"5 {rule}" for rule in expected)
    assert told(values, REGEX) == [f"5 {rule}" for rule in infos]


def test_the_reason_is_told_why_nothing_matches() -> None:
    pytest.importorskip("re2")
    patterns = ("a", r"/a\?b", "/ä+")
    found = diagnostics(items(*(f"{{path: '{pattern}', pathType: Regex}}" for pattern in patterns)), REGEX)
    told = [each.message.rpartition("; ")[2] for each in found if each.rule == "unreachable-path"]

    assert told == [
        "a path begins with '/'",
        "a path has no query and no fragment; use 'queryParams' for parameters".rpartition("; ")[2],
        "it is held against the whole path, without dot segments, in percent-encoded ASCII",
    ]


def test_without_re2_no_expression_is_vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    found = diagnostics(items("{path: '/a.*', pathType: Regex}"), REGEX)

    assert [(each.rule, each.span.line) for each in found] == [("invalid-regex", 5)]
    assert found[0].message == (
        "whether the proxy accepts the Regex '/a.*' cannot be told here, because there is no RE2 for this platform;"
        " write a Prefix or an Exact path, or check on Linux with glibc or on macOS"
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("{path: /a}", "{path: /a}"), ["6 duplicate-path"]),
        (("{path: /a}", "{path: /a/, timeout: 1s}"), ["6 duplicate-path"]),
        (("{path: /}", "{path: /}"), ["6 duplicate-path"]),
        (("{path: /a}", "{path: /A}"), []),
        (("{path: /a, methods: [GET]}", "{path: /a, methods: [GET]}"), ["6 duplicate-path"]),
        (("{path: /a, methods: [GET]}", "{path: /a}"), []),
        (("{path: /a, methods: [GET]}", "{path: /a, headers: {x-a: '1'}}"), []),
        (("{path: /a, methods: [GET, PUT]}", "{path: /a, methods: [PUT]}"), ["6 ambiguous-paths"]),
        (("{path: /a, headers: {x-a: '1'}}", "{path: /a, headers: {x-b: '1'}}"), ["6 ambiguous-paths"]),
        (("{path: /a, queryParams: {p: '1'}}", "{path: /a, headers: {x-b: '1'}}"), []),
        (("{path: /a, port: http}", "{path: /a}"), ["6 duplicate-path"]),
        (
            (
                "{path: /a, pathType: Exact, redirect: {path: /b}}",
                "{path: /b, pathType: Exact, redirect: {path: /c}}",
                "{path: /c, pathType: Exact, redirect: {path: /b}}",
            ),
            ["6 redirect-loop"],
        ),
        (
            (
                "{path: /a, pathType: Exact, headers: {x-a: '1'}, redirect: {path: /b}}",
                "{path: /b, pathType: Exact, redirect: {path: /a}}",
                "{path: /a}",
            ),
            ["5 redirect-loop"],
        ),
        (
            (
                "{path: /a, pathType: Exact, methods: [PUT], redirect: {path: /b}}",
                "{path: /b, pathType: Exact, methods: [GET], redirect: {path: /a}}",
                "{path: /a}",
                "{path: /b}",
            ),
            [],
        ),
        (("{path: /a, pathType: Exact, redirect: {path: /b/c}}", "{path: /b}"), []),
        (("{path: /a, pathType: Exact, redirect: {path: /b/}}", "{path: /b}"), []),
        (("{path: /a, pathType: Exact, redirect: {path: /bc}}", "{path: /b}"), ["5 redirect-to-unlisted-path"]),
    ],
)
def test_several_items(lines: tuple[str, ...], expected: list[str]) -> None:
    assert judged(items(*lines)) == expected


def test_a_redirect_to_what_an_expression_takes_is_served() -> None:
    pytest.importorskip("re2")
    lines = ("{path: /a, pathType: Exact, redirect: {path: /b7}}", "{path: '/b[0-9]', pathType: Regex}")

    assert judged(items(*lines), REGEX) == []


def test_a_longer_way_than_callers_follow_is_no_circle() -> None:
    ring = [
        f"{{path: /{number}, pathType: Exact, redirect: {{path: /{(number + 1) % 60}}}}}" for number in range(60)
    ]

    assert judged(items(*ring)) == []


@pytest.mark.parametrize(
    ("policy", "host", "expected"),
    [
        ("gateways: {edge: {gateway: a/b, hostTemplate: '{service}.example.com'}}", "orders.example.com", 1),
        ("gateways: {edge: {gateway: a/b, hostTemplate: '{service}.example.com'}}", "other.example.com", 0),
        ("gateways: {edge: {gateway: a/b, hostTemplate: '{cluster}.example.com'}}", "orders.example.com", 0),
        ("{}", "orders.example.com", 0),
    ],
)
def test_a_template_gives_the_own_host(policy: str, host: str, expected: int) -> None:
    values = f"""\
ports: [{{number: 8080, name: http}}]
externalRouting:
  pathConfiguration:
    - {{path: /a, pathType: Exact, redirect: {{host: {host}}}}}
"""

    assert [line for line in judged(values, policy) if "redirect" in line] == ["4 redirect-loop"] * expected


def test_a_wildcard_host_is_an_own_host() -> None:
    values = items("{path: /a, pathType: Exact, redirect: {host: a.example.com}}").replace(
        "[orders.example.com]", '["*.example.com"]'
    )

    assert judged(values) == ["5 redirect-loop"]


OVERRIDES = """\
ports: [{number: 8080, name: http}]
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /a, timeout: 5s}
    - {path: /b, pathType: Exact}
    - {path: /c, pathType: Exact, redirect: {path: /b}}
  pathOverrides:
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/a: {timeout: 3s}", []),
        ("/a/: {timeout: 3s}", []),
        ("/b/: {timeout: 3s}", ["9 unknown-override"]),
        ("/A: {timeout: 3s}", ["9 unknown-override"]),
        ("a: {timeout: 3s}", ["9 unknown-override"]),
        ("/a: {rewritePath: /a}", ["9 rewrite-without-effect"]),
        ("/a: {rewritePath: /x/*}", ["9 pattern-in-path"]),
        ("/a: {redirect: {host: b.example.com}}", ["5 settings-on-redirect", "9 redirect-needs-exact"]),
        ("/b: {redirect: {path: /c}}", ["9 redirect-loop"]),
        ("/b: {requestHeaders: {set: {host: a}}}", ["9 host-header-changed"]),
        ("/b: {cors: {allowOrigins: ['*']}}", ["9 cors-wildcard-origin"]),
        ("/c: {rewritePath: /x}", ["9 actions-on-redirect"]),
        ("/a: {timeout: 3s}\n    /a/: {timeout: 4s}", ["10 conflicting-overrides"]),
        ("/a: {timeout: 3s}\n    /a/: {timeout: 3s}", []),
    ],
)
def test_an_override(line: str, expected: list[str]) -> None:
    assert judged(f"{OVERRIDES}    {line}\n") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/a: {timeout: 5s}", ["9 override-without-effect"]),
        ("/a: {}", ["9 override-without-effect"]),
        ("/a: {timeout: 5s, retryAttempts: 1}", []),
    ],
)
def test_an_override_that_changes_nothing_is_told(line: str, expected: list[str]) -> None:
    assert told(f"{OVERRIDES}    {line}\n") == expected


def test_of_many_paths_some_are_named() -> None:
    values = items(*(f"{{path: /{letter}}}" for letter in "abcdef")) + "  pathOverrides:\n    /zzz: {timeout: 1s}\n"

    assert [each.message for each in diagnostics(values)] == [
        "no item has the path '/zzz', so these settings are lost; the paths are '/a', '/b', '/c', '/d', '/e', ..."
    ]


@pytest.mark.parametrize(("count", "expected"), [(100, []), (101, ["4 too-many-paths"])])
def test_paths_are_capped(count: int, expected: list[str]) -> None:
    assert judged(items(*(f"{{path: /p{number}}}" for number in range(count)))) == expected


def test_inside_the_mesh_the_same_holds() -> None:
    values = """\
ports: [{number: 8080, name: http}]
internalRouting:
  pathConfiguration:
    - {path: /a/*, timeout: 1s}
    - {path: /b, timeout: 1s}
    - {path: /b/, timeout: 2s}
    - {path: /c, rewritePath: /c}
  pathOverrides:
    /d: {timeout: 1s}
"""

    assert judged(values) == [
        "4 pattern-in-path",
        "6 duplicate-path",
        "7 rewrite-without-effect",
        "9 unknown-override",
    ]
