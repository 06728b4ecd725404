"""Items of one path state different CORS.

## Why

Before a browser sends a request it asks with OPTIONS, without the method and the headers that the request will
have. So the answer cannot depend on conditions: a path has one CORS. Of several statements the browser would be
shown one, and requests that another one allows would be blocked.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      methods: [GET]
      cors: {allowOrigins: ["https://shop.example.com"]}
    - path: /orders/
      methods: [PUT]
      cors: {allowOrigins: ["https://admin.example.com"], allowMethods: [PUT]}  # error: [cors-differs] "/orders"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      methods: [GET]
      cors: {allowOrigins: ["https://shop.example.com", "https://admin.example.com"], allowMethods: [GET, PUT]}
    - path: /orders
      methods: [PUT]
      cors: {allowMethods: [PUT, GET], allowOrigins: ["https://admin.example.com", "https://shop.example.com"]}
    - path: /orders/archive
      cors: {allowOrigins: ["https://archive.example.com"]}
```

## See

- https://fetch.spec.whatwg.org/#cors-preflight-fetch

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
- `tests/mesh/test_cors.py::test_what_is_said_before_a_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Cors
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find items whose `cors` is not that of the first item of their path."""
    first: dict[tuple[str, str], Cors] = {}
    routing = case.service.external
    for route in (routing.routes or ()) if routing is not None else ():
        if route.cors is None:
            continue
        other = first.setdefault((route.path_type, route.path), route.cors)
        if _meaning(other) != _meaning(route.cors):
            yield Finding(
                route.cors.at,
                f"the items of '{route.path}' state different 'cors', and a browser asks without their conditions,"
                " so it can be told only one; state the same in each",
                on_key=True,
                related=(Related(other.at, "the other one stands here"),),
            )


def _meaning(cors: Cors) -> tuple[object, ...]:
    headers = (frozenset(name.lower() for name in names) for names in (cors.allow_headers, cors.expose_headers))
    return (
        frozenset(cors.allow_origins),
        frozenset(cors.allow_methods),
        *headers,
        bool(cors.allow_credentials),
        cors.max_age,
    )


RULE = Rule("cors-differs", Severity.ERROR, __doc__, check)
