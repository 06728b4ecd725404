"""A field is used that the policy denies the team.

## Why

The policy can take fields of the contract away from a team, such as `mirror` or `backends`, where what they do
needs somebody's agreement first. It holds wherever the field may stand: in a section, a path, or an override of
one.

Only an exemption of the policy lifts this rule.

## Bad

```policy
teams:
  checkout: {domains: [orders.example.com], deny: [mirror, backends]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      methods: [GET]
      mirror: {service: orders-shadow, percent: 1}  # error: [field-denied-to-team] "mirror", "checkout"
    - path: /quotes
  pathOverrides:
    /quotes:
      backends: [{service: orders-next}]  # error: [field-denied-to-team] "backends"
```

## Good

A header may be called like a field, and a switch that is off uses nothing.

```policy
teams:
  checkout: {domains: [orders.example.com], deny: [mirror, backends, bypassMesh]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http, bypassMesh: false}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      headers: {mirror: "1"}
  pathOverrides:
    /orders: {requestHeaders: {set: {backends: "2"}}}
backends: [{service: orders-next}]
```

## See

- https://istio.io/latest/docs/ops/best-practices/security/

## Shown by

Nothing of the mesh is claimed: what a team may use is what the policy says.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find fields that the team may not use."""
    team = case.facts.team
    for at in case.service.denied if team is not None else ():
        yield Finding(
            at,
            f"the policy does not let team '{team.name if team else ''}' use '{at[-1]}'; leave it out, or ask the"
            " platform team for an exemption",
            on_key=True,
        )


RULE = Rule("field-denied-to-team", Severity.ERROR, __doc__, check, locked=True)
