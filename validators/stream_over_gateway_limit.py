"""A stream is longer than what stands in front of the gateway may allow.

## Why

`maxTimeout` of a gateway is when a load balancer or CDN in front of it gives up. meshguard gives a stream no
timeout, but it cannot speak for what stands outside the mesh. Send something now and then to keep the stream alive,
and let clients connect again.

## Bad

```policy
gateways: {public: {gateway: istio-ingress/public, maxTimeout: 60s}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /events
      streaming: true  # info: [stream-over-gateway-limit] "public", "1m"
```

## Good

```policy
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /events
      streaming: true
```

## See

- https://github.com/kubeflow/kubeflow/issues/6126

## Shown by

Nothing of the mesh is claimed: the policy says what stands before a gateway, outside of the mesh.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.exposure import gateways
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find streams behind a gateway with a longest timeout."""
    routing = case.service.external
    opening = gateways(case.service, case.facts, "terminate")
    limits = [(gateway.max_timeout, gateway.name) for gateway in opening if gateway.max_timeout is not None]
    if routing is None or not limits:
        return
    most, name = min(limits)
    for route in routing.routes or ():
        if route.streaming:
            yield Finding(
                route.written["streaming"],
                f"what stands in front of gateway '{name}' gives up after '{duration(most)}', perhaps on streams"
                " too; keep them alive with a byte now and then, and let clients connect again",
            )


RULE = Rule("stream-over-gateway-limit", Severity.INFO, __doc__, check)
