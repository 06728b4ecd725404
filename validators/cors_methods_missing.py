"""An item serves a method that its CORS does not allow.

## Why

A browser blocks PUT, PATCH and DELETE from another origin unless `allowMethods` names them. GET, HEAD and POST it
sends whatever the list says, so a POST that is left out is not kept away either: the list then says something that
is not so.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      methods: [GET, PUT, DELETE]
      cors:
        allowOrigins: ["https://shop.example.com"]
        allowMethods: [GET, PUT]  # warning: [cors-methods-missing] "DELETE"
    - path: /quotes
      methods: [PATCH]
      cors: {allowOrigins: ["https://shop.example.com"]}  # warning: [cors-methods-missing] "PATCH"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      methods: [GET, HEAD, PUT, OPTIONS]
      cors: {allowOrigins: ["https://shop.example.com"], allowMethods: [GET, PUT]}
    - path: /quotes
      methods: [PATCH]
      cors: {allowOrigins: ["https://shop.example.com"], allowMethods: ["*"]}
    - path: /search
      methods: [GET, POST]
      cors: {allowOrigins: ["https://shop.example.com"]}
    - path: /anything
      cors: {allowOrigins: ["https://shop.example.com"], allowMethods: [GET]}
```

## See

- https://fetch.spec.whatwg.org/#cors-preflight-fetch
- https://fetch.spec.whatwg.org/#cors-safelisted-method

## Shown by

- `tests/mesh/test_cors.py::test_what_is_said_before_a_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import Route
from meshguard.rule import Case, Rule, once

_NOT_ASKED = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"})  # for, by a browser


def check(case: Case) -> Iterator[Finding]:
    """Find methods that an item lists among its own and not in `allowMethods`."""
    routing = case.service.external
    routes = (routing.routes or ()) if routing is not None else ()
    yield from once(finding for route in routes for finding in _missing(route))


def _missing(route: Route) -> Iterator[Finding]:
    cors = route.cors
    if cors is None or "*" in cors.allow_methods:
        return
    safe = _NOT_ASKED | (set() if cors.allow_methods else {"POST"})
    missing = [method for method in route.methods if method not in safe and method not in cors.allow_methods]
    blocked = [method for method in missing if method != "POST"]
    if missing:
        harm = f"browsers block {quoted(blocked)}" if blocked else "browsers send 'POST' all the same"
        yield Finding(
            cors.at / "allowMethods" if cors.allow_methods else cors.at,
            f"this item serves {quoted(missing)}, which its 'cors' does not allow: {harm};"
            " name all of its methods in 'allowMethods'",
            on_key=not cors.allow_methods,
        )


RULE = Rule("cors-methods-missing", Severity.WARNING, __doc__, check)
