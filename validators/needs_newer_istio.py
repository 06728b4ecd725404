"""A retry setting that this version of the mesh does not have.

## Why

`retryBackoff` came with Istio 1.26, `reset-before-request` with 1.23. Before that nothing else can be rendered than
the proxy's own wait of up to 25ms, and no such condition: the values say something that does not happen. The policy
says which version each cluster has.

Run: Istio's code of February 2024, on the way to 1.22, refuses the condition ("is not a valid retryOn policy"), and
the API of 1.25.2 has no field for the wait. Istio 1.27 and 1.31 take both. Not run: that 1.26.0 reads the field
stands in its code, that the condition came with 1.23 in Istio's change notes.

## Bad

```policy
mesh: {istioVersion: "1.22"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryBackoff: 100ms  # warning: [needs-newer-istio] "retryBackoff", "1.26", "1.22"
  pathConfiguration:
    - path: /orders
      retryOn: connect-failure,reset-before-request  # warning: [needs-newer-istio] "reset-before-request", "1.23"
```

## Good

```policy
mesh: {istioVersion: "1.26"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryBackoff: 100ms
  retryOn: connect-failure,reset-before-request
```

## See

- https://istio.io/latest/news/releases/1.26.x/announcing-1.26/change-notes/
- https://istio.io/latest/news/releases/1.23.x/announcing-1.23/change-notes/
- https://github.com/istio/istio/pull/52032
- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry

## Shown by

- `tests/mesh/test_early.py::test_reset_before_request_was_no_condition_yet`
- `tests/mesh/test_early.py::test_backoff_was_no_field_yet`
- `tests/mesh/test_retries.py::test_a_request_ends_before_a_long_wait_does`
- `tests/mesh/test_retries.py::test_the_first_wait_is_25_milliseconds_where_nothing_is_said`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import Retry, treated_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find what is said of retries in the values and came with a later version."""
    version = case.facts.mesh.istio_version
    yield from once(
        Finding(
            at, f"'{name}' needs Istio {since[0]}.{since[1]} and the mesh has {version[0]}.{version[1]}: {loss}"
        )
        for _, route in treated_routes(case.service)
        if route.treatment.retry.attempts.value
        for name, since, at, loss in _gated(route.treatment.retry)
        if at is not None and version < since
    )


def _gated(retry: Retry) -> Iterator[tuple[str, tuple[int, int], ValuePath | None, str]]:
    if retry.backoff is not None:
        yield "retryBackoff", (1, 26), retry.backoff.at, "the wait before a retry stays 25ms"
    if "reset-before-request" in retry.conditions.value:
        yield "reset-before-request", (1, 23), retry.conditions.at, "such requests are not retried"


RULE = Rule("needs-newer-istio", Severity.WARNING, __doc__, check)
