"""A try that takes too long is cut, and not repeated.

## Why

`perTryTimeout` ends each try, the first one too. Whether a try that was ended is repeated is up to the conditions:
`5xx`, `gateway-error` and `reset` do it, all others do not, `504` neither (run on Envoy 1.40). With them the
limit only makes a slow answer an early 504 (istio/istio#55748). That may be meant: a `timeout` says it plainer.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn: connect-failure,504
      perTryTimeout: 2s  # info: [per-try-timeout-not-retried] "2s", "504"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      retryOn: connect-failure,gateway-error
      perTryTimeout: 2s
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
- https://github.com/istio/istio/issues/55748

## Shown by

- `tests/mesh/test_retries.py::test_a_try_is_cut_and_repeated_by_some_conditions_only`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath, quoted
from meshguard.duration import duration
from meshguard.model import timed_routes
from meshguard.rule import Case, Rule

_RETRY_TIMEOUTS = frozenset({"5xx", "gateway-error", "reset"})


def check(case: Case) -> Iterator[Finding]:
    """Find limits of tries that no route with them repeats a try for."""
    found: dict[ValuePath, Finding | None] = {}
    for route, per_try in timed_routes(case.service):
        conditions = route.treatment.retry.conditions.value
        at = per_try.at or route.at
        if not _RETRY_TIMEOUTS.isdisjoint(conditions):
            found[at] = None
        else:
            found.setdefault(at, _finding(at, per_try.value, conditions))
    yield from filter(None, found.values())


def _finding(at: ValuePath, per_try: int, conditions: tuple[str, ...]) -> Finding:
    return Finding(
        at,
        f"a try over '{duration(per_try)}' is cut and not repeated, because {quoted(conditions)} never does that;"
        " gateway-error does, and without retries a timeout says the same",
    )


RULE = Rule("per-try-timeout-not-retried", Severity.INFO, __doc__, check)
