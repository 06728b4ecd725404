"""Two overrides say different things of one path.

## Why

For a Prefix `/orders` and `/orders/` are the same path, so both keys of `pathOverrides` hold for the item. Which of
them wins depends on the order of the files, and Helm's maps have none.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
  pathOverrides:
    /orders: {timeout: 5s}
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /orders/:
      timeout: 9s  # error: [conflicting-overrides] "/orders", "/orders/"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
    - {path: /quotes, pathType: Exact}
    - {path: /quotes/, pathType: Exact}
  pathOverrides:
    /orders: {timeout: 5s}
    /orders/: {retryAttempts: 1, timeout: 5s}
    /quotes: {timeout: 1s}
    /quotes/: {timeout: 2s}
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /quotes: {timeout: 3s}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/

## Shown by

Nothing of the mesh is claimed: it rests on how the values themselves are read, and on maps having no order.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Override, Routing, sections
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find fields that two overrides of one item state differently."""
    for routing in sections(case.service):
        yield from once(_conflicts(routing))


def _conflicts(routing: Routing) -> Iterator[Finding]:
    first: dict[tuple[int, str], Override] = {}
    for override in routing.overrides:
        for item in override.items:
            for field, value in override.fields.items():
                other = first.setdefault((item, field), override)
                if other.fields[field] != value:
                    yield Finding(
                        override.at / field,
                        f"'{override.path}' and '{other.path}' are one path here and state '{field}' differently,"
                        " so it is left to chance which one holds; keep one of the two keys",
                        related=(Related(other.at / field, f"'{other.path}' says it here"),),
                    )


RULE = Rule("conflicting-overrides", Severity.ERROR, __doc__, check)
