"""All tries of a request may together take longer than the policy allows.

## Why

`limits.worstCaseRetryTime` in the policy (60s where it says nothing) bounds how long one request may keep callers,
connections and the service busy: all tries for as long as `perTryTimeout` lets them run, and the longest waits
between them. A shorter `timeout` ends it earlier. Where tries have no limit of their own, the timeout alone counts.

## Bad

```policy
defaults: {timeout: none}
limits: {worstCaseRetryTime: 20s}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn: gateway-error
      retryAttempts: 3
      perTryTimeout: 5s  # error: [retry-time-over-limit] "20s175ms", "20s"
```

## Good

```policy
defaults: {timeout: none}
limits: {worstCaseRetryTime: 20s}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn: gateway-error
      retryAttempts: 3
      perTryTimeout: 4s
    - path: /search
      timeout: 20s
      retryOn: gateway-error
      retryAttempts: 3
      perTryTimeout: 4500ms
      retryBackoff: 200ms
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry
- https://sre.google/sre-book/addressing-cascading-failures/

## Shown by

- `tests/mesh/test_retries.py::test_a_try_is_cut_and_repeated_by_some_conditions_only`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.model import Setting, Treatment, deciding, longest_waits, timed_routes
from meshguard.policy import Limits
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find tries that the policy's worst case does not hold."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    limit = case.facts.limits.worst_case_retry_time
    for route, per_try in timed_routes(case.service):
        retry = route.treatment.retry
        worst = _worst(route.treatment, per_try, case.facts.limits)
        if worst > limit:
            yield Finding(
                deciding(route, per_try, retry.attempts, retry.backoff) or route.at,
                f"{1 + retry.attempts.value} tries of '{duration(per_try.value)}' with the waits between them take"
                f" '{duration(worst)}' at most, over the policy's limit of '{duration(limit)}'; lower perTryTimeout"
                " or retryAttempts",
            )


def _worst(treatment: Treatment, per_try: Setting[int], limits: Limits) -> int:
    """Give the longest time of all tries; none where another rule speaks: of the timeout, or of tries over it."""
    tries = (1 + treatment.retry.attempts.value) * per_try.value
    timeout = treatment.timeout.value
    if timeout is None:
        return tries + longest_waits(treatment.retry)
    spoken_of = tries > timeout or timeout > limits.max_timeout
    return 0 if spoken_of else min(timeout, tries + longest_waits(treatment.retry))


RULE = Rule("retry-time-over-limit", Severity.ERROR, __doc__, check)
