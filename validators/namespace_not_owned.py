"""A service is deployed to a namespace that is not its team's.

## Why

A namespace is where a team's rights end. A service that is deployed to another team's namespace can answer for
that team's services there and read what is meant for them. The policy lists the namespaces of each team; a team
without such a list is not judged. Only a namespace that the policy gives to an environment, or `-n` beside one, is
looked at: the one of a laptop's context says nothing.

## Bad

```policy
teams:
  checkout: {namespaces: [checkout-prod], domains: [orders.example.com]}
services:
  - values: values.yaml
    name: orders
    team: checkout
    environments:
      prod: {values: [values-prod.yaml], namespace: payments-prod}
```

```yaml
ports:  # error: [namespace-not-owned] "payments-prod", "checkout", "checkout-prod"
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
```

```yaml values-prod.yaml
externalRouting:
  timeout: 5s
```

## Good

```policy
teams:
  checkout: {namespaces: [checkout-prod], domains: [orders.example.com]}
services:
  - values: values.yaml
    name: orders
    team: checkout
    environments:
      prod: {values: [values-prod.yaml], namespace: checkout-prod}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
```

```yaml values-prod.yaml
externalRouting:
  timeout: 5s
```

## See

- https://kubernetes.io/docs/concepts/security/multi-tenancy/#namespaces
- https://istio.io/latest/blog/2026/security-considerations-on-namespace-based-multi-tenancy/

## Shown by

Nothing of the mesh is claimed: whose a namespace is, is what the policy says.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.policy import Facts
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a namespace that is not in the team's list."""
    team, namespace = case.facts.team, case.facts.identity.namespace
    if team is None or team.namespaces is None or not _is_said(case.facts) or namespace in team.namespaces:
        return
    yield Finding(
        case.service.at,
        f"the service is deployed to namespace '{namespace}', where it can answer for another team's services; team"
        f" '{team.name}' has {quoted(team.namespaces)}",
    )


def _is_said(facts: Facts) -> bool:
    """Tell whether the policy gives a namespace to the environment: else it is that of Helm's context."""
    return any(
        environment.name == facts.identity.env and environment.namespace is not None
        for entry in facts.policy.services
        for environment in entry.environments
    )


RULE = Rule("namespace-not-owned", Severity.ERROR, __doc__, check)
