"""The wait before the first retry is as long as the whole request may take.

## Why

The proxy waits a random time of up to `retryBackoff` before it retries, twice that before the second retry. With a
timeout no longer than that, most requests end before they are retried, although the values promise it.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 2s
      retryOn: 503
      retryBackoff: 5s  # warning: [backoff-over-timeout] "5s", "2s"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 2s
      retryOn: 503
      retryBackoff: 100ms
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry

## Shown by

- `tests/mesh/test_retries.py::test_the_waits_double_up_to_ten_times_the_first`
- `tests/mesh/test_retries.py::test_a_request_ends_before_a_long_wait_does`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.model import deciding, treated_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find waits that leave no time for a retry."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    for _, route in treated_routes(case.service):
        timeout, retry = route.treatment
        backoff = retry.backoff
        if backoff is None or timeout.value is None or retry.attempts.value == 0 or backoff.value < timeout.value:
            continue
        yield Finding(
            deciding(route, backoff, timeout) or route.at,
            f"retryBackoff '{duration(backoff.value)}' is not below the timeout '{duration(timeout.value)}', so"
            " most requests end before they are retried; waits are usually tens of milliseconds",
        )


RULE = Rule("backoff-over-timeout", Severity.WARNING, __doc__, check)
