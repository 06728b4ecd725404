"""A service inside the cluster is declared as a host outside.

## Why

A host outside becomes an entry of its own in the namespace. Under the name of a service of another namespace it
takes that service's place: calls leave as plaintext, without identity, and mutual TLS in STRICT mode refuses them
with 503 (run on Istio 1.27 and 1.31; istio/istio#37229, istio/istio#50688). A wildcard over such names changes
nothing for services that the mesh knows. Services in the mesh need no entry: `service` says that they are called.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: catalog.shop.svc.cluster.local  # error: [cluster-host-as-upstream] "service: catalog.shop"
    ports: [{number: 8080, protocol: HTTP}]
  - host: "*.svc.cluster.local"  # error: [cluster-host-as-upstream] "*.svc.cluster.local"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - {service: catalog.shop, port: 8080}
  - host: svc.partner.example
```

## See

- https://github.com/istio/istio/issues/37229
- https://github.com/istio/istio/issues/50688

## Shown by

- `tests/mesh/test_upstreams.py::test_a_service_declared_as_a_host_outside`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.policy import in_cluster
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts of upstreams that are names of the cluster's own."""
    for upstream in case.service.upstreams:
        if upstream.host is None or not in_cluster(upstream.host, case.facts):
            continue
        found = re.match(r"([a-z0-9-]+\.[a-z0-9-]+)\.svc\b", upstream.host)
        harm = (
            "takes the service's place, and calls lose mutual TLS" if found else "changes nothing for its services"
        )
        right = f"write service: {found[1]}" if found else "name each service as `service`"
        yield Finding(
            upstream.at / "host",
            f"'{upstream.host}' is inside the cluster, and declared as a host outside it {harm}; {right}",
        )


RULE = Rule("cluster-host-as-upstream", Severity.ERROR, __doc__, check)
