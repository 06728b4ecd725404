"""A retry condition can never be met by what the port speaks.

## Why

`unavailable`, `cancelled`, `resource-exhausted`, `internal` and `deadline-exceeded` are states of gRPC: on a port
declared HTTP no answer has one, so nothing is retried and nobody is told. The other way round a gRPC answer
is always an HTTP 200 with its state beside it, so a status code such as `503`, and `retriable-4xx`, which is 409,
never match on a GRPC port. `5xx`, `gateway-error` and `reset` do where the connection to the pod is lost; what an
application behind a sidecar resets arrives as `unavailable` (run on Envoy 1.40).

A port declared HTTP2 may carry gRPC. What is said for a whole section counts for all of its ports together.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn:
        - connect-failure
        - unavailable  # warning: [retry-never-fires] "unavailable", "HTTP"
```

```yaml
ports:
  - {number: 9000, name: grpc}
internalRouting:
  retryOn: connect-failure,503  # warning: [retry-never-fires] "503", "GRPC"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: http2}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /orders
      retryOn: connect-failure,503
    - path: /stock
      methods: [GET]
      port: http2
      retryOn: deadline-exceeded
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-grpc-on
- https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md

## Shown by

- `tests/mesh/test_retries.py::test_a_condition_repeats_every_method`
- `tests/mesh/test_retries.py::test_grpc_is_repeated_by_its_states`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import fires, protocols, treated_routes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find conditions in the values that none of their ports can meet."""
    for at, (conditions, spoken) in _said(case).items():
        for index, condition in enumerate(conditions):
            if not fires(condition, spoken):
                yield Finding(at / index, _message(condition, spoken))


def _said(case: Case) -> dict[ValuePath, tuple[tuple[str, ...], frozenset[str]]]:
    """Give the conditions of each place that says some, with the protocols of all routes that they hold for."""
    said: dict[ValuePath, tuple[tuple[str, ...], frozenset[str]]] = {}
    for routing, route in treated_routes(case.service):
        conditions, at = route.treatment.retry.conditions
        if at is not None and route.treatment.retry.attempts.value:
            before = said.get(at, ((), frozenset()))[1]
            said[at] = conditions, before | protocols(case.service, routing, route)
    return said


def _message(condition: str, spoken: frozenset[str]) -> str:
    if spoken == {"HTTP"}:
        return (
            f"'{condition}' is a state of gRPC and the port speaks HTTP, so this never retries anything;"
            " write a status code such as 503, or declare the port GRPC"
        )
    return (
        f"'{condition}' is an HTTP status and the port speaks {' and '.join(sorted(spoken))}, whose answers are all"
        " 200, so this never retries anything; write 'unavailable' for calls that were declined"
    )


RULE = Rule("retry-never-fires", Severity.WARNING, __doc__, check)
