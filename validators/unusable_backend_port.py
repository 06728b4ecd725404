"""A backend goes to a port of the service itself that cannot take its requests.

## Why

`port` of a backend is the number that callers dial. A number that the Service does not have is answered with 503,
and so is the number of the container (run on Istio 1.27 and 1.31). A port that carries no plain HTTP cannot take
requests by path, and one with `metrics` is never reachable from outside, on no way. To send a path to another port
of the service, name it with `port` beside the path: then everything that belongs to that port is done.

Ports of other Services are not known here.

## Bad

```policy
mesh: {prometheus: sidecar}
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http, targetPort: 8000}
  - {number: 5432, name: tcp-postgres}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends:
        - {service: orders, weight: 95, port: 8000}  # error: [unusable-backend-port] "8000", "8080"
        - {service: orders-next, weight: 5, port: 9999}
    - path: /orders
      backends:
        - {service: orders, weight: 20, port: 8081}  # error: [unusable-backend-port] "8081", "8080"
        - {service: orders, weight: 20, port: 5432}  # error: [unusable-backend-port] "5432", "TCP"
        - {service: orders, weight: 60, port: 9090}  # error: [unusable-backend-port] "9090"
```

## Good

```policy
mesh: {prometheus: sidecar}
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http, targetPort: 8000}
  - {number: 8081, name: http-next}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /checkout
      backends: [{service: orders, weight: 95}, {service: orders, weight: 5, port: 8081}]
internalRouting:
  pathConfiguration:
    - path: /metrics-of-all
      backends: [{service: orders, port: 9090}]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
- https://github.com/istio/istio/issues/54148

## Shown by

- `tests/mesh/test_ports.py::test_a_port_that_the_service_lacks`
- `tests/mesh/test_ports.py::test_a_port_that_speaks_no_http_answers_no_request`
- `tests/stories/test_s6_metrics.py::test_metrics_of_a_routed_port_are_not_reachable_from_outside`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import HTTP_LIKE, Backend, Service, served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find backends that are the service itself with a port that is not there or takes no requests."""
    yield from once(_unusable(case.service, case.facts.identity.service))


def _unusable(service: Service, name: str | None) -> Iterator[Finding]:
    for routing, route in served_routes(service):
        for backend in route.backends if service.ports else ():
            fault = None
            if backend.service == name and backend.port is not None:
                fault = _fault(service, backend, outside=routing is service.external)
            if fault is not None:
                yield Finding(backend.at / "port", fault)


def _fault(service: Service, backend: Backend, *, outside: bool) -> str | None:
    number = backend.port
    port = next((port for port in service.ports if port.number == number and port.protocol != "UDP"), None)
    if port is None:
        named = [port.number for port in service.ports if port.target == number] or [
            port.number for port in service.ports
        ]
        return (
            f"'{backend.service}' has no port '{number}', so these requests get 503; write one of {quoted(named)}"
        )
    if port.protocol not in HTTP_LIKE:
        return (
            f"port '{number}' is {port.protocol}, and requests by path need plain HTTP there; to take another port"
            " write its name as 'port' of the path"
        )
    if port.metrics is not None and outside:
        return f"port '{number}' is for metrics, which are never reachable from outside; take another port"
    return None


RULE = Rule("unusable-backend-port", Severity.ERROR, __doc__, check)
