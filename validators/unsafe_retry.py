"""A request that may have been processed already is repeated although that is not safe.

## Why

Envoy repeats a request whatever its method is: a POST answered with 503 under `5xx`, `gateway-error` or `503` is
sent three times with two attempts, a reset connection likewise (run on Envoy 1.40; behind a sidecar an
application's reset arrives as a 503, which `reset` does not repeat). The payment is booked three times. Only
`connect-failure`, `refused-stream` and `reset-before-request` say that the request was not processed; of the gRPC
conditions `unavailable`, `cancelled` and `resource-exhausted` usually do.

Without `retryMethods` meshguard applies the other conditions to idempotent methods only (GET, HEAD, OPTIONS,
TRACE, PUT, DELETE) and gives the rest the safe pair. `retryMethods: any`, a list with other methods, and gRPC,
which is always POST, take them literally; saying `any` does not make it safe. A comment with a reason does where
the application recognises repeated requests.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # error: [unsafe-retry] "5xx"
```

```yaml
ports:
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /
      retryOn: [connect-failure, internal]  # error: [unsafe-retry] "internal"
```

What is said for a whole section, or in an override for one environment, reaches each of its paths.

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: grpc}
internalRouting:
  retryOn: gateway-error  # error: [unsafe-retry] "gateway-error", "gRPC"
externalRouting:
  hosts: [orders.example.com]
  port: http
  retryMethods: any
  pathConfiguration:
    - path: /payments
      retryOn: 503  # error: [unsafe-retry] "503", "POST"
    - path: /search
      methods: [GET]
      retryOn: 5xx
    - path: /orders
      methods: [PATCH]
  pathOverrides:
    /orders:
      retryOn: reset  # error: [unsafe-retry] "reset", "PATCH"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
    - path: /search
      retryOn: 5xx
      retryMethods: [GET, PUT]
    - path: /orders
      retryOn: connect-failure
      retryMethods: any
    - path: /refunds
      retryAttempts: 0
```

```yaml
ports:
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  retryOn: [connect-failure, refused-stream, reset-before-request]
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
- https://github.com/istio/istio/issues/13851
- https://github.com/istio/istio/issues/50506
- https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods

## Shown by

- `tests/mesh/test_retries.py::test_a_condition_repeats_every_method`
- `tests/mesh/test_retries.py::test_grpc_is_repeated_by_its_states`
- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import (
    GRPC,
    IDEMPOTENT,
    Route,
    Routing,
    deciding,
    is_unsafe,
    protocols,
    retry_shares,
    treated_routes,
    unsafe_conditions,
)
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find unsafe conditions that reach a method which must not be repeated, once for each place that says so."""
    yield from once(
        finding
        for routing, route in treated_routes(case.service)
        if any(map(is_unsafe, route.treatment.retry.conditions.value))
        for finding in _judged(routing, route, protocols(case.service, routing, route))
    )


def _judged(routing: Routing, route: Route, spoken: frozenset[str]) -> Iterator[Finding]:
    retry = route.treatment.retry
    unsafe = unsafe_conditions(route, spoken - GRPC)
    method = _repeated_method(route) if unsafe and (not spoken or spoken - GRPC) else None
    if method is not None:
        at = deciding(route, retry.methods, retry.conditions)
        fault = f"{quoted(unsafe)} repeats '{method}' requests that may have been processed already"
        right = "write 'retryMethods: idempotent', or keep to 'connect-failure', 'refused-stream'"
        yield Finding(at or routing.at, f"{fault} (a payment is booked twice); {right}", on_key=at is None)
    unsafe = unsafe_conditions(route, spoken & GRPC)
    if unsafe and spoken & GRPC and retry.attempts.value:
        at = deciding(route, retry.conditions)
        fault = f"{quoted(unsafe)} repeats gRPC calls, which are always POST, that may have been processed already"
        right = "keep to 'connect-failure', 'refused-stream', 'reset-before-request'"
        yield Finding(at or routing.at, f"{fault} (a payment is booked twice); {right}", on_key=at is None)


def _repeated_method(route: Route) -> str | None:
    """Give a method that is not idempotent and gets the conditions as they are written, if there is one."""
    for share in retry_shares(route, grpc=False):
        if share.retry is not None and any(map(is_unsafe, share.retry.conditions.value)):
            methods = share.methods or route.methods or ("POST",)
            return next((method for method in methods if method not in IDEMPOTENT), None)
    return None


RULE = Rule("unsafe-retry", Severity.ERROR, __doc__, check)
