"""An override says only what its item says already.

## Why

Nothing changes, today. When the item changes, the override keeps the old value for this environment, which nobody
may have in mind any more.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /orders, timeout: 5s}
    - {path: /quotes}
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /orders: {timeout: 5s}  # info: [override-without-effect] "/orders"
    /quotes: {}  # info: [override-without-effect] "/quotes"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /orders, timeout: 5s, methods: [GET]}
    - {path: /orders, timeout: 9s, methods: [PUT]}
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /orders: {timeout: 5s}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/

## Shown by

Nothing of the mesh is claimed: it compares the values with themselves.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find overrides that change no field of any item."""
    for routing in sections(case.service):
        for override in routing.overrides:
            if not override.changes:
                yield Finding(
                    override.at,
                    f"the settings of '{override.path}' are what its item says already; leave them out here",
                    on_key=True,
                )


RULE = Rule("override-without-effect", Severity.INFO, __doc__, check)
