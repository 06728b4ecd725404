"""Requests from outside go to the port that is for metrics.

## Why

A port that is named after metrics serves metrics, and often debugging and management pages, not the product.
Choosing it where the service has another port that a gateway can route to sends customers to the wrong place: the
metrics path itself is answered with 404, and everything beside it is exposed to them.

A port that serves the product and has `metrics` too is fine, as is a service that is nothing but metrics.

## Bad

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  port: http-metrics  # error: [metrics-port-exposed] "http-metrics", "http"
```

## Good

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  port: http
```

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [exporter.example.com]
  port: http-metrics
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/

## Shown by

- `tests/stories/test_s6_metrics.py::test_beside_the_metrics_of_their_port_everything_is_reachable`
- `tests/stories/test_s6_metrics.py::test_metrics_of_a_routed_port_are_not_reachable_from_outside`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import exposed_metrics
from meshguard.model import candidate_ports
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find ports for metrics that the external section, or a path of it, is sent to."""
    others = quoted(port.name for port in candidate_ports(case.service))
    yield from once(
        Finding(
            at,
            f"port '{port.name}' is for metrics, so requests from outside would go to the wrong place;"
            f" ports without metrics are {others}",
        )
        for at, port in exposed_metrics(case.service)
    )


RULE = Rule("metrics-port-exposed", Severity.ERROR, __doc__, check)
