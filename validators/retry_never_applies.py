"""A path asks for retries that hold for none of its methods.

## Why

Conditions under which a request may have been processed already (`5xx`, `503`, `reset` ...) apply to the methods in
`retryMethods` only: the idempotent ones where nothing is said. A path that takes other methods only, such as POST,
never gets them. It is retried on `connect-failure` and `refused-stream`, with as many attempts, and
without its `perTryTimeout`.

A condition that is said for the whole section is no fault: it is meant for the other paths.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      methods: [POST, PATCH]
      retryOn: connect-failure,5xx  # warning: [retry-never-applies] "5xx", "POST", "PATCH"
    - path: /orders
      methods: [PUT]
      retryMethods: [GET]
      retryOn: 503  # warning: [retry-never-applies] "503", "PUT"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryOn: 5xx
  pathConfiguration:
    - path: /payments
      methods: [POST]
    - path: /orders
      methods: [GET, POST]
      retryOn: 503
    - path: /refunds
      methods: [POST]
      retryOn: connect-failure
```

## See

- https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods
- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on

## Shown by

- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
- `tests/mesh/test_retries.py::test_a_condition_repeats_every_method`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath, quoted
from meshguard.model import (
    IDEMPOTENT,
    Route,
    Routing,
    Service,
    all_shares,
    distance,
    is_unsafe,
    protocols,
    treated_routes,
    unsafe_conditions,
)
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find conditions of paths and overrides that the split by methods leaves without a method."""
    judged: dict[ValuePath, str | None] = {}
    for routing, route in treated_routes(case.service):
        at = route.treatment.retry.conditions.at
        if at is not None and distance(route, at) < 2:
            message = _message(case.service, routing, route)
            if at not in judged or message is None:  # one item that an override holds for is enough
                judged[at] = message
    yield from (Finding(at, message) for at, message in judged.items() if message is not None)


def _message(service: Service, routing: Routing, route: Route) -> str | None:
    if not route.methods:
        return None
    lost = unsafe_conditions(route, protocols(service, routing, route))
    shares = [share.retry for share in all_shares(service, routing, route)]
    if not lost or any(retry is None or any(map(is_unsafe, retry.conditions.value)) for retry in shares):
        return None
    repeatable = any(method in IDEMPOTENT for method in route.methods)
    why = "which 'retryMethods' does not name" if repeatable else "which may have been processed already"
    right = "name them there" if repeatable else "write connect-failure"
    return f"{quoted(lost)} never repeats {quoted(route.methods)} requests, {why}; {right}, or take it out"


RULE = Rule("retry-never-applies", Severity.WARNING, __doc__, check)
