"""A proxy forwards a public Host header to a service that does not take that host.

## Why

In the mesh the Host header decides where a request goes, not the address that was dialled. A host that the
service behind does not list in its `internalRouting.forwardedHosts` leaves as plaintext to that address: under
mutual TLS in STRICT mode it is refused (503, flags UC), in PERMISSIVE mode it arrives without identity, retries and
telemetry, and where only declared hosts are let out it gets 502 (run on Istio 1.27 and 1.31). Found where both
sides are known, in a run over all services of the policy.

A port of the service that is not HTTP is dialled by its address whatever the Host header says. A request that
leaves as plaintext arrives unharmed where the service wants no mutual TLS: with mode DISABLE, or past its sidecar.

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

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: login, port: 8443, forwardedHosts: [login.example.com]}
```

```yaml login/values.yaml
ports:
  - {number: 8443, name: https}
```

```policy
mesh: {mtls: DISABLE}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: catalog, port: 8080, forwardedHosts: [shop.example.com]}
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
```

## See

- https://github.com/kubernetes/ingress-nginx/issues/3171
- https://github.com/istio/istio/issues/25267

## Shown by

- `tests/stories/test_s5_public_host.py::test_the_public_host_before_and_after`
- `tests/stories/test_s5_public_host.py::test_where_no_host_is_asked_for`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import HTTP_LIKE, Upstream, forwarding
from meshguard.node import nearest
from meshguard.policy import Facts, fate_of_foreign_host, lists, mtls_of
from meshguard.rule import Callee, Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts that the service forwards to one that is known and does not list them."""
    for service, upstream in forwarding(case.service, case.facts):
        callee = case.callee(service)
        if callee is not None and not _arrives(upstream, service, callee, case.facts):
            yield from _not_taken(upstream, service, callee, case.facts)


def _arrives(upstream: Upstream, name: str, callee: Callee, facts: Facts) -> bool:
    """Tell whether nothing is lost where the service does not list the host."""
    port = next((port for port in callee.service.ports if port.number == upstream.port), None)
    if port is not None and port.protocol not in HTTP_LIKE:
        return True
    wants_tls = mtls_of(name, facts) != "DISABLE" and not (port is not None and port.bypass_mesh)
    return not wants_tls and facts.mesh.outbound_traffic == "ALLOW_ANY"


def _not_taken(upstream: Upstream, name: str, callee: Callee, facts: Facts) -> Iterator[Finding]:
    internal = callee.service.internal
    taken = () if internal is None else tuple(own.value for own in internal.forwarded_hosts)
    node = nearest(callee.values, callee.service.at if internal is None else internal.at)
    for host in upstream.forwarded_hosts:
        if not lists(taken, host.value):
            yield Finding(
                host.at or upstream.at,
                f"'{name}' does not list '{host.value}' in its internalRouting.forwardedHosts: requests with that"
                f" Host {fate_of_foreign_host(name, facts)}; list it there, or do not forward it",
                related=(Related(node.key or node.span, f"what '{name}' says"),),
            )


RULE = Rule("forwarded-host-not-taken", Severity.ERROR, __doc__, check)
