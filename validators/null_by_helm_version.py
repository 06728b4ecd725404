"""A null deletes a default with some versions of Helm, and leaves it with others.

## Why

What a null under the key of a subchart does has changed from release to release: where a chart sets `web.timeout:
5` over its subchart's own default, a null over that leaves the subchart's default with Helm 3.17 and older, and
deletes both from 3.18 on (each release run). So the same files deploy different values on a laptop and in the
pipeline. Write the value that is meant instead of the null.

## Bad

```policy
services:
  - {values: values.yaml, name: orders, at: web}
```

```yaml
web:
  ports:
    - {number: 8080, name: http}
  resilience:
    loadBalancing: null  # warning: [null-by-helm-version] "loadBalancing", "3.17"
```

```yaml chart/values.yaml
web: {resilience: {loadBalancing: random}}
```

```yaml chart/charts/web/values.yaml
resilience: {loadBalancing: roundRobin}
```

## Good

```policy
services:
  - {values: values.yaml, name: orders, at: web}
```

```yaml
web:
  ports:
    - {number: 8080, name: http}
  resilience:
    loadBalancing: leastRequest
```

```yaml chart/values.yaml
web: {resilience: {loadBalancing: random}}
```

```yaml chart/charts/web/values.yaml
resilience: {loadBalancing: roundRobin}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/#deleting-a-default-key
- https://helm.sh/docs/chart_template_guide/subcharts_and_globals/

## Shown by

- `tests/helm/test_vectors.py::test_coalesce`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find nulls that leave a value behind with some versions only."""
    for loss in case.losses:
        if loss.kind == "null-by-version":
            yield Finding(
                loss.at, f"'{loss.at[-1]}': {loss.detail}; write the value that is meant instead", span=loss.span
            )


RULE = Rule("null-by-helm-version", Severity.WARNING, __doc__, check)
