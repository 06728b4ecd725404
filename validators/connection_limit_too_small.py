"""A connection limit is so small that ordinary traffic runs into it.

## Why

The limits hold for each caller's sidecar and each gateway pod, and they fail fast: an HTTP/1.1 request that finds
all connections busy waits, and one that finds the queue full gets 503 with `x-envoy-overloaded` at once (flags
UO). The well-known demo of circuit breaking has 1 and 1, and is often copied. Connections times the requests that
one answers in a second is what a caller can do; below ten a burst is enough (istio/istio#49108).

HTTP2 and gRPC send many requests over one connection: there `maxConnections` may be small.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  connectionLimits:
    maxConnections: 1  # warning: [connection-limit-too-small] "1"
    maxPendingRequests: 1  # warning: [connection-limit-too-small] "1"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  connectionLimits: {maxConnections: 100, maxPendingRequests: 50}
```

```yaml
ports:
  - {number: 9000, name: grpc}
resilience:
  connectionLimits: {maxConnections: 2}
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/circuit-breaking/
- https://github.com/istio/istio/issues/49108
- https://github.com/istio/istio/issues/19454

## Shown by

- `tests/mesh/test_resilience.py::test_requests_beyond_a_tiny_pool_fail_at_once`
- `tests/mesh/test_resilience.py::test_one_connection_is_enough_for_grpc`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_SMALLEST = 10
_MULTIPLEXED = frozenset({"HTTP2", "GRPC", "GRPC-WEB"})


def check(case: Case) -> Iterator[Finding]:
    """Find limits under ten; one of connections only where each takes one request at a time."""
    resilience = case.service.resilience
    limits = resilience.connection_limits if resilience is not None else None
    if limits is None or limits.at is None:
        return
    shared = all(port.protocol in _MULTIPLEXED for port in case.service.ports) and case.service.ports
    if limits.max_connections is not None and limits.max_connections < _SMALLEST and not shared:
        yield Finding(
            limits.at / "maxConnections",
            f"'{limits.max_connections}' connections carry as many requests at a time from each caller's proxy, and"
            " the next ones wait or get 503; write what a burst needs, such as 100",
        )
    if limits.max_pending_requests is not None and limits.max_pending_requests < _SMALLEST:
        yield Finding(
            limits.at / "maxPendingRequests",
            f"'{limits.max_pending_requests}' requests may wait in each caller's proxy, and the next one of a burst"
            " gets 503 at once; write what a burst needs, such as 100",
        )


RULE = Rule("connection-limit-too-small", Severity.WARNING, __doc__, check)
