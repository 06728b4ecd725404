"""Outlier detection is configured so that it takes no pod out.

## Why

`consecutiveErrors: 0` switches it off; the other fields then say nothing. A count of 50 or more is hardly ever
reached, because one good answer in between begins the count anew. Both can be meant so.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection:
    consecutiveErrors: 0  # info: [outlier-detection-without-effect] "0"
    ejectionTime: 30s
```

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 1000}  # info: [outlier-detection-without-effect] "1000"
```

## Good

Alone, a zero says what it means.

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  outlierDetection: {consecutiveErrors: 0}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection

## Shown by

- `tests/mesh/test_resilience.py::test_a_count_of_zero_takes_none_out`
- `tests/mesh/test_resilience.py::test_five_errors_tell_a_broken_pod_from_a_broken_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import OutlierDetection
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find counts of errors that switch it off beside other fields, or that are out of reach."""
    resilience = case.service.resilience
    outlier = resilience.outlier_detection if resilience is not None else None
    if outlier is None or outlier.at is None or outlier.consecutive_errors is None:
        return
    message = None
    if outlier.consecutive_errors == 0 and _says_more(outlier):
        message = (
            "'0' switches outlier detection off, so its other fields say nothing; leave them out if it is meant"
        )
    elif outlier.consecutive_errors >= 50:
        message = (
            f"'{outlier.consecutive_errors}' errors in a row hardly ever happen, so no pod is taken out; 5 is usual"
        )
    if message is not None:
        yield Finding(outlier.at / "consecutiveErrors", message)


def _says_more(outlier: OutlierDetection) -> bool:
    return any(said is not None for said in (outlier.interval, outlier.ejection_time, outlier.max_ejection_percent))


RULE = Rule("outlier-detection-without-effect", Severity.INFO, __doc__, check)
