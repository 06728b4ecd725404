"""It is not decided which port requests from outside go to.

## Why

`externalRouting.port` may be left out where the service has one port that a gateway can route to. With several,
any choice would be a guess; with none, there is nothing to send the requests to.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: grpc}
externalRouting:  # error: [no-port-chosen] "http", "grpc"
  hosts: [orders.example.com]
```

```yaml
externalRouting:  # error: [no-port-chosen] "ports"
  pathConfiguration:
    - path: /my-retry-path
```

## Good

A port for metrics is never meant.

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  port: http
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import candidate_ports
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find an external section whose port is neither said nor the only one possible."""
    routing = case.service.external
    if routing is None or routing.port is not None or _every_route_says(case):
        return
    candidates = candidate_ports(case.service)
    if len(candidates) > 1:
        names = ", ".join(f"'{port.name}'" for port in candidates)
        yield Finding(
            routing.at,
            f"'externalRouting' could go to the ports {names}; say which with 'port'",
            on_key=True,
        )
    elif not candidates and not any(port.protocol == "TLS" for port in case.service.ports):
        yield Finding(
            routing.at,
            "'externalRouting' has no port to go to; add one under 'ports',"
            " such as {number: 8080, name: http}, or validate with the chart whose defaults give it",
            on_key=True,
        )


def _every_route_says(case: Case) -> bool:
    routing = case.service.external
    if routing is None or routing.routes is None or routing.unlisted_paths.value == "allow":
        return False
    return all(route.port is not None or route.redirect is not None for route in routing.routes)


RULE = Rule("no-port-chosen", Severity.ERROR, __doc__, check)
