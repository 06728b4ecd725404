"""Opening a connection may take longer than any request of a section.

## Why

A pod that does not answer at all (its node is gone, packets are dropped) is noticed by `connectTimeout`, and the
request is retried at another pod (`connect-failure`, which is safe). Where the request's own timeout is shorter,
it ends first with 504, and nothing is retried: during every node failure a part of the requests fails that could
have been served.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 3s
resilience:
  connectionLimits:
    connectTimeout: 5s  # warning: [connect-timeout-over-timeout] "5s", "3s"
```

## Good

One fast path among others says nothing.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /orders, timeout: 5s}
    - {path: /ping, timeout: 500ms}
internalRouting:
  timeout: 2s
resilience:
  connectionLimits: {connectTimeout: 2s}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings

## Shown by

- `tests/mesh/test_resilience.py::test_a_pod_that_is_gone_is_passed_over_only_where_time_is_left`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.duration import duration
from meshguard.model import Setting, sections, treated_routes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a connect timeout that is longer than every timeout of a section."""
    resilience = case.service.resilience
    limits = resilience.connection_limits if resilience is not None else None
    wait = limits.connect_timeout if limits is not None else None
    if limits is None or limits.at is None or wait is None:
        return
    for longest in _longest(case):
        if longest.value is not None and wait > longest.value:
            yield Finding(
                limits.at / "connectTimeout",
                f"a pod that does not answer is noticed after '{duration(wait)}', and requests end after"
                f" '{duration(longest.value)}', so they fail before they are retried at another pod; connecting"
                " takes milliseconds, so write less",
                related=() if longest.at is None else (Related(longest.at, "the longest timeout"),),
            )
            return


def _longest(case: Case) -> Iterator[Setting[int | None]]:
    """Give the longest timeout of each section; none where a request may take as long as it likes."""
    routes = tuple(treated_routes(case.service))
    for section in sections(case.service):
        timeouts = [route.treatment.timeout for routing, route in routes if routing is section]
        if timeouts:
            yield max(timeouts, key=lambda timeout: (timeout.value is None, timeout.value or 0))


RULE = Rule("connect-timeout-over-timeout", Severity.WARNING, __doc__, check)
