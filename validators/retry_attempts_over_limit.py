"""More retries are asked for than the policy allows.

## Why

When a service is slow, each retry adds to its load: with five of them a struggling service gets six times its
requests. `limits.retryAttempts` in the policy says how many the platform bears; 5 where it says nothing.

## Bad

```policy
limits: {retryAttempts: 3}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryAttempts: 4  # error: [retry-attempts-over-limit] "4", "3"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  retryAttempts: 5
```

## See

- https://github.com/istio/istio/issues/16327
- https://sre.google/sre-book/addressing-cascading-failures/

## Shown by

- `tests/mesh/test_retries.py::test_five_attempts_are_six_requests`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find numbers of retries over the policy's."""
    limit = case.facts.limits.retry_attempts
    yield from once(
        Finding(
            attempts.at,
            f"retryAttempts '{attempts.value}' can make '{1 + attempts.value}' requests of each one, just when the"
            f" service is overloaded; the policy allows '{limit}'",
        )
        for routing in sections(case.service)
        for route in (routing.rest, *(routing.routes or ()))
        for attempts in (route.treatment.retry.attempts,)
        if attempts.at is not None and attempts.value > limit
    )


RULE = Rule("retry-attempts-over-limit", Severity.ERROR, __doc__, check)
