"""One host is forwarded to two services on one port, and the mesh knows one of them.

## Why

In the mesh the Host header and the port decide where a request goes, not the address that was dialled. Where two
services list one host in their `internalRouting.forwardedHosts`, the older of their VirtualServices has it, on a
port that both have: the proxy calls the other service, and the first one answers (run on Istio 1.27 and 1.31).

A proxy that shares one public host among services by path can send each of them its own name (in nginx
`proxy_set_header Host catalog.shop`), with the public one in `X-Forwarded-Host`; or their Services have different
ports, which keeps them apart.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: catalog, port: 8080, forwardedHosts: [shop.example.com]}
  - service: cart
    port: 8080
    forwardedHosts:
      - shop.example.com  # error: [forwarded-host-twice] "shop.example.com", "catalog", "8080"
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

```yaml cart/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

```policy
services:
  - {values: values.yaml, name: edge}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: cart
    port: 8080
    forwardedHosts:
      - www.shop.example.com  # error: [forwarded-host-twice] "www.shop.example.com", "edge"
internalRouting:
  forwardedHosts: [www.shop.example.com]
```

```yaml cart/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [www.shop.example.com]
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: catalog, port: 8080, forwardedHosts: [shop.example.com]}
  - {service: cart, port: 8081, forwardedHosts: [shop.example.com]}
  - {service: search, port: 8080}
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

```yaml cart/values.yaml
ports:
  - {number: 8081, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

## See

- https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
- https://github.com/istio/istio/issues/22997

## Shown by

- `tests/stories/test_s5_public_host.py::test_a_host_that_two_services_take`
- `tests/mesh/test_hosts.py::test_in_the_mesh_the_older_claim_takes_all`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE, forwarding
from meshguard.policy import full_name
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts that the service forwards to more than one service on a port, or takes in itself there."""
    takers = _own(case)
    for service, upstream in forwarding(case.service, case.facts):
        if upstream.port is None:
            continue
        for host in upstream.forwarded_hosts:
            taker = takers.setdefault((host.value, upstream.port), service)
            if full_name(taker, case.facts) != full_name(service, case.facts):
                yield Finding(
                    host.at or upstream.at,
                    f"'{host.value}' on port '{upstream.port}' belongs to '{taker}' already, so one of the two gets"
                    " the requests for both; send one of them its own name as Host, or give it another port",
                )


def _own(case: Case) -> dict[tuple[str, int], str]:
    """Give the hosts that the service takes in itself, with each of its ports."""
    internal, name = case.service.internal, case.facts.identity.service
    hosts = () if internal is None else internal.forwarded_hosts
    ports = [port.number for port in case.service.ports if port.protocol in HTTP_LIKE]
    return {(host.value, port): name or "this service" for host in hosts for port in ports}


RULE = Rule("forwarded-host-twice", Severity.ERROR, __doc__, check)
