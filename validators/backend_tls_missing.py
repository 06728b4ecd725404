"""A gateway routes to an HTTPS port, and nothing says how to speak TLS to it.

## Why

The gateway opens the client's TLS to read the requests. Behind it the application expects TLS again. Without `tls`
the gateway sends plain HTTP: `400 Client sent an HTTP request to an HTTPS server`, or 503 (run on Istio 1.27 and
1.31 with a real Envoy). `tls.serverName` is the name that the gateway asks for and verifies on the certificate.

What holds for another Service that a path sends to (`backends`, `mirror`) follows from that one's own values: its
port must have `tls`, and its own `externalRouting` must lead the same gateways to it. This is found where those
values are known, in a run over all services of the policy.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - number: 8443  # error: [backend-tls-missing] "https-admin", "tls"
    name: https-admin
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - {path: /admin, port: https-admin}
```

```policy
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}}
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting:
  pathConfiguration:
    - path: /orders
      backends:
        - {service: orders, weight: 90}
        - {service: orders-next, weight: 10}  # error: [backend-tls-missing] "orders-next", "8443"
```

```yaml orders-next/values.yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
```

## Good

A port that no gateway routes to needs nothing, nor does one behind a gateway that passes TLS through.

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
  - {number: 9443, name: https-admin}
externalRouting:
  hosts: [orders.example.com]
  port: https
```

```policy
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}}
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting:
  pathConfiguration:
    - path: /orders
      backends:
        - {service: orders, weight: 80}
        - {service: orders-next, weight: 10}
        - {service: orders-plain, weight: 10, port: 8080}
```

```yaml orders-next/values.yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting: {}
```

```yaml orders-plain/values.yaml
ports:
  - {number: 8080, name: http}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
- https://github.com/istio/istio/issues/26554

## Shown by

- `tests/stories/test_s4_https_backends.py::test_every_place_of_the_rule`
- `tests/stories/test_s4_values.py::test_another_service_behind_the_gateway_speaks_for_itself`
- `tests/mesh/test_ports.py::test_a_gateway_that_opens_tls_sends_plain_requests_on`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import foreign_backends, gateway_ports, gateways, perhaps_opened_ports
from meshguard.model import Service
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find HTTPS ports behind a gateway that opens TLS, without `tls`."""
    yield from _own(case)
    yield from once(_of_others(case))


def _own(case: Case) -> Iterator[Finding]:
    for port in perhaps_opened_ports(case.service, case.facts):
        if port.protocol == "HTTPS" and port.tls is None:
            yield Finding(
                port.at,
                f"requests from outside go to HTTPS port '{port.name}' as plain HTTP, which it refuses; write the"
                " name on its certificate, such as tls: {serverName: orders.internal.example.com}",
            )


def _of_others(case: Case) -> Iterator[Finding]:
    for at, name, number in foreign_backends(case.service, case.facts):
        other = case.callee(name)
        port = other and next((port for port in other.service.ports if port.number == number), None)
        if other is not None and port is not None and port.protocol == "HTTPS":
            is_spoken = port.tls is not None and port in gateway_ports(other.service, case.facts)
            if not (is_spoken and _same_gateways(case, other.service)):
                yield Finding(
                    at,
                    f"requests from outside go to HTTPS port '{number}' of '{name}' as plain HTTP and are refused,"
                    " as the gateway learns from that service's own values how to speak TLS to it; write 'tls' at"
                    " its port and an 'externalRouting' to it by the same gateway there",
                )


def _same_gateways(case: Case, other: Service) -> bool:
    """Tell whether all gateways that send to the other service are told how."""
    reached, told = (
        {gateway.workload_namespace for gateway in gateways(service, case.facts, "terminate")}
        for service in (case.service, other)
    )
    return reached <= told


RULE = Rule("backend-tls-missing", Severity.ERROR, __doc__, check)
