"""A stream holds one of a limited number of connections.

## Why

Over HTTP/1.1 a websocket, a stream of events or a long poll keeps its connection to itself for as long as it
lasts. `maxConnections` holds for each gateway pod and each caller's sidecar: with all of them in streams, ordinary
requests wait until their timeout and get 504 (run on Envoy 1.40). How many streams there are is not known here.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /events
      streaming: true
resilience:
  connectionLimits:
    maxConnections: 100  # info: [stream-holds-connection] "100", "/events"
```

## Good

```yaml
ports:
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders.Events
      streaming: true
resilience:
  connectionLimits: {maxConnections: 100}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings
- https://github.com/kubernetes-sigs/gateway-api/issues/3358

## Shown by

- `tests/mesh/test_streams.py::test_a_stream_holds_one_of_the_connections`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import protocols, served_routes
from meshguard.rule import Case, Rule

_ONE_AT_A_TIME = frozenset({"HTTP", "HTTPS"})


def check(case: Case) -> Iterator[Finding]:
    """Find a limit of connections beside a stream over HTTP/1.1."""
    service = case.service
    limits = service.resilience.connection_limits if service.resilience is not None else None
    if limits is None or limits.at is None or limits.max_connections is None:
        return
    for routing, route in served_routes(service):
        if route.streaming and protocols(service, routing, route) & _ONE_AT_A_TIME:
            yield Finding(
                limits.at / "maxConnections",
                f"each open stream of '{route.path}' holds one of the '{limits.max_connections}' connections of a"
                " gateway pod or a caller, and requests beyond them get 503; count the streams in",
                related=(Related(route.at, "a stream"),),
            )
            return


RULE = Rule("stream-holds-connection", Severity.INFO, __doc__, check)
