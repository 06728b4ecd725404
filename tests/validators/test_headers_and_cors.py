"""Headers, conditions and CORS: where a fault can be written, and its harmless neighbours."""

import pytest

from tests.judged import diagnostics, judged, told

ALLOW = "limits: {corsWildcardOrigin: allow}"


def item(fields: str, section: str = "externalRouting") -> str:
    """Write an item of which only the fields matter; it stands in line 3."""
    return f"ports: [{{number: 8080, name: http}}]\n{section}:\n  pathConfiguration: [{{path: /a, {fields}}}]\n"


@pytest.mark.parametrize(
    ("side", "operation", "expected"),
    [
        ("request", "set: {connection: close}", ["hop-by-hop-header"]),
        ("request", "add: {Keep-Alive: timeout=5}", ["hop-by-hop-header"]),
        ("request", "set: {TE: trailers}", ["hop-by-hop-header"]),
        ("request", "remove: [te]", ["hop-by-hop-header"]),
        ("request", "remove: [keep-alive, proxy-authorization, proxy-connection]", []),
        ("request", "set: {proxy-authorization: Basic eDp5}", ["hop-by-hop-header"]),
        ("response", "set: {upgrade: h2c}", ["hop-by-hop-header"]),
        ("response", "add: {trailer: x-a}", ["hop-by-hop-header"]),
        ("response", "remove: [proxy-status, connection]", ["hop-by-hop-header"]),
        ("request", "set: {x-connection: close, upgrade-insecure-requests: '1'}", []),
        ("request", "set: {content-length: '0'}", ["content-length-changed"]),
        ("response", "remove: [Content-Length]", ["content-length-changed"]),
        ("request", "set: {Host: b.example.com}", ["host-header-changed"]),
        ("request", "remove: [HOST]", ["host-header-changed"]),
        ("response", "add: {host: b.example.com}", ["host-header-changed"]),
        ("request", "set: {x-envoy-max-retries: '3'}", ["trusted-header-set"]),
        ("request", "add: {X-Envoy-Upstream-Rq-Timeout-Ms: '3'}", ["trusted-header-set"]),
        ("request", "set: {x-forwarded-client-cert: a}", ["trusted-header-set"]),
        ("request", "remove: [x-envoy-internal, x-forwarded-for]", []),
        ("request", "set: {x-forwarded-proto: https, x-forwarded-prefix: /a, x-forwarded-port: '443'}", []),
        ("response", "set: {x-envoy-upstream-service-time: '1'}", []),
        ("request", "set: {x-a: '1'}, add: {X-A: '2'}", ["header-in-two-operations"]),
        ("request", "add: {x-a: '1'}, remove: [x-a]", ["header-in-two-operations"]),
        ("response", "add: {set-cookie: a=1, Set-Cookie: b=2}", ["header-in-two-operations"]),
        ("response", "remove: [X-A, x-a]", []),
        ("request", "remove: [content-type]", ["body-header-removed"]),
        ("response", "remove: [Content-Encoding]", ["body-header-removed"]),
        ("response", "remove: [etag, x-powered-by, set-cookie]", []),
        ("response", "set: {access-control-max-age: '60'}", ["cors-by-header"]),
        ("response", "add: {Access-Control-Allow-Origin: '*'}", ["cors-wildcard-origin"]),
        ("response", "remove: [access-control-allow-origin]", []),
        ("response", "set: {Set-Cookie: a=1}", ["cookies-overwritten"]),
        ("response", "add: {set-cookie: a=1}", []),
        ("request", "set: {set-cookie: a=1}", []),
        ("request", "set: {access-control-request-method: GET}", []),
        ("response", "set: {strict-transport-security: max-age=31536000, cache-control: no-store}", []),
    ],
)
def test_header_operations(side: str, operation: str, expected: list[str]) -> None:
    for section in ("externalRouting", "internalRouting"):
        found = judged(item(f"{side}Headers: {{{operation}}}, timeout: 1s", section))
        assert (section, found) == (section, [f"3 {rule}" for rule in expected])


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("set: {server: a}", ["server-header-changed"]),
        ("remove: [Server]", ["server-header-changed"]),
        ("remove: [date]", ["server-header-changed"]),
        ("set: {date: today}", []),
    ],
)
def test_what_the_proxy_writes_again(operation: str, expected: list[str]) -> None:
    values = item(f"responseHeaders: {{{operation}}}")

    assert judged(values) == []
    assert told(values) == [f"3 {rule}" for rule in expected]


def test_one_override_of_several_items_is_told_once() -> None:
    values = """\
ports: [{number: 8080, name: http}]
externalRouting:
  pathConfiguration:
    - {path: /a, methods: [GET]}
    - {path: /a, methods: [PUT]}
  pathOverrides:
    /a:
      requestHeaders: {set: {host: a, x-a: '1'}, remove: [X-A]}
      cors: {allowOrigins: ["*"]}
"""

    assert sorted(judged(values)) == [
        "8 header-in-two-operations",
        "8 host-header-changed",
        "9 cors-methods-missing",
        "9 cors-wildcard-origin",
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("headers: {host: orders.example.com}", ["host-condition"]),
        ("headers: {Host: orders.example.com}", ["host-condition"]),
        ("headers: {x-host: orders.example.com}", []),
        ("headers: {X-A: '1', x-a: '2'}", ["condition-never-holds"]),
        ("headers: {X-A: '1', x-a: '1'}", []),
        ("headers: {connection: upgrade}", ["condition-never-holds"]),
        ("headers: {Keep-Alive: timeout=5}", ["condition-never-holds"]),
        ("headers: {upgrade: websocket}", []),
        ("headers: {accept: 'text/html, application/json', cookie: 'a=1; b=2'}", []),
        ("queryParams: {q: 'a b'}", ["condition-never-holds"]),
        ("queryParams: {q: ä}", ["condition-never-holds"]),
        ("queryParams: {q: '<a>'}", ["condition-never-holds"]),
        ("queryParams: {ä: a}", ["condition-never-holds"]),
        ("queryParams: {q: a%20b, p: a+b, 'f[]': '', preview: 'true'}", []),
        ("headers: {x-a: '*'}", ["pattern-in-condition"]),
        ("headers: {x-a: 'mob*'}", ["pattern-in-condition"]),
        ("headers: {x-a: '*bile'}", ["pattern-in-condition"]),
        ("headers: {x-a: 'v.+'}", ["pattern-in-condition"]),
        ("headers: {x-a: '^v'}", ["pattern-in-condition"]),
        ("headers: {x-a: '[0-9]+$'}", ["pattern-in-condition"]),
        ("queryParams: {q: '.*'}", ["pattern-in-condition"]),
        ("headers: {accept: 'text/*', If-Match: '*', accept-language: '*', x-a: 1*2, x-b: 5$}", []),
    ],
)
def test_conditions(condition: str, expected: list[str]) -> None:
    for section in ("externalRouting", "internalRouting"):
        found = judged(item(f"{condition}, timeout: 1s", section))
        assert (section, found) == (section, [f"3 {rule}" for rule in expected])


def test_the_right_spelling_of_a_parameter_is_told() -> None:
    found = diagnostics(item("queryParams: {q: 'a \"ü\"'}"))

    assert [each.message.rpartition("; ")[2] for each in found] == ["write 'a%20%22%C3%BC%22'"]


@pytest.mark.parametrize(
    ("cors", "expected"),
    [
        ('allowOrigins: ["*"], allowCredentials: true', ["cors-wildcard-with-credentials"]),
        ('allowOrigins: ["https://a.example", "*"], allowCredentials: true', ["cors-wildcard-with-credentials"]),
        ('allowOrigins: ["*"], allowCredentials: false', ["cors-wildcard-origin"]),
        ('allowOrigins: ["*"]', ["cors-wildcard-origin"]),
        ('allowOrigins: ["https://*.example.com"], allowCredentials: true', []),
        ('allowOrigins: ["https://*.com"]', ["cors-origin-too-wide"]),
        ('allowOrigins: ["https://*.com:8443"]', ["cors-origin-too-wide"]),
        ('allowOrigins: ["https://*.co.uk"]', ["cors-origin-too-wide"]),
        ('allowOrigins: ["https://*.com.au"]', ["cors-origin-too-wide"]),
        ('allowOrigins: ["https://*.example.co.uk"]', []),
        ('allowOrigins: ["https://*.me.com"]', []),
        ('allowOrigins: ["https://*.go.io", "https://*.internal"]', []),
        ('allowOrigins: ["https://*.github.io"], allowCredentials: true', ["cors-origin-too-wide"]),
        ('allowOrigins: ["https://*.team.github.io"], allowCredentials: true', []),
        ('allowOrigins: ["https://team.github.io"], allowCredentials: true', []),
        ('allowOrigins: ["https://*.github.io"]', []),
        ('allowOrigins: ["http://*.localhost:3000"], allowCredentials: true', []),
        ('allowOrigins: ["https://a.example:443"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["http://a.example:80"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["https://*.a.example:443"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["http://a.example:443", "https://a.example:80"]', []),
        ('allowOrigins: ["https://a.example:65536"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["https://a.example:65535"]', []),
        ('allowOrigins: ["ws://a.example"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["ftp://a.example"]', ["cors-origin-never-sent"]),
        ('allowOrigins: ["http://localhost:3000", "http://127.0.0.1:8080", "capacitor://localhost"]', []),
        (
            'allowOrigins: ["https://a.example"], allowCredentials: true, exposeHeaders: ["*"]',
            ["exposed-star-with-credentials"],
        ),
        (
            'allowOrigins: ["https://a.example"], allowCredentials: true, allowHeaders: ["*"], allowMethods: ["*"]',
            [],
        ),
    ],
)
def test_cors(cors: str, expected: list[str]) -> None:
    assert judged(item(f"cors: {{{cors}}}")) == [f"3 {rule}" for rule in expected]


def test_a_policy_can_allow_every_origin() -> None:
    assert judged(item('cors: {allowOrigins: ["*"]}'), ALLOW) == []
    assert judged(item('cors: {allowOrigins: ["*"], allowCredentials: true}'), ALLOW) == [
        "3 cors-wildcard-with-credentials"
    ]
    assert judged(item('responseHeaders: {set: {access-control-allow-origin: "*"}}'), ALLOW) == ["3 cors-by-header"]


@pytest.mark.parametrize(
    ("methods", "allowed", "expected"),
    [
        ("[GET, PUT]", ", allowMethods: [GET]", 1),
        ("[GET, PUT]", ", allowMethods: [PUT]", 0),
        ("[GET, HEAD, OPTIONS]", ", allowMethods: [GET]", 0),
        ("[GET, POST]", ", allowMethods: [GET]", 1),
        ("[GET, POST]", "", 0),
        ("[DELETE]", "", 1),
        ("[DELETE]", ", allowMethods: ['*']", 0),
    ],
)
def test_methods_that_pages_may_not_use(methods: str, allowed: str, expected: int) -> None:
    values = item(f"methods: {methods}, cors: {{allowOrigins: ['https://a.example']{allowed}}}")

    assert judged(values) == ["3 cors-methods-missing"] * expected


@pytest.mark.parametrize(("age", "expected"), [("24h", []), ("24h1s", ["3 cors-max-age-capped"])])
def test_how_long_a_preflight_is_remembered(age: str, expected: list[str]) -> None:
    assert told(item(f"cors: {{allowOrigins: ['https://a.example'], maxAge: {age}}}")) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("{path: /a, methods: [PUT], cors: {allowOrigins: ['https://b.example'], allowMethods: [PUT]}}", 1),
        ("{path: /a, methods: [POST], cors: {allowOrigins: ['https://a.example'], allowHeaders: [x-a]}}", 1),
        ("{path: /a, methods: [POST], cors: {allowOrigins: ['https://a.example'], allowCredentials: false}}", 0),
        ("{path: /a, methods: [POST]}", 0),
        ("{path: /b, cors: {allowOrigins: ['https://b.example']}}", 0),
        ("{path: /a, pathType: Exact, cors: {allowOrigins: ['https://b.example']}}", 0),
    ],
)
def test_one_path_has_one_cors(other: str, expected: int) -> None:
    values = f"""\
ports: [{{number: 8080, name: http}}]
externalRouting:
  pathConfiguration:
    - {{path: /a, methods: [GET], cors: {{allowOrigins: ['https://a.example']}}}}
    - {other}
"""

    assert judged(values) == ["5 cors-differs"] * expected
