"""A section for requests from outside has no host: the values say none, and the gateway makes none.

## Why

A gateway tells services apart by their host. Where neither `hosts` nor the gateway's `hostTemplate` gives one,
nothing can be rendered and the service is not reachable: a host is never made up, and the host `*` would take every
request whose host no other service names.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:  # error: [no-host] "public", "hosts"
  pathConfiguration:
    - path: /orders
```

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}
  internal: {gateway: istio-ingress/internal, default: true}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  visibility:
    - public
    - internal  # error: [no-host] "internal"
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
```

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService

## Shown by

- `tests/mesh/test_hosts.py::test_a_host_of_everybody_takes_what_nobody_names`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import exposures
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find gateways without a template of hosts, where the values have no hosts either."""
    routing = case.service.external
    for exposure in exposures(routing, case.facts) if routing is not None and not routing.hosts else ():
        gateway = exposure.gateway
        if gateway is not None and gateway.host_template is None:
            yield Finding(
                exposure.at,
                f"nobody can reach the service through gateway '{gateway.name}': there are no 'hosts', and the"
                " policy makes none for this gateway; write them, such as hosts: [orders.example.com]",
                on_key=exposure.at == case.service.at / "externalRouting",
            )


RULE = Rule("no-host", Severity.ERROR, __doc__, check)
