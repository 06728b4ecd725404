"""Requests that change something are mirrored.

## Why

A mirror gets whole requests: a copied POST books, mails and pays like the original. Whether the Service that gets
the copies has databases and partners of its own cannot be seen here. Where it only compares answers, `methods:
[GET, HEAD]` on an item of its own keeps writes away from it. gRPC calls are always POST.

## Bad

```policy
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      mirror: {service: orders-shadow, percent: 1}  # info: [mirrored-writes] "orders-shadow", "POST"
    - path: /quotes
      methods: [GET, PATCH]
      mirror: {service: orders-shadow, percent: 1}  # info: [mirrored-writes] "PATCH"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /quotes
      methods: [GET, HEAD]
      mirror: {service: orders-shadow, percent: 1}
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/mirroring/
- https://github.com/istio/istio/issues/23814

## Shown by

- `tests/mesh/test_splits.py::test_a_mirror_gets_whole_requests_and_all_where_no_share_is_said`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import IDEMPOTENT, Route, receivers, served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find mirrors of methods that are not idempotent; where a Service mirrors to itself that says enough."""
    name = case.facts.identity.service
    yield from once(
        Finding(
            route.mirror.at / "service",
            f"copies of '{method}' requests go to '{route.mirror.service}', which may book, mail or pay once more;"
            " if it does, mirror an item with methods: [GET, HEAD]",
        )
        for _, route in served_routes(case.service)
        for method in _writing(route)
        if route.mirror is not None and not route.redirect and route.mirror.service not in receivers(route, name)
    )


def _writing(route: Route) -> tuple[str, ...]:
    methods = route.methods or ("POST",)
    return tuple(method for method in methods if method not in IDEMPOTENT)


RULE = Rule("mirrored-writes", Severity.INFO, __doc__, check)
