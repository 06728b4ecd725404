"""The metrics of a port are at its root, so nothing of it is reachable from outside.

## Why

Metrics name customers, hosts and versions, so on a port that gateways route to the path in `metrics` and everything
below it is answered with 404 before any other rule, whichever port of the same container declares it. With
`metrics: /` that is every path there is. The same holds in the mesh for the hosts that a proxy forwards
(`internalRouting.forwardedHosts`), as their requests come from outside.

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

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: http-admin, metrics: /}  # error: [metrics-hide-everything] "http-admin"
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - {path: /orders}
    - {path: /admin, port: http-admin}
    - {path: /settings, port: http-admin}
```

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - number: 8080
    name: http
    metrics: /  # error: [metrics-hide-everything] "/"
internalRouting:
  port: http
  forwardedHosts: [shop.example.com]
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

## Shown by

- `tests/stories/test_s6_metrics.py::test_metrics_at_the_root_of_a_port_leave_nothing_of_it_outside`
- `tests/stories/test_s6_metrics.py::test_nor_by_way_of_a_proxy_that_forwards_the_host`
- `tests/stories/test_s6_metrics.py::test_metrics_of_a_routed_port_are_not_reachable_from_outside`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Port, Service, internal_ports, route_port
from meshguard.routing import metrics_behind, table
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find metrics at the root of a port that requests from outside go to."""
    yield from once(_hiding(case))


def _hiding(case: Case) -> Iterator[Finding]:
    for port in _reached(case.service):
        for at, metrics in metrics_behind(case.service, port):
            if metrics == "/":
                yield Finding(
                    at,
                    f"metrics are never reachable from outside, and '{metrics}' is every path of port"
                    f" '{port.name}', so all requests that go there are answered with 404; write their own path,"
                    " such as /metrics",
                )


def _reached(service: Service) -> Iterator[Port]:
    """Give the ports that requests from outside go to, by a gateway or by a proxy in the mesh."""
    external, internal = service.external, service.internal
    routes = () if external is None else table(external)
    ports = (external and route_port(service, external, route) for route in routes if route.redirect is None)
    yield from filter(None, ports)
    if internal is not None and internal.forwarded_hosts:
        yield from internal_ports(service, internal)


RULE = Rule("metrics-hide-everything", Severity.ERROR, __doc__, check)
