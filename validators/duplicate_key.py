"""A key stands twice in one map, and Helm drops the first value without a word.

## Why

Helm keeps the last of two equal keys and says nothing (Helm 3 and 4, run). A second `ports:` further down a long
file takes the first one's place, whole.

## Bad

```yaml
ports:
  - number: 8080
    name: http
    number: 9090  # warning: [duplicate-key] "number"
```

## Good

```yaml
ports:
  - number: 9090
    name: http
```

## See

- https://yaml.org/spec/1.2.2/#mapping

## Shown by

- `tests/helm/test_what_helm_does.py::test_the_last_of_two_equal_keys_counts`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find keys that were written more than once, each where it is written again."""
    for loss in case.losses:
        if loss.kind == "duplicate-key" and loss.related is not None:
            yield Finding(
                loss.at,
                f"'{loss.at[-1]}' stands twice in this map, and Helm takes this one and drops the other without a"
                " word; keep one",
                span=loss.related,
                related=(Related(loss.span, "this one is dropped"),),
            )


RULE = Rule("duplicate-key", Severity.WARNING, __doc__, check)
