"""More pods may be left out at once than the policy allows.

## Why

Outlier detection takes pods that answer with errors out of balancing. Where the fault is not the pods' own (a bad
request, a database that is down), all of them answer with errors, and up to `maxEjectionPercent` are taken out.
With 100 nobody is left: callers get 503 `no healthy upstream`, and Istio switches Envoy's way out of that (panic
routing) off (istio/istio#20135, istio/istio#45128). With most of them gone the rest is overrun.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection:
    consecutiveErrors: 5
    maxEjectionPercent: 100  # error: [ejection-over-limit] "100", "50"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection:
    consecutiveErrors: 5
    maxEjectionPercent: 50
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection
- https://github.com/istio/istio/issues/20135
- https://github.com/istio/istio/issues/45128

## Shown by

- `tests/mesh/test_resilience.py::test_all_pods_are_taken_out_only_where_the_share_is_all`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a share of pods over the limit; what the policy's own default says is the platform's."""
    resilience, most = case.service.resilience, case.facts.limits.max_ejection_percent
    outlier = resilience.outlier_detection if resilience is not None else None
    if outlier is None or outlier.at is None or (outlier.max_ejection_percent or 0) <= most:
        return
    left = "no pod is left" if outlier.max_ejection_percent == 100 else "too few pods are left"
    yield Finding(
        outlier.at / "maxEjectionPercent",
        f"with '{outlier.max_ejection_percent}' percent of the pods taken out, {left} for requests, which get 503;"
        f" the policy allows '{most}'",
    )


RULE = Rule("ejection-over-limit", Severity.ERROR, __doc__, check)
