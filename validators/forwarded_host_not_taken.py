"""A proxy forwards a public Host header to a service that does not take that host.

## Why

In the mesh the Host header decides where a request goes, not the address that was dialled. A host that the
service behind does not list in its `internalRouting.forwardedHosts` leaves as plaintext to that address: under
mutual TLS in STRICT mode it is refused (503, flags UC), in PERMISSIVE mode it arrives without identity, retries and
telemetry, and where only declared hosts are let out it gets 502 (run on Istio 1.27 and 1.31). Found where both
sides are known, in a run over all services of the policy.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog
    port: 8080
    forwardedHosts:
      - shop.example.com
      - www.example.com  # error: [forwarded-host-not-taken] "www.example.com", "catalog"
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog.shop
    port: 8080
    forwardedHosts:
      - shop.example.com  # error: [forwarded-host-not-taken] "shop.example.com", "catalog.shop"
```

```yaml catalog.shop/values.yaml
ports:
  - {number: 8080, name: http}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog
    port: 8080
    forwardedHosts: [shop.example.com, www.example.com]
  - service: search
    port: 8080
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: ["*.example.com"]
```

```yaml search/values.yaml
ports:
  - {number: 8080, name: http}
```

## See

- https://github.com/kubernetes/ingress-nginx/issues/3171
- https://github.com/istio/istio/issues/25267

## Shown by

- `tests/stories/test_s5_public_host.py::test_the_public_host_before_and_after`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Upstream
from meshguard.node import nearest
from meshguard.policy import is_itself, lists
from meshguard.rule import Callee, Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts that the service forwards to one that is known and does not list them."""
    for upstream in case.service.upstreams:
        service = upstream.service
        if service is None or not upstream.forwarded_hosts or is_itself(service, case.facts):
            continue
        callee = case.callee(service)
        if callee is not None:
            yield from _not_taken(upstream, service, callee)


def _not_taken(upstream: Upstream, name: str, callee: Callee) -> Iterator[Finding]:
    internal = callee.service.internal
    taken = () if internal is None else tuple(own.value for own in internal.forwarded_hosts)
    node = nearest(callee.values, callee.service.at if internal is None else internal.at)
    for host in upstream.forwarded_hosts:
        if not lists(taken, host.value):
            yield Finding(
                host.at or upstream.at,
                f"'{name}' does not list '{host.value}' in its internalRouting.forwardedHosts: requests with that"
                " Host leave as plaintext, which STRICT refuses (503), or get 502 where only known hosts may go;"
                " list it there, or do not forward it",
                related=(Related(node.key or node.span, f"what '{name}' says"),),
            )


RULE = Rule("forwarded-host-not-taken", Severity.ERROR, __doc__, check)
