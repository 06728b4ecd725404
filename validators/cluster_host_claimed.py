"""A name of the cluster's own is claimed as a host.

## Why

Names such as `orders.shop.svc.cluster.local` belong to the cluster. As a host for requests from outside, such a
name is never asked for: no resolver outside knows it. As a forwarded host it takes all calls of the mesh to the
service that it names, because a mesh obeys any exported rule for a host without asking whose it is
(istio/istio#8615; run on 1.27 and 1.31: of two rules for one host in the mesh the older one counts, whole).

Where the policy has `teams`, host-not-owned says this, because such a name is no team's.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.shop.svc.cluster.local]  # error: [cluster-host-claimed] "orders.shop.svc.cluster.local"
internalRouting:
  forwardedHosts:
    - shop.example.com
    - catalog.shop.svc  # error: [cluster-host-claimed] "catalog.shop.svc"
```

## Good

The service's own name does no harm, it is served in the mesh anyway.

```policy
services:
  - values: values.yaml
    name: orders
    environments: {prod: {values: [values-prod.yaml], namespace: shop}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [svc.example.com]
internalRouting:
  forwardedHosts: [shop.example.com, orders.shop.svc.cluster.local]
```

```yaml values-prod.yaml
internalRouting:
  timeout: 2s
```

## See

- https://github.com/istio/istio/issues/8615
- https://istio.io/latest/blog/2026/security-considerations-on-namespace-based-multi-tenancy/

## Shown by

- `tests/mesh/test_hosts.py::test_a_claim_on_a_service_takes_the_calls_to_it`
- `tests/mesh/test_hosts.py::test_in_the_mesh_the_older_claim_takes_all`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Setting
from meshguard.policy import Facts, cluster_names, in_cluster, owns
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts and forwarded hosts that are names of the cluster; those of no team are found elsewhere."""
    external, internal = case.service.external, case.service.internal
    own = cluster_names(case.facts)
    for host in external.hosts if external else ():
        if _is_judged(case.facts, host):
            yield Finding(
                host.at or case.service.at,
                f"host '{host.value}' is a name inside the cluster that nobody outside can resolve, so no request"
                " arrives; write a public name, such as orders.example.com",
            )
    for host in internal.forwarded_hosts if internal else ():
        if host.value not in own and _is_judged(case.facts, host):
            yield Finding(
                host.at or case.service.at,
                f"host '{host.value}' is the name of another service in the cluster, whose calls would all come"
                " here; list public names only, such as shop.example.com",
            )


def _is_judged(facts: Facts, host: Setting[str]) -> bool:
    team = facts.team
    ours = team is None or host.value in cluster_names(facts) or owns(team, host.value)
    return ours and in_cluster(host.value, facts)


RULE = Rule("cluster-host-claimed", Severity.ERROR, __doc__, check)
