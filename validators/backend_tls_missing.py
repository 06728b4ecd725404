"""A gateway routes to an HTTPS port, and nothing says how to speak TLS to it.

## Why

The gateway opens the client's TLS to read the requests. Behind it the application expects TLS again. Without `tls`
the gateway sends plain HTTP: `400 Client sent an HTTP request to an HTTPS server`, or 503 (run on Istio 1.27 and
1.31 with a real Envoy). `tls.serverName` is the name that the gateway asks for and verifies on the certificate.

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

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
- https://github.com/istio/istio/issues/26554

## Shown by

- `tests/stories/test_s4_https_backends.py::test_every_place_of_the_rule`
- `tests/mesh/test_ports.py::test_a_gateway_that_opens_tls_sends_plain_requests_on`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import opened_ports, tls_modes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find HTTPS ports behind a gateway that opens TLS, without `tls`."""
    routing = case.service.external
    if routing is None or "terminate" not in tls_modes(routing, case.facts):
        return
    for port in opened_ports(case.service):
        if port.protocol == "HTTPS" and port.tls is None:
            yield Finding(
                port.at,
                f"requests from outside go to HTTPS port '{port.name}' as plain HTTP, which it refuses; write the"
                " name on its certificate, such as tls: {serverName: orders.internal.example.com}",
            )


RULE = Rule("backend-tls-missing", Severity.ERROR, __doc__, check)
