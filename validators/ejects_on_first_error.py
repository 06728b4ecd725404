"""A pod is taken out after a single error.

## Why

With `consecutiveErrors: 1` one answer 5xx takes a pod out for `ejectionTime`, whatever the reason is. One client
with a request that makes the application fail walks through the pods and takes out as many as `maxEjectionPercent`
allows; the others get the load of all. Only a share that is smaller than one pod (50 of a single one) takes none
out (run on Envoy 1.40). A count of 5 or more tells a broken pod from a broken request.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection:
    consecutiveErrors: 1  # error: [ejects-on-first-error] "1", "5"
    ejectionTime: 30s
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5, ejectionTime: 30s}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection
- https://github.com/istio/istio/issues/20135
- https://github.com/envoyproxy/envoy/issues/17504

## Shown by

- `tests/mesh/test_resilience.py::test_one_error_takes_a_pod_out`
- `tests/mesh/test_resilience.py::test_five_errors_tell_a_broken_pod_from_a_broken_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find outlier detection that one error is enough for; what the policy's own default says is the platform's."""
    resilience = case.service.resilience
    outlier = resilience.outlier_detection if resilience is not None else None
    if outlier is not None and outlier.at is not None and outlier.consecutive_errors == 1:
        yield Finding(
            outlier.at / "consecutiveErrors",
            "'1' error takes a pod out, so one client with a request that fails empties the service pod by pod;"
            " write '5' or more",
        )


RULE = Rule("ejects-on-first-error", Severity.ERROR, __doc__, check)
