"""A service asks for a gateway that its team may not use.

## Why

Which gateway serves a service decides who can reach it: the Internet, or the company. The policy lists the gateways
of each team; a team without such a list, or one that the policy does not know, may use the default gateway only.
Saying nothing means the default gateway, which a list may leave out, too.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
teams:
  checkout: {visibility: [internal], domains: [orders.example.com]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility:
    - internal
    - public  # error: [gateway-not-allowed] "checkout", "public", "internal"
```

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
teams:
  checkout: {visibility: [public], domains: [orders.example.com]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:  # error: [gateway-not-allowed] "internal", "public"
  hosts: [orders.example.com]
```

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
teams:
  checkout: {domains: [orders.example.com]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility: public  # error: [gateway-not-allowed] "public", "internal"
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
teams:
  checkout: {domains: [orders.example.com]}
services:
  - {values: values.yaml, name: orders, team: checkout}
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

Nothing of the mesh is claimed: which gateways a team may use is what the policy says.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import exposures
from meshguard.policy import Facts
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find gateways, said or meant by default, that are not among those of the team."""
    routing, team = case.service.external, case.facts.team
    if routing is None or team is None:
        return
    allowed = team.visibility or _default(case.facts)
    for exposure in exposures(routing, case.facts):
        if exposure.gateway is None or exposure.name in allowed:
            continue
        what = f"gateway '{exposure.name}'"
        if not routing.visibility:
            what = f"the default {what}, which no 'visibility' means,"
        yield Finding(
            exposure.at,
            f"team '{team.name}' may not use {what} and so be reachable there; write"
            f" {_right(allowed)}, or ask the platform team for it",
            on_key=not routing.visibility,
        )


def _default(facts: Facts) -> tuple[str, ...]:
    default = facts.default_gateway
    return () if default is None else (default.name,)


def _right(allowed: tuple[str, ...]) -> str:
    return f"'visibility' with {quoted(allowed)}" if allowed else "no 'externalRouting'"


RULE = Rule("gateway-not-allowed", Severity.ERROR, __doc__, check)
