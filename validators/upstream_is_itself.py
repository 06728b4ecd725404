"""A service lists itself among what it calls.

## Why

An item with the service's own name says nothing to the mesh and is usually left of a copied file: the service that
is meant is missing. With `forwardedHosts` it says that the service forwards requests to itself, a loop. A host
outside that the service takes for itself in the mesh (`internalRouting.forwardedHosts`) never reaches the outside:
the mesh leads calls to it back to the service.

## Bad

```policy
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
upstreams:
  - service: orders  # warning: [upstream-is-itself] "orders"
    port: 8080
  - host: shop.example.com  # warning: [upstream-is-itself] "shop.example.com"
```

## Good

A service of that name in another namespace is another one.

```policy
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: orders.archive, port: 8080}
  - {service: catalog, port: 8080}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService

## Shown by

- `tests/mesh/test_upstreams.py::test_a_host_outside_that_a_service_takes_for_itself_is_never_left_for`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.policy import is_itself
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find upstreams that lead back to the service."""
    internal = case.service.internal
    taken = {host.value for host in internal.forwarded_hosts} if internal is not None else set()
    for upstream in case.service.upstreams:
        if upstream.service is not None and is_itself(upstream.service, case.facts):
            yield Finding(
                upstream.at / "service",
                f"'{upstream.service}' is this service itself; name the one that it calls, or leave the item out",
            )
        elif upstream.host in taken:
            yield Finding(
                upstream.at / "host",
                f"'{upstream.host}' is among the 'forwardedHosts' of this service, so its calls to that host come"
                " back to itself; leave one of the two out",
            )


RULE = Rule("upstream-is-itself", Severity.WARNING, __doc__, check)
