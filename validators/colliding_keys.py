"""Two keys that are written differently become one, and chance decides which value counts.

## Why

Keys are text in the end. A number or a YAML 1.1 boolean becomes text on the way: `1` and `"1"` are one key, so are
`yes` and `"true"`. Helm takes one of the two values at random, from run to run (Helm 3 and 4, run).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      queryParams:
        1: red  # error: [colliding-keys] "1"
        "1": blue
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      queryParams: {"1": red, "2": blue}
```

## See

- https://yaml.org/type/bool.html

## Shown by

- `tests/helm/test_what_helm_does.py::test_two_spellings_of_a_key_are_a_matter_of_chance`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find keys that became equal."""
    for loss in case.losses:
        if loss.kind == "colliding-keys":
            related = () if loss.related is None else (Related(loss.related, "the other one"),)
            yield Finding(
                loss.at,
                f"this key and another one both become '{loss.at[-1]}', and which of them Helm takes is left to"
                " chance; keep one of them",
                span=loss.span,
                related=related,
            )


RULE = Rule("colliding-keys", Severity.ERROR, __doc__, check)
