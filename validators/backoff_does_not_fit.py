"""The waits between the tries of a request may not fit into its timeout.

## Why

Before each retry the proxy waits: up to `retryBackoff` (25ms where nothing is said) before the first, twice as long
before each further one, at most ten times as long. The tries fit into the timeout here, the longest waits do not
beside them, so the last try may be cut a little. The waits are random and mostly shorter: worth knowing, no more.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 6s
      retryOn: gateway-error
      retryAttempts: 2
      perTryTimeout: 2s  # info: [backoff-does-not-fit] "6s", "75ms"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 6s
      retryOn: gateway-error
      retryAttempts: 2
      perTryTimeout: 1900ms
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-max-retries

## Shown by

- `tests/mesh/test_retries.py::test_the_waits_double_up_to_ten_times_the_first`
- `tests/mesh/test_retries.py::test_the_first_wait_is_25_milliseconds_where_nothing_is_said`
- `tests/mesh/test_retries.py::test_the_timeout_cuts_tries_that_do_not_fit_into_it`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.model import deciding, longest_waits, timed_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find tries that fit into the timeout without the waits between them, and not with them."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    for route, per_try in timed_routes(case.service):
        timeout, retry = route.treatment
        tries, waits = (1 + retry.attempts.value) * per_try.value, longest_waits(retry)
        if timeout.value is not None and tries <= timeout.value < tries + waits:
            yield Finding(
                deciding(route, per_try, retry.attempts, timeout) or route.at,
                f"{1 + retry.attempts.value} tries of '{duration(per_try.value)}' fit into the timeout"
                f" '{duration(timeout.value)}', but not with the waits between them, of up to '{duration(waits)}'",
            )


RULE = Rule("backoff-does-not-fit", Severity.INFO, __doc__, check)
