"""More requests are mirrored than the policy allows.

## Why

Each mirrored request is sent a second time by the gateway or the caller's sidecar: more work, more connections, and
twice the load on everything behind both services, such as their database. Istio mirrors all requests where no share
is said (fluxcd/flagger#487), so the contract always asks for one, and the policy has a limit for it.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      methods: [GET]
      mirror: {service: orders-shadow, percent: 100}  # error: [mirror-over-limit] "100", "10"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      methods: [GET]
      mirror: {service: orders-shadow, percent: 10}
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/mirroring/
- https://github.com/fluxcd/flagger/issues/487

## Shown by

- `tests/mesh/test_splits.py::test_a_mirror_gets_whole_requests_and_all_where_no_share_is_said`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find mirrors with a share over the limit."""
    yield from once(_over_limit(case))


def _over_limit(case: Case) -> Iterator[Finding]:
    most = case.facts.limits.mirror_percent
    for _, route in served_routes(case.service):
        if route.mirror is not None and route.mirror.percent > most:
            yield Finding(
                route.mirror.at / "percent",
                f"'{route.mirror.percent}' percent of the requests would be sent a second time, to"
                f" '{route.mirror.service}', and the policy allows '{most}'",
            )


RULE = Rule("mirror-over-limit", Severity.ERROR, __doc__, check)
