"""A number is too large to be kept exactly.

## Why

All numbers in values pass through floating point in Helm, which keeps whole numbers up to 2^53 (9007199254740992).
A larger one is rounded, and printed as `9.007199254740992e+15`: an account number, an id or a digest becomes
another one. Text in quotes is kept as it is.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
accountId: 9007199254740993  # warning: [inexact-number] "9007199254740993"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
accountId: "9007199254740993"
count: 9007199254740991
ratio: 0.1
```

## See

- https://github.com/helm/helm/issues/1707

## Shown by

- `tests/helm/test_what_helm_does.py::test_a_large_number_is_rounded`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find numbers that Helm rounds."""
    for loss in case.losses:
        if loss.kind == "inexact-number":
            yield Finding(
                loss.at,
                f"'{loss.detail}' is too large for a number and is rounded by Helm; write it with quotes",
                span=loss.span,
            )


RULE = Rule("inexact-number", Severity.WARNING, __doc__, check)
