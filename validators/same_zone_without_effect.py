"""Callers are to prefer pods in their zone, and this version of the mesh does it beside outlier detection only.

## Why

From Istio 1.26 on, `preferSameZone` is rendered as the Service's `trafficDistribution`, which sidecars obey.
Before, only locality balancing can do it, and that is active with outlier detection alone: without it callers
spread over all zones as before, and the traffic between zones is paid for.

## Bad

```policy
mesh: {istioVersion: "1.24"}
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  preferSameZone: true  # warning: [same-zone-without-effect] "1.24"
```

## Good

```policy
mesh: {istioVersion: "1.24"}
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  preferSameZone: true
  outlierDetection: {consecutiveErrors: 5}
```

```policy
mesh: {istioVersion: "1.26"}
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  preferSameZone: true
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
- https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution
- https://github.com/istio/api/issues/3693

## Shown by

- `tests/mesh/test_resilience.py::test_callers_keep_to_their_zone_only_beside_outlier_detection`
- `tests/mesh/test_resilience.py::test_the_services_own_word_on_zones`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_TRAFFIC_DISTRIBUTION = (1, 26)


def check(case: Case) -> Iterator[Finding]:
    """Find a preference for the own zone that an older mesh cannot keep."""
    resilience, version = case.service.resilience, case.facts.mesh.istio_version
    zone = resilience.prefer_same_zone if resilience is not None else None
    if resilience is None or zone is None or not zone.value or zone.at is None or version >= _TRAFFIC_DISTRIBUTION:
        return
    if resilience.outlier_detection is None:
        yield Finding(
            zone.at,
            f"Istio '{version[0]}.{version[1]}' prefers pods in the caller's zone only beside outlier detection, so"
            " callers go to all zones; add 'outlierDetection'",
        )


RULE = Rule("same-zone-without-effect", Severity.WARNING, __doc__, check)
