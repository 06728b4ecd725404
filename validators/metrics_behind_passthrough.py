"""Metrics are on a port that a gateway passes TLS through to, so everybody can read them.

## Why

Metrics name customers, hosts and versions. A gateway that opens TLS answers their path with 404; one that passes
TLS through (`tls: passthrough`) sees no path, and hands on the request for `/metrics` as any other (run on Istio
1.27 and 1.31). What counts is the container port, whichever port of the service declares them.

Give metrics a port of their own, which no gateway leads to.

## Bad

```policy
mesh: {prometheus: outside}
gateways: {tunnel: {gateway: istio-ingress/tunnel, tls: passthrough}}
```

```yaml
ports:
  - number: 8443
    name: https
    metrics: /metrics  # error: [metrics-behind-passthrough] "/metrics", "tunnel", "https"
externalRouting:
  hosts: [login.example.com]
  port: https
```

## Good

```policy
mesh: {prometheus: outside}
gateways: {tunnel: {gateway: istio-ingress/tunnel, tls: passthrough}}
```

```yaml
ports:
  - {number: 8443, name: https}
  - {number: 9000, name: https-admin, metrics: /metrics}
externalRouting:
  hosts: [login.example.com]
  port: https
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/ingress/ingress-sni-passthrough/
- https://www.keycloak.org/server/management-interface

## Shown by

- `tests/stories/test_s6_metrics.py::test_a_gateway_that_passes_tls_through_hides_nothing`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import gateways, passthrough_port, spare_port
from meshguard.routing import metrics_behind
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find metrics on the port that a passthrough gateway hands connections to."""
    names = [gateway.name for gateway in gateways(case.service, case.facts, "passthrough")]
    routing = case.service.external
    port = passthrough_port(case.service, routing) if routing is not None and names else None
    if port is None:
        return
    for at, metrics in metrics_behind(case.service, port):
        yield Finding(
            at,
            f"gateway {quoted(names)} passes TLS through and sees no path, so everybody can read '{metrics}' behind"
            f" port '{port.name}'; give metrics a port of their own, such as {spare_port(case.service, metrics)}",
        )


RULE = Rule("metrics-behind-passthrough", Severity.ERROR, __doc__, check)
