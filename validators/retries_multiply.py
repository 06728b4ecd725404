"""Retries from outside and retries inside the mesh multiply.

## Why

A request that comes in through a gateway and reaches this service again through another service (a reverse proxy,
an aggregating API) is retried in both layers: 3 and 3 attempts make up to 16 tries of one request. Under
conditions that overload itself meets, such as `5xx` and `503`, a slow service gets many times its load just when it
cannot bear it (istio/istio#16327). Retries of refused connections are no load and do not count here.

Retry in one layer, the inner one for choice, and keep the other to `connect-failure`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryOn: 5xx
  retryAttempts: 3
internalRouting:
  retryOn: gateway-error
  retryAttempts: 3  # warning: [retries-multiply] "3", "16"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryOn: connect-failure
  retryAttempts: 5
internalRouting:
  retryOn: gateway-error
  retryAttempts: 3
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryOn: 5xx
  retryAttempts: 3
internalRouting:
  retryOn: 5xx
  retryAttempts: 2
```

## See

- https://github.com/istio/istio/issues/16327
- https://sre.google/sre-book/addressing-cascading-failures/

## Shown by

- `tests/mesh/test_retries.py::test_attempts_of_two_layers_multiply`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, ValuePath
from meshguard.model import Routing, all_shares, deciding, is_unsafe, treated_routes
from meshguard.rule import Case, Rule

_MOST = 6  # attempts outside times attempts inside


def check(case: Case) -> Iterator[Finding]:
    """Find the strongest retries of both sections where their product is too large."""
    if case.service.external is None or case.service.internal is None:
        return
    outer, inner = _strongest(case, case.service.external), _strongest(case, case.service.internal)
    if outer is None or inner is None or outer[0] * inner[0] <= _MOST:
        return
    yield Finding(
        inner[1],
        f"'{inner[0]}' retries inside the mesh and '{outer[0]}' from outside make up to"
        f" '{(1 + inner[0]) * (1 + outer[0])}' tries of a request that passes both; retry in one layer only",
        related=(Related(outer[1], "the retries from outside"),),
    )


def _strongest(case: Case, section: Routing) -> tuple[int, ValuePath] | None:
    """Give the most attempts under conditions that overload meets, and the place in the values that says so.

    Of attempts over the policy's limit another rule speaks.
    """
    found = []
    for routing, route in treated_routes(case.service):
        retry = route.treatment.retry
        at = deciding(route, retry.attempts, retry.conditions)
        if routing is section and at is not None and 0 < retry.attempts.value <= case.facts.limits.retry_attempts:
            shares = [share.retry for share in all_shares(case.service, routing, route) if share.retry is not None]
            if any(is_unsafe(condition) for share in shares for condition in share.conditions.value):
                found.append((retry.attempts.value, at))
    return max(found, key=lambda each: each[0], default=None)


RULE = Rule("retries-multiply", Severity.WARNING, __doc__, check)
