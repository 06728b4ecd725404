"""HTTP rules for callers in the mesh are given for a port that carries no plain HTTP.

## Why

`internalRouting` works in the caller's sidecar, which must read the requests. What goes to an HTTPS or TLS port is
encrypted by the application already, and TCP, MONGO, MYSQL, REDIS and UDP are no requests: Istio treats all of
these as bytes and ignores timeouts, retries and paths without a word (istio/istio#22124, run on 1.27 and 1.31).
Rules for requests from outside do reach an HTTPS port, because the gateway opens TLS.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8443, name: https}
internalRouting:
  timeout: 2s
  port: https  # error: [mesh-rules-on-opaque-port] "https", "HTTPS"
```

```yaml
ports:
  - {number: 5432, name: tcp-postgres}
internalRouting:  # error: [mesh-rules-on-opaque-port] "tcp-postgres", "TCP"
  timeout: 2s
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting:
  hosts: [orders.example.com]
  port: https
internalRouting:
  timeout: 2s
```

## See

- https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
- https://github.com/istio/istio/issues/22124

## Shown by

- `tests/mesh/test_ports.py::test_http_rules_of_callers_inside_do_not_reach_an_opaque_port`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE, Routing, Service, port_named
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find ports of the internal section, and of its paths, whose traffic a sidecar cannot read."""
    routing = case.service.internal
    if routing is not None:
        yield from once(_named(case.service, routing))
        yield from _unnamed(case.service, routing)


def _named(service: Service, routing: Routing) -> Iterator[Finding]:
    said = [routing.port, *(route.port for route in routing.routes or ())]
    for named in filter(None, said):
        port = port_named(service, named.value)
        if port is not None and named.at is not None and port.protocol not in HTTP_LIKE:
            yield Finding(
                named.at,
                f"port '{port.name}' is {port.protocol}, which callers' sidecars cannot read, so the rules of"
                " 'internalRouting' do nothing for it; take a port with HTTP, HTTP2, GRPC or GRPC-WEB",
            )


def _unnamed(service: Service, routing: Routing) -> Iterator[Finding]:
    said = routing.port or any(route.port for route in routing.routes or ())
    if service.ports and not said and not any(port.protocol in HTTP_LIKE for port in service.ports):
        found = ", ".join(f"'{port.name}' ({port.protocol})" for port in service.ports)
        yield Finding(
            routing.at,
            f"callers' sidecars cannot read what goes to {found}, so 'internalRouting' does nothing;"
            " it needs a port with HTTP, HTTP2, GRPC or GRPC-WEB",
            on_key=True,
        )


RULE = Rule("mesh-rules-on-opaque-port", Severity.ERROR, __doc__, check)
