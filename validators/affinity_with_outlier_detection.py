"""Callers are to stay at one pod, and pods are taken out when they fail.

## Why

A pod that outlier detection takes out loses its sessions: its callers are hashed onto other pods until it is back.
Beside that, outlier detection makes callers prefer pods of their own zone (Istio's locality balancing is on by
default and works only with it), so a caller that moves to another zone, or comes through another gateway pod, meets
another pod. Where sessions may be lost for a while, or the cluster has one zone, both go together well.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 5}
  sessionAffinity: {cookie: ORDERS_SID}  # info: [affinity-with-outlier-detection] "ORDERS_SID"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 0}
  sessionAffinity: {cookie: ORDERS_SID}
```

## See

- https://github.com/istio/api/issues/3693
- https://github.com/istio/istio/issues/41674

## Shown by

- `tests/mesh/test_resilience.py::test_a_pod_that_is_taken_out_loses_its_sessions`
- `tests/mesh/test_resilience.py::test_callers_keep_to_their_zone_only_beside_outlier_detection`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find session affinity beside outlier detection that is on."""
    resilience = case.service.resilience
    if resilience is None or resilience.session_affinity is None or resilience.outlier_detection is None:
        return
    affinity = resilience.session_affinity
    if affinity.name_at is not None and resilience.outlier_detection.consecutive_errors != 0:
        yield Finding(
            affinity.name_at,
            f"sessions by '{affinity.cookie or affinity.header}' are lost when outlier detection takes their pod"
            " out, and callers in another zone meet other pods; that is fine where a session may begin anew",
        )


RULE = Rule("affinity-with-outlier-detection", Severity.INFO, __doc__, check)
