"""A section lists more paths than the policy allows.

## Why

Every path becomes rules of the gateway, which each gateway pod holds and looks through in order, for all services.
The platform team caps them (`limits.paths`, built in: 100). Many paths below one another are one Prefix.

## Bad

```policy
limits: {paths: 2}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:  # error: [too-many-paths] "3", "2"
    - path: /orders/a
    - path: /orders/b
    - path: /orders/c
```

## Good

```policy
limits: {paths: 2}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
    - path: /quotes
internalRouting:
  pathConfiguration:
    - {path: /quotes, retryOn: gateway-error, retryAttempts: 1}
```

## See

- https://istio.io/latest/docs/ops/deployment/performance-and-scalability/

## Shown by

Nothing of the mesh is claimed: the policy bounds how many paths a section lists.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find sections with more items than the policy's cap."""
    most = case.facts.limits.paths
    for routing in sections(case.service):
        count = len(routing.routes or ())
        if count > most:
            yield Finding(
                routing.at / "pathConfiguration",
                f"'{count}' paths are listed and the policy allows '{most}' in a section;"
                " list what they have in common, such as '/orders' for '/orders/a' and '/orders/b'",
                on_key=True,
            )


RULE = Rule("too-many-paths", Severity.ERROR, __doc__, check)
