"""A route goes to a port that the service does not have.

## Why

A port is named where it is the service's own. Istio admits a route to a port that the Service lacks, and answers
every request on it with 503 (run on 1.27 and 1.31).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  port: http-web  # error: [unknown-port] "http-web"
internalRouting:
  pathConfiguration:
    - path: /quote
      port: "8080"  # error: [unknown-port] "8080", "http"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  port: http
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination

## Shown by

- `tests/mesh/test_ports.py::test_a_port_that_the_service_lacks`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import Service, Setting, port_named
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find port names in both routing sections that no port has."""
    for named in _named(case.service):
        if named.at is not None and port_named(case.service, named.value) is None:
            yield Finding(named.at, f"no port is named '{named.value}'; {_right(case.service, named.value)}")


def _named(service: Service) -> Iterator[Setting[str]]:
    for routing in (service.external, service.internal):
        if routing is not None:
            yield from filter(None, [routing.port, *(route.port for route in routing.routes or ())])


def _right(service: Service, name: str) -> str:
    """Say what to write instead of a name that no port has."""
    if not service.ports:
        return "there are no 'ports'; add them, or validate with the chart whose defaults give them"
    meant = next((port.name for port in service.ports if str(port.number) == name), None)
    if meant is not None:
        return f"write the name of port {name}, which is '{meant}'"
    return f"the ports are {quoted(port.name for port in service.ports)}"


RULE = Rule("unknown-port", Severity.ERROR, __doc__, check)
