"""Requests from outside are sent to a port that the gateway cannot route to.

## Why

A gateway that opens TLS reads requests, so it needs a port with requests: HTTP, HTTP2, GRPC, GRPC-WEB, or HTTPS,
to which it speaks TLS again. TCP, MONGO, MYSQL, REDIS and UDP have no host names and no paths to route by.
`protocol: TLS` is routed by the name in the TLS handshake alone, which needs a gateway with `tls: passthrough` in
the policy.

A gateway that passes TLS through sends the client's TLS bytes to the port as they are: a plaintext port answers
them with a reset (istio/istio#34612). Where no gateway is known, one that opens TLS is assumed, as is the default.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 5432, name: tcp-postgres}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /orders
    - path: /db
      port: tcp-postgres  # error: [unroutable-port] "tcp-postgres", "TCP"
```

```policy
gateways:
  public: {gateway: istio-ingress/public, default: true}
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 8443, name: tls-db}
externalRouting:
  hosts: [db.example.com]
  port: tls-db  # error: [unroutable-port] "tls-db", "public", "edge"
```

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  port: http  # error: [unroutable-port] "http", "edge"
```

## Good

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 8443, name: tls-db}
  - {number: 8080, name: http}
externalRouting:
  hosts: [db.example.com]
  port: tls-db
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/ingress/ingress-sni-passthrough/
- https://github.com/istio/istio/issues/34612
- https://github.com/istio/istio/issues/42303

## Shown by

- `tests/mesh/test_ports.py::test_a_port_that_speaks_no_http_answers_no_request`
- `tests/mesh/test_ports.py::test_a_gateway_that_opens_tls_sends_plain_requests_on`
- `tests/mesh/test_ports.py::test_a_gateway_that_passes_tls_through`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath, quoted
from meshguard.exposure import gateways, tls_modes
from meshguard.model import ROUTABLE, Port, Service, port_named
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find ports of the external section, and of its paths, that do not suit its gateways."""
    routing = case.service.external
    if routing is None:
        return
    modes = tls_modes(routing, case.facts)
    yield from once(
        Finding(at, f"port '{port.name}' is {port.protocol}, and {fault}")
        for at, port in _chosen(case.service, paths="terminate" in modes)
        for fault in _faults(case, port, modes)
    )


def _chosen(service: Service, *, paths: bool) -> Iterator[tuple[ValuePath, Port]]:
    """Give the ports that the section names, and those of its paths, which mean nothing where TLS is not opened."""
    routing = service.external
    routes = routing.routes or () if routing is not None and paths else ()
    said = [routing.port if routing is not None else None]
    said += [route.port for route in routes if route.redirect is None]
    for named in filter(None, said):
        port = port_named(service, named.value)
        if port is not None and named.at is not None:
            yield named.at, port


def _faults(case: Case, port: Port, modes: frozenset[str]) -> Iterator[str]:
    if "terminate" in modes and port.protocol == "TLS":
        able = [name for name, gateway in case.facts.gateways.items() if gateway.tls == "passthrough"]
        known = [gateway.name for gateway in gateways(case.service, case.facts, "terminate")]
        opening = f"gateway {quoted(known)} opens it" if known else "no gateway is known"
        yield f"{opening}; it needs one with tls: passthrough, of which the policy has {quoted(able)}"
    elif "terminate" in modes and port.protocol not in ROUTABLE:
        yield "a gateway routes requests only; take a port with HTTP, HTTP2, GRPC, GRPC-WEB or HTTPS"
    elif "passthrough" in modes and port.protocol not in {"HTTPS", "TLS"}:
        passing = quoted(gateway.name for gateway in gateways(case.service, case.facts, "passthrough"))
        yield f"gateway {passing} passes TLS through unopened; take a port that opens it itself, HTTPS or TLS"


RULE = Rule("unroutable-port", Severity.ERROR, __doc__, check)
