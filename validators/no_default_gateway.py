"""The policy has several gateways, none of them is the default, and the section names none.

## Why

Where there are several gateways, a service that names none would be exposed by chance, perhaps on the Internet. So
nothing is rendered before the values say `visibility`, or the policy says `default: true` at one gateway.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:  # error: [no-default-gateway] "public", "internal"
  hosts: [orders.example.com]
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility: internal
```

A single gateway is the default.

```policy
gateways:
  public: {gateway: istio-ingress/public}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService

## Shown by

Nothing of the mesh is claimed: the policy has several gateways and chooses none.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a section for requests from outside that leaves the choice of a gateway open."""
    routing, facts = case.service.external, case.facts
    if routing is None or routing.visibility or not facts.gateways or facts.default_gateway is not None:
        return
    names = facts.gateways if facts.team is None or not facts.team.visibility else facts.team.visibility
    yield Finding(
        routing.at,
        "'externalRouting' does not say which gateway serves it, and the policy has no default one;"
        f" write 'visibility' with one of {quoted(names)}",
        on_key=True,
    )


RULE = Rule("no-default-gateway", Severity.ERROR, __doc__, check)
