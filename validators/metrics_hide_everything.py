"""The metrics of a port are at its root, so nothing of it is reachable from outside.

## Why

Metrics name customers, hosts and versions, so on a port that gateways route to the path in `metrics` and everything
below it is answered with 404 before any other rule, whichever port of the same container declares it. With
`metrics: /` that is every path there is.

## Bad

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - number: 8080
    name: http
    metrics: /  # error: [metrics-hide-everything] "/"
externalRouting:
  hosts: [orders.example.com]
  port: http
```

## Good

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
  - {number: 9090, name: http-metrics, metrics: /}
externalRouting:
  hosts: [orders.example.com]
  port: http
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import route_port
from meshguard.routing import metrics_behind
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find metrics at the root of a port that all requests from outside go to; items have a rule of their own."""
    routing = case.service.external
    port = None if routing is None else route_port(case.service, routing, routing.rest)
    if routing is None or routing.routes is not None or port is None:
        return
    for at, metrics in metrics_behind(case.service, port):
        if metrics == "/":
            yield Finding(
                at,
                f"metrics are never reachable from outside, and '{metrics}' is every path of port '{port.name}', so"
                " all requests are answered with 404; write their own path, such as /metrics",
            )


RULE = Rule("metrics-hide-everything", Severity.ERROR, __doc__, check)
