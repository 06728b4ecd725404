"""A values file has a second document, which Helm 3 ignores and Helm 4 reads.

## Why

After a line `---` another document begins. Helm 3 reads the first document of a file only, without a word about
the rest, however wrong that is; Helm 4 lays each document over the one before (run on 3.14 to 4.3). So the same
file means two things, and an upgrade of Helm changes what is deployed.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
---  # warning: [second-document] "Helm 3", "Helm 4"
externalRouting:
  hosts: [orders.example.com]
```

## Good

A `---` at the beginning, or with nothing behind it, does no harm.

```yaml
---
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
---
```

## See

- https://yaml.org/spec/1.2.2/#document-markers

## Shown by

- `tests/helm/test_what_helm_does.py::test_a_second_document`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find documents after the first one."""
    for loss in case.losses:
        if loss.kind == "second-document":
            yield Finding(
                loss.at,
                "a second document begins at this '---': Helm 3 ignores it, Helm 4 lays it over the first one; make"
                " it one document, or a file of its own",
                span=loss.span,
            )


RULE = Rule("second-document", Severity.WARNING, __doc__, check)
