"""A route goes to a port that the service does not have.

## Why

A port is named where it is the service's own. Istio admits a route to a port that the Service lacks, and answers
every request on it with 503 (run on 1.27 and 1.31).

A list of ports in a later file takes the place of the whole list: a port that it does not repeat is gone in that
environment, and what names it is found here.

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

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8081, name: http-admin}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /orders
    - path: /admin
      port: http-admin  # error: [unknown-port] "http-admin", "values-prod.yaml"
```

```yaml values-prod.yaml
ports:
  - {number: 80, name: http, targetPort: 8080}
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

from meshguard.diagnostic import Finding, Related, Severity, quoted
from meshguard.helm.loss import replaced
from meshguard.model import Service, named_ports, port_named
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find port names in both routing sections that no port has."""
    for named in named_ports(case.service):
        if named.at is None or port_named(case.service, named.value) is not None:
            continue
        loss = replaced(case.losses, case.service.at / "ports", "name", named.value)
        if loss is None:
            yield Finding(named.at, f"no port is named '{named.value}'; {_right(case.service, named.value)}")
        else:
            message = (
                f"no port is named '{named.value}': '{loss.span.file}' has another list of ports; repeat it there"
            )
            yield Finding(named.at, message, related=(Related(loss.span, "this list takes the other's place"),))


def _right(service: Service, name: str) -> str:
    """Say what to write instead of a name that no port has."""
    if not service.ports:
        return "there are no 'ports'; add them, or validate with the chart whose defaults give them"
    meant = next((port.name for port in service.ports if str(port.number) == name), None)
    if meant is not None:
        return f"write the name of port {name}, which is '{meant}'"
    return f"the ports are {quoted(port.name for port in service.ports)}"


RULE = Rule("unknown-port", Severity.ERROR, __doc__, check)
