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
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Service, Setting, port_named
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find port names in both routing sections that no port has."""
    for named in _named(case.service):
        if named.at is not None and port_named(case.service, named.value) is None:
            known = ", ".join(f"'{port.name}'" for port in case.service.ports) or "none"
            yield Finding(named.at, f"no port is named '{named.value}'; the ports are {known}")


def _named(service: Service) -> Iterator[Setting[str]]:
    for routing in (service.external, service.internal):
        if routing is not None:
            yield from filter(None, [routing.port, *(route.port for route in routing.routes or ())])


RULE = Rule("unknown-port", Severity.ERROR, __doc__, check)
