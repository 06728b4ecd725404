"""Retry settings are written where nothing is retried.

## Why

`retryAttempts: 0` switches retries off: there are no conditions then, no wait and no methods, and no limit for
single tries either, because the one try is limited by `timeout` alone. Istio's own admission refuses such a
combination. Which of the two is meant cannot be seen. Where 0 is the policy's default, conditions alone retry
nothing: they need `retryAttempts` beside them.

Retries that are switched off for one environment, by `pathOverrides` or for a whole section, or for one path of a
section that has them, are no fault.

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

```policy
defaults: {retryAttempts: 0}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn: 503  # warning: [retry-settings-unused] "retryOn", "policy"
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

## Shown by

- `tests/mesh/test_retries.py::test_istio_refuses_settings_of_retries_that_are_off`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, quoted
from meshguard.model import RETRY_FIELDS, Route, distance, sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find settings for retries beside the word that there are none, or without any where the policy has none."""
    for routing in sections(case.service):
        routes = routing.routes or ()
        for route in routes:
            yield from _judged(route, _written(route))
        by_policy = routing.rest.treatment.retry.attempts.at is None
        if by_policy and not any(route.treatment.retry.attempts.value for route in routes):
            yield from _judged(routing.rest, _written(routing.rest))


def _written(route: Route) -> list[str]:
    """Give the settings of the item; what an override says is switched on and off by environments."""
    fields = [field for field in RETRY_FIELDS if field in route.written and field != "retryAttempts"]
    return [field for field in fields if distance(route, route.written[field]) == 1]


def _judged(route: Route, unused: list[str]) -> Iterator[Finding]:
    attempts = route.treatment.retry.attempts
    beside = attempts.at is not None and distance(route, attempts.at) == 1
    if not unused or attempts.value or route.streaming or route.redirect or not (beside or attempts.at is None):
        return
    who = "'retryAttempts: 0' beside it" if beside else "'retryAttempts: 0' of the policy"
    yield Finding(
        route.written[unused[0]],
        f"{quoted(unused)} has no effect, because {who} switches retries off; say how many there are,"
        " or take it out",
        related=() if attempts.at is None else (Related(attempts.at, "nothing is retried"),),
    )


RULE = Rule("retry-settings-unused", Severity.WARNING, __doc__, check)
