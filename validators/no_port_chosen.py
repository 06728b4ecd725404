"""It is not decided which port a section's requests go to.

## Why

`externalRouting.port` may be left out where the service has one port that the gateway can route to. With several,
any choice would be a guess; with none, there is nothing to send the requests to. A port with `metrics` is never
meant when nothing is said. A gateway that opens TLS can route to HTTP, HTTP2, GRPC, GRPC-WEB and HTTPS; one that
passes TLS through only to HTTPS and TLS.

The rules of `internalRouting` hold for every HTTP-like port without `metrics` where it names none, so it needs one.

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

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 5432, name: tcp-postgres}
  - {number: 9187, name: http-metrics, metrics: /metrics}
externalRouting:  # error: [no-port-chosen] "http-metrics"
  hosts: [db.example.com]
internalRouting:  # error: [no-port-chosen] "http-metrics"
  timeout: 2s
```

## Good

A port for metrics is never meant.

```policy
mesh: {prometheus: sidecar}
```

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

```policy
gateways: {edge: {gateway: istio-ingress/edge, tls: passthrough}}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8443, name: https}
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination

## Shown by

- `tests/mesh/test_ports.py::test_a_port_that_speaks_no_http_answers_no_request`
- `tests/mesh/test_ports.py::test_a_gateway_that_opens_tls_sends_plain_requests_on`
- `tests/mesh/test_ports.py::test_a_gateway_that_passes_tls_through`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import tls_modes
from meshguard.model import HTTP_LIKE, ROUTABLE, Port, Routing, Service, internal_ports
from meshguard.rule import Case, Rule

_PASSED_THROUGH = frozenset({"HTTPS", "TLS"})


def check(case: Case) -> Iterator[Finding]:
    """Find sections whose port is neither said nor the only one possible."""
    service = case.service
    if service.external is not None and service.external.port is None:
        yield from _outside(case, service.external)
    if service.internal is not None and service.internal.port is None:
        yield from _inside(service, service.internal)


def _outside(case: Case, routing: Routing) -> Iterator[Finding]:
    modes = tls_modes(routing, case.facts)
    decided = routing.unlisted_paths.value == "deny" and _every_route_says(routing)
    able = [ROUTABLE] if "terminate" in modes and not decided else []
    able += [_PASSED_THROUGH] if "passthrough" in modes else []
    for protocols in able:
        fault = _undecided(case.service.ports, protocols)
        if fault is not None:
            yield Finding(routing.at, f"'externalRouting' {fault}", on_key=True)
            return


def _undecided(ports: tuple[Port, ...], able: frozenset[str]) -> str | None:
    candidates = [port.name for port in ports if port.protocol in able and port.metrics is None]
    if len(candidates) > 1:
        return f"could go to the ports {quoted(candidates)}; say which with 'port'"
    return None if candidates else f"has no port to go to; {_missing(ports, able)}"


def _inside(service: Service, routing: Routing) -> Iterator[Finding]:
    opaque = service.ports and not any(port.protocol in HTTP_LIKE for port in service.ports)
    if not opaque and not internal_ports(service, routing) and not _every_route_says(routing):
        fault = f"has no port that its rules hold for; {_missing(service.ports, HTTP_LIKE)}"
        yield Finding(routing.at, f"'internalRouting' {fault}", on_key=True)


def _every_route_says(routing: Routing) -> bool:
    return routing.routes is not None and all(
        route.port is not None or route.redirect is not None for route in routing.routes
    )


def _missing(ports: tuple[Port, ...], able: frozenset[str]) -> str:
    """Say what to do where no port can be taken: name the one with metrics, say why none can, or add one."""
    metrics = [port.name for port in ports if port.protocol in able and port.metrics is not None]
    if metrics:
        return f"'{metrics[0]}' serves metrics, so say 'port: {metrics[0]}' if it is meant"
    if ports:
        found = ", ".join(f"'{port.name}' ({port.protocol})" for port in ports)
        hint = (
            "; TLS needs a gateway with tls: passthrough" if any(port.protocol == "TLS" for port in ports) else ""
        )
        return f"none of {found} can be routed to, only {', '.join(sorted(able))}{hint}"
    return "add one under 'ports', such as {number: 8080, name: http}, or validate with the chart that has it"


RULE = Rule("no-port-chosen", Severity.ERROR, __doc__, check)
