"""One try may take longer than the whole request.

## Why

`timeout` limits a request with all of its tries, `perTryTimeout` each of them, the first one too. A try that may
take as long as the whole is never cut, and the proxy ignores its limit: a slow first try uses up the time and is
never repeated (istio/istio#21137).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 2s
      retryOn: gateway-error
      perTryTimeout: 3s  # error: [per-try-timeout-over-timeout] "3s", "2s"
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 9s
  retryOn: gateway-error
  perTryTimeout: 3s
  pathConfiguration:
    - path: /orders
  pathOverrides:
    /orders:
      timeout: 2s  # error: [per-try-timeout-over-timeout] "3s", "2s"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 10s
      retryOn: gateway-error
      perTryTimeout: 3s
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
- https://github.com/istio/istio/issues/21137

## Shown by

- `tests/mesh/test_retries.py::test_a_try_is_cut_and_repeated_by_some_conditions_only`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.duration import duration
from meshguard.model import deciding, timed_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find limits of a try over that of the request."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    for route, per_try in timed_routes(case.service):
        timeout = route.treatment.timeout
        if timeout.value is not None and per_try.value > timeout.value:
            at = deciding(route, per_try, timeout) or route.at
            yield Finding(
                at,
                f"perTryTimeout '{duration(per_try.value)}' is over the timeout '{duration(timeout.value)}', which"
                " limits all tries together, so a slow try is never repeated; make it shorter, or leave it out",
                related=() if timeout.at in {None, at} else (Related(timeout.at, "the timeout"),),
            )


RULE = Rule("per-try-timeout-over-timeout", Severity.ERROR, __doc__, check)
