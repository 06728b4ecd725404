"""Calls in the mesh to a host of the service's own come straight to it, past the gateway.

## Why

`forwardedHosts` lets a reverse proxy in the mesh keep the Host header of the browser. It holds for every caller in
the mesh: plain HTTP to that host on the service's ports goes to the service, whatever address was dialled, and what
the gateway does (authentication, rewrites, limits) is left out. `https://` to the host is untouched (run on Istio
1.27 and 1.31). Where a proxy in the mesh forwards the host, this is what is wanted.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [shop.example.com]
internalRouting:
  forwardedHosts:
    - shop.example.com  # info: [forwarded-public-host] "shop.example.com"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
internalRouting:
  forwardedHosts: [shop.example.com]
```

## See

- https://github.com/istio/istio/issues/25267
- https://github.com/istio/istio/issues/9107

## Shown by

- `tests/stories/test_s5_public_host.py::test_the_public_host_before_and_after`
- `tests/stories/test_s5_public_host.py::test_on_port_80_the_host_decides_whatever_address_is_dialled`
- `tests/mesh/test_hosts.py::test_a_forwarded_host_is_taken_over_http_alone`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import exposures
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find forwarded hosts that the service is reachable by from outside."""
    external, internal = case.service.external, case.service.internal
    if external is None or internal is None:
        return
    public = {host for exposure in exposures(external, case.facts) for host in exposure.hosts}
    for host in internal.forwarded_hosts:
        if host.value in public and host.at is not None:
            yield Finding(
                host.at,
                f"'{host.value}' is a host from outside too: plain HTTP calls of the mesh to it come straight here,"
                " past the gateway; that is right where a proxy in the mesh forwards it",
            )


RULE = Rule("forwarded-public-host", Severity.INFO, __doc__, check)
