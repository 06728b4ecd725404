"""A host is claimed that is not the team's own.

## Why

A gateway serves a host for whoever claims it: of two VirtualServices with one host the requests go where the older
one says, path by path, so a foreign claim can take another team's traffic away. In the mesh it is worse: there the
older claim on a host takes all of it. A domain of the policy covers itself and its subdomains; a wildcard host
needs an entry of its own (`*.x`). Hosts that a gateway's `hostTemplate` makes for the service are owned, and so
are the service's own names in the cluster.

Only an exemption of the policy lifts this rule.

## Bad

```policy
teams:
  checkout: {domains: [checkout.example.com]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts:
    - orders.checkout.example.com
    - payments.example.com  # error: [host-not-owned] "payments.example.com", "checkout.example.com"
    - "*.checkout.example.com"  # error: [host-not-owned] "*.checkout.example.com"
    - xcheckout.example.com  # error: [host-not-owned] "xcheckout.example.com"
internalRouting:
  forwardedHosts: [www.example.com]  # error: [host-not-owned] "www.example.com"
```

A team that the policy does not know owns nothing.

```policy
teams: {}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]  # error: [host-not-owned] "orders.example.com"
```

## Good

```policy
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.{team}.example.org"}}
teams:
  checkout: {domains: [checkout.example.com, "*.shop.example.com"]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [checkout.example.com, orders.checkout.example.com, "*.shop.example.com", orders.checkout.example.org]
```

## See

- https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
- https://github.com/istio/istio/issues/36621

## Shown by

- `tests/mesh/test_hosts.py::test_at_a_gateway_the_older_claim_counts_path_by_path`
- `tests/mesh/test_hosts.py::test_in_the_mesh_the_older_claim_takes_all`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import template_hosts
from meshguard.policy import Team, cluster_names, owns
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts, and Host headers that the service wants to receive, outside of the team's domains."""
    team = case.facts.team
    if team is None:
        return
    external, internal = case.service.external, case.service.internal
    claimed = (*(external.hosts if external else ()), *(internal.forwarded_hosts if internal else ()))
    own = template_hosts(case.facts) | cluster_names(case.facts)
    for host in claimed:
        if host.at is not None and host.value not in own and not owns(team, host.value):
            yield Finding(host.at, _message(team, host.value))


def _message(team: Team, host: str) -> str:
    domains = f"the domains of team '{team.name}' ({quoted(team.domains, 5)})"
    if host.startswith("*."):
        return (
            f"host '{host}' takes the requests for every host below '{host[2:]}' and is not among {domains}; list"
            " the hosts one by one, or ask the platform team to add this wildcard"
        )
    return (
        f"host '{host}' is outside of {domains}, so claiming it can take another team's requests away; write a host"
        " below one of them, or ask the platform team to add it"
    )


RULE = Rule("host-not-owned", Severity.ERROR, __doc__, check, locked=True)
