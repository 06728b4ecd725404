"""The tries of a request may together take longer than its timeout.

## Why

`timeout` ends a request whatever is still going on. With `retryAttempts: 2` there are three tries, and three times
`perTryTimeout` must fit into the timeout: else the last ones never run to their end, and the attempts that the
values promise do not happen (istio/istio#21137, istio/istio#39097). Exactly as long is fine.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 5s
      retryOn: gateway-error
      retryAttempts: 2
      perTryTimeout: 2s  # error: [retry-time-over-timeout] "2s", "6s", "5s"
```

```yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  retryOn: gateway-error
  perTryTimeout: 500ms
  timeout: 2s
  pathConfiguration:
    - path: /quote
      retryAttempts: 4  # error: [retry-time-over-timeout] "500ms", "2s500ms", "2s"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 7s
      retryOn: gateway-error
      retryAttempts: 2
      perTryTimeout: 2s
    - path: /search
      timeout: 3s
      retryAttempts: 5
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
- https://github.com/istio/istio/issues/21137
- https://github.com/istio/istio/issues/39097

## Shown by

- `tests/mesh/test_retries.py::test_the_timeout_cuts_tries_that_do_not_fit_into_it`
- `tests/mesh/test_retries.py::test_a_try_is_cut_and_repeated_by_some_conditions_only`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.duration import duration
from meshguard.model import deciding, timed_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find tries that do not fit into the timeout, though one of them does."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    for route, per_try in timed_routes(case.service):
        timeout, attempts = route.treatment.timeout, route.treatment.retry.attempts
        tries = 1 + attempts.value
        if timeout.value is not None and per_try.value <= timeout.value < tries * per_try.value:
            at = deciding(route, per_try, attempts, timeout) or route.at
            yield Finding(
                at,
                f"{tries} tries of perTryTimeout '{duration(per_try.value)}' take"
                f" '{duration(tries * per_try.value)}', and the timeout is '{duration(timeout.value)}', so the last"
                " are cut; lower perTryTimeout or retryAttempts, or raise the timeout",
                related=() if timeout.at in {None, at} else (Related(timeout.at, "the timeout"),),
            )


RULE = Rule("retry-time-over-timeout", Severity.ERROR, __doc__, check)
