"""A condition compares a cookie with the whole Cookie header.

## Why

A caller sends all of its cookies in one header (`cookie: session=1; canary=always`), and `headers` holds for
exactly the value that is written. A canary by `cookie: canary=always` takes the callers that have no other
cookie: with a session, or with the first cookie of an analytics script, they fall back to the item without the
condition, or get 404. A value with a semicolon is meant as the whole header.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
    - path: /orders
      headers: {cookie: canary=always}  # warning: [cookie-condition] "canary=always"
      backends: [{service: orders-next, port: 8080}]
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
    - path: /orders
      headers: {x-canary: always}
      backends: [{service: orders-next, port: 8080}]
    - path: /quotes
      headers: {cookie: "tenant=a; robot=1"}
resilience:
  sessionAffinity: {cookie: ORDERS_SID, ttl: 1h}
```

## See

- https://www.rfc-editor.org/rfc/rfc6265#section-5.4
- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest

## Shown by

- `tests/mesh/test_headers.py::test_a_cookie_is_compared_with_all_cookies_of_the_caller`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find conditions on the header that holds all cookies."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            for name, value in route.headers:
                if name.lower() == "cookie" and ";" not in value:  # with one it is meant as the whole header
                    yield Finding(
                        route.at / "headers" / name,
                        f"'{value}' is compared with the whole header '{name}', so callers that send another cookie"
                        " too miss this item; use a header of your own, such as 'x-canary'",
                    )


RULE = Rule("cookie-condition", Severity.WARNING, __doc__, check)
