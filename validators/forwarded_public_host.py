"""Calls in the mesh to a forwarded host come straight to the service, past the gateway.

## Why

`forwardedHosts` lets a reverse proxy in the mesh keep the Host header of the browser. It holds for every caller in
the mesh: plain HTTP to that host on the service's ports goes to the service, whatever address was dialled, and what
the gateway does (authentication, rewrites, limits) is left out. `https://` to the host is untouched (run on Istio
1.27 and 1.31). Where a proxy in the mesh forwards the host, this is what is wanted.

It is told of hosts that the service is reachable by from outside, and of every host where the service has port 80,
which callers mean who write no port.

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

```yaml
ports:
  - {number: 80, name: http, targetPort: 8080}
internalRouting:
  forwardedHosts:
    - shop.example.com  # info: [forwarded-public-host] "shop.example.com", "80"
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
from meshguard.exposure import own_hosts
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find forwarded hosts that callers in the mesh may call by another way today."""
    external, internal = case.service.external, case.service.internal
    if internal is None:
        return
    public = own_hosts(external, case.facts) if external is not None else frozenset()
    has_80 = any(port.number == 80 and port.protocol in HTTP_LIKE for port in case.service.ports)
    for host in internal.forwarded_hosts:
        if host.value in public:
            start = (
                f"'{host.value}' is a host from outside too: plain HTTP calls of the mesh to it come straight here,"
            )
        elif has_80:
            start = (
                f"plain HTTP calls of the mesh to '{host.value}' on port '80' come straight here from everywhere,"
            )
        else:
            continue
        yield Finding(
            host.at or internal.at, f"{start} past the gateway; that is right where a proxy in the mesh forwards it"
        )


RULE = Rule("forwarded-public-host", Severity.INFO, __doc__, check)
