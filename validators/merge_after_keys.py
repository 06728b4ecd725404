"""A map is taken over with `<<` after keys that it overwrites.

## Why

YAML says that a key of the map itself stands over what `<<` takes over, wherever it is written. Helm goes by the
order in the file (run on 3.14 to 4.3): what comes by `<<` overwrites the keys above it. The author's own value is
lost, and every other YAML tool shows it.

## Bad

```yaml
defaults: &defaults {timeout: 5s}
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 2s  # warning: [merge-after-keys] "timeout"
      <<: *defaults
```

## Good

```yaml
defaults: &defaults {timeout: 5s}
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - <<: *defaults
      path: /orders
      timeout: 2s
```

## See

- https://yaml.org/type/merge.html

## Shown by

- `tests/helm/test_what_helm_does.py::test_what_is_merged_in_overwrites_the_keys_above_it`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find keys that a later `<<` overwrites."""
    for loss in case.losses:
        if loss.kind == "merge-after-keys":
            related = () if loss.related is None else (Related(loss.related, "this one counts"),)
            yield Finding(
                loss.at,
                f"the '<<' below overwrites '{loss.at[-1]}', because Helm goes by the order in the file; write '<<'"
                " first",
                span=loss.span,
                related=related,
            )


RULE = Rule("merge-after-keys", Severity.WARNING, __doc__, check)
