"""A host is claimed that is not the team's own.

## Why

A gateway serves a host for whoever claims it: of two VirtualServices with one host the requests go where the older
one says, path by path, so a foreign claim can take another team's traffic away. A domain of the policy covers
itself and its subdomains; a wildcard host needs an entry of its own (`*.x`). Hosts that come from a gateway's
`hostTemplate` are owned by construction.

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
    - payments.example.com  # error: [host-not-owned] "payments.example.com"
    - "*.checkout.example.com"  # error: [host-not-owned] "*.checkout.example.com"
```

## Good

```policy
teams:
  checkout: {domains: [checkout.example.com, "*.shop.example.com"]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [checkout.example.com, orders.checkout.example.com, "*.shop.example.com"]
```

## See

- https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.policy import Team
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts, and Host headers that the service wants to receive, outside of the team's domains."""
    team = case.facts.team
    if team is None:
        return
    external, internal = case.service.external, case.service.internal
    claimed = (*(external.hosts if external else ()), *(internal.forwarded_hosts if internal else ()))
    for host in claimed:
        if host.at is not None and not owns(team, host.value):
            domains = ", ".join(f"'{domain}'" for domain in team.domains) or "none"
            yield Finding(
                host.at,
                f"host '{host.value}' does not belong to team '{team.name}', whose domains are {domains}",
            )


def owns(team: Team, host: str) -> bool:
    """Tell whether one of the team's domains covers the host; a wildcard host is covered by itself only."""
    return any(
        host == domain or (not host.startswith("*") and host.endswith("." + domain.removeprefix("*.")))
        for domain in team.domains
    )


RULE = Rule("host-not-owned", Severity.ERROR, __doc__, check, locked=True)
