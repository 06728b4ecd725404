"""Retry settings stand beside `retryAttempts: 0`, which switches retries off.

## Why

With no attempts nothing is retried, so there are no conditions, no wait and no methods, and no limit for single
tries either: the one try is limited by `timeout` alone. Istio's own admission refuses such a combination. Which of
the two is meant cannot be seen.

Retries that are switched off for one environment by `pathOverrides`, or for one path below a section that has them,
are no fault.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryAttempts: 0
      perTryTimeout: 2s  # warning: [retry-settings-unused] "perTryTimeout"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryOn: 5xx
  pathConfiguration:
    - path: /orders
      retryAttempts: 0
    - path: /search
      retryAttempts: 3
      retryBackoff: 50ms
  pathOverrides:
    /search: {retryAttempts: 0}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, quoted
from meshguard.model import RETRY_FIELDS, distance, sections
from meshguard.rule import Case, Rule

_ATTEMPTS = "retryAttempts"


def check(case: Case) -> Iterator[Finding]:
    """Find items that say how to retry and that nothing is retried."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            attempts = route.treatment.retry.attempts
            if attempts.value or attempts.at is None or distance(route, attempts.at) != 1:
                continue
            written = {field: at for field, at in route.written.items() if field in RETRY_FIELDS}
            unused = [field for field, at in written.items() if field != _ATTEMPTS and distance(route, at) == 1]
            if unused:
                yield Finding(
                    written[unused[0]],
                    f"{quoted(unused)} has no effect, because 'retryAttempts: 0' beside it switches retries off;"
                    " take one of them out",
                    related=(Related(attempts.at, "nothing is retried"),),
                )


RULE = Rule("retry-settings-unused", Severity.WARNING, __doc__, check)
