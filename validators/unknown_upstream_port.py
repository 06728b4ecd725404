"""A service is called on a port that it does not have.

## Why

A Service answers on the ports that it lists, by their `number`. On any other one, that of its container too,
callers meet nobody: the sidecar knows no such port, lets the connection go as it is, and it is refused (run on
Istio 1.27 and 1.31). Found where the values of both are known, in a run over all services of the policy.

## Bad

```yaml
upstreams:
  - service: catalog
    port: 8000  # error: [unknown-upstream-port] "catalog", "8000", "8080"
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http, targetPort: 8000}
  - {number: 53, name: udp-dns}
```

## Good

```yaml
upstreams:
  - {service: catalog, port: 8080}
  - {service: catalog}
  - {service: search, port: 9999}
  - {service: elsewhere.shop, port: 80}
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http, targetPort: 8000}
```

```yaml search/values.yaml
resilience: {loadBalancing: random}
```

## See

- https://kubernetes.io/docs/concepts/services-networking/service/#multi-port-services
- https://istio.io/latest/docs/ops/configuration/traffic-management/traffic-routing/

## Shown by

- `tests/stories/test_s5_public_host.py::test_a_port_that_the_service_lacks`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports of called services that their own values do not list."""
    for upstream in case.service.upstreams:
        callee = case.callee(upstream.service) if upstream.service is not None and upstream.port else None
        numbers = [] if callee is None else [port.number for port in callee.service.ports if port.protocol != "UDP"]
        if numbers and upstream.port not in numbers:
            yield Finding(
                upstream.at / "port",
                f"'{upstream.service}' has no port '{upstream.port}', so calls to it are refused;"
                f" write one of {quoted(numbers)}",
            )


RULE = Rule("unknown-upstream-port", Severity.ERROR, __doc__, check)
