"""All pods may be taken out at once, and the policy allows it.

## Why

Where a database behind the service is down, all pods answer with errors, and with `maxEjectionPercent: 100` all of
them are taken out: callers get 503 `no healthy upstream` even for what still works, and Istio switches Envoy's way
out of that (panic routing) off. It is right where callers shall fail at once, as with several sites behind one
name.

A share over the policy's limit is ejection-over-limit.

## Bad

```policy
limits: {maxEjectionPercent: 100}
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5, maxEjectionPercent: 100}  # warning: [ejects-every-pod] "100"
```

## Good

```policy
limits: {maxEjectionPercent: 100}
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5, maxEjectionPercent: 80}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection
- https://github.com/istio/istio/issues/45128

## Shown by

- `tests/mesh/test_resilience.py::test_all_pods_are_taken_out_only_where_the_share_is_all`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a share of all pods that the policy's limit does not forbid."""
    resilience = case.service.resilience
    outlier = resilience.outlier_detection if resilience is not None else None
    if outlier is None or outlier.at is None or case.facts.limits.max_ejection_percent < 100:
        return
    if outlier.max_ejection_percent == 100 and outlier.consecutive_errors != 0:
        yield Finding(
            outlier.at / "maxEjectionPercent",
            "with '100' percent all pods are taken out when all of them fail, and callers get 503 for everything;"
            " leave some in, such as 50",
        )


RULE = Rule("ejects-every-pod", Severity.WARNING, __doc__, check)
