"""A section asks for a gateway that the policy does not have.

## Why

`visibility` names gateways of the policy. A name that is not there leads nowhere: nothing can be rendered, and the
service would not be reachable. Gateway objects themselves (`istio-ingress/public`) are the platform's and have no
place in values. Without any gateway in the policy this is not judged.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility: [public, internl]  # error: [unknown-gateway] "internl", "internal"
```

```policy
gateways:
  public: {gateway: istio-ingress/public}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility: edge  # error: [unknown-gateway] "edge", "public"
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public}
  internal: {gateway: istio-ingress/internal, default: true}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  visibility: [public, internal]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService
- https://istio.io/latest/docs/reference/config/analysis/ist0101/

## Shown by

Nothing of the mesh is claimed: which gateways there are is what the policy says.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find names in `visibility` that are no gateway's."""
    routing, known = case.service.external, case.facts.gateways
    for name in routing.visibility if routing is not None and known else ():
        if name.value not in known and name.at is not None:
            yield Finding(
                name.at,
                f"the policy has no gateway '{name.value}', so the service would not be reachable;"
                f" {_right(name.value, tuple(known))}",
            )


def _right(name: str, known: tuple[str, ...]) -> str:
    from meshguard.spelling import nearest  # noqa: PLC0415 - only a wrong name pays for it

    close = nearest(name, known)
    return f"did you mean '{close}'?" if close else f"its gateways are {quoted(known)}"


RULE = Rule("unknown-gateway", Severity.ERROR, __doc__, check)
