"""A null takes a default of the chart away.

## Why

In Helm a null over a default of the chart deletes the key, and the platform's default is gone: a port, a timeout,
a limit. It is the way to do that, and easily done by accident: a key without a value is a null. Only the sections
of the contract are looked at.

## Bad

```yaml
resilience:
  outlierDetection:  # info: [null-deletes-default] "outlierDetection"
```

```yaml chart/values.yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5}
  connectionLimits: {maxConnections: 100}
```

## Good

```yaml
resilience:
  outlierDetection: {consecutiveErrors: 10}
image: {tag: null}
```

```yaml chart/values.yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5}
image: {tag: latest}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key

## Shown by

- `tests/helm/test_what_helm_does.py::test_a_null_deletes_a_default`
"""

from collections.abc import Iterator

from meshguard.beside import in_section
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find nulls over defaults in the contract's sections; what depends on Helm is found elsewhere."""
    doubtful = {loss.span for loss in case.losses if loss.kind == "null-by-version"}
    for loss in case.losses:
        if loss.kind != "null-deletes-default" or loss.span in doubtful:
            continue
        if in_section(loss.at, case.service.at):
            yield Finding(
                loss.at,
                f"'{loss.at[-1]}' has no value here, which deletes the chart's default for it; if that is not"
                " meant, write the value",
                span=loss.span,
            )


RULE = Rule("null-deletes-default", Severity.INFO, __doc__, check)
