"""A gateway sends to an HTTPS port of another Service, and whether it is told how is not known here.

## Why

How a gateway speaks TLS to a Service follows from the values of that Service: `tls` at its port, and its own
`externalRouting` by the same gateway. Without them it sends plain HTTP, or mutual TLS of the mesh, and the
application refuses it: in a split that share of the requests gets 503 (run on Istio 1.27 and 1.31). A run over all
services of the policy can tell, and says `backend-tls-missing` where it is so.

## Bad

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
        - {service: orders-next, weight: 10}  # info: [backend-tls-not-known] "orders-next", "8443"
```

## Good

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
        - {service: orders-next, weight: 10}
    - {path: /plain, backends: [{service: legacy, port: 8080}]}
```

```yaml orders-next/values.yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting: {}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
- https://istio.io/latest/docs/ops/configuration/traffic-management/tls-configuration/

## Shown by

- `tests/stories/test_s4_values.py::test_another_service_behind_the_gateway_speaks_for_itself`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import foreign_backends
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find other Services whose values are not known, behind a port that speaks TLS itself."""
    yield from once(_unknown(case))


def _unknown(case: Case) -> Iterator[Finding]:
    numbers = {port.number for port in case.service.ports if port.protocol == "HTTPS"}
    for at, name, number in foreign_backends(case.service, case.facts):
        if number in numbers and case.callee(name) is None:
            yield Finding(
                at,
                f"a gateway speaks TLS to port '{number}' of '{name}' only if its own values have 'tls' at"
                " the port and an 'externalRouting' to it by the same gateway; else these requests get 503",
            )


RULE = Rule("backend-tls-not-known", Severity.INFO, __doc__, check)
