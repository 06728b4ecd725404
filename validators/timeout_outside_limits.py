"""A timeout is outside of what the policy or the gateway allows.

## Why

`limits.timeout` in the policy says how short and how long a timeout may be (100ms to 60s where it says nothing). A
gateway's `maxTimeout` is when whatever stands in front of it gives up: a longer timeout only means that the caller
has an error page already while the service still works, and retries, for nobody. What must never be cut is
`streaming: true`.

## Bad

```policy
gateways: {public: {gateway: istio-ingress/public, maxTimeout: 30s}}
limits: {timeout: {min: 50ms, max: 60s}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 90s  # error: [timeout-outside-limits] "1m30s", "30s", "public"
  pathConfiguration:
    - path: /orders
      timeout: 45s  # error: [timeout-outside-limits] "45s", "30s", "public"
    - path: /health
      timeout: 20ms  # error: [timeout-outside-limits] "20ms", "50ms"
internalRouting:
  timeout: 45s
  pathConfiguration:
    - path: /report
      timeout: 2m  # error: [timeout-outside-limits] "2m", "1m"
```

## Good

```policy
gateways: {public: {gateway: istio-ingress/public, maxTimeout: 30s}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 30s
  pathConfiguration:
    - path: /orders
      timeout: 100ms
internalRouting:
  timeout: 60s
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute

## Shown by

Nothing of the mesh is claimed: the policy says what a timeout may be, and what stands before a gateway.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.exposure import exposures
from meshguard.model import Routing, sections
from meshguard.policy import Facts
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find timeouts of sections, paths and overrides under the least or over the most."""
    for routing in sections(case.service):
        most, whose = _most(routing, case.facts, outside=routing is case.service.external)
        yield from once(_findings(routing, case.facts.limits.min_timeout, most, whose))


def _most(routing: Routing, facts: Facts, *, outside: bool) -> tuple[int, str]:
    """Give the longest timeout that a section may have, and who says so."""
    most, whose = facts.limits.max_timeout, "the policy allows at most"
    for exposure in exposures(routing, facts) if outside else ():
        limit = None if exposure.gateway is None else exposure.gateway.max_timeout
        if limit is not None and limit < most:
            most, whose = limit, f"what stands in front of gateway '{exposure.name}' gives up after"
    return most, whose


def _findings(routing: Routing, least: int, most: int, whose: str) -> Iterator[Finding]:
    for route in (routing.rest, *(routing.routes or ())):
        length, at = route.treatment.timeout
        if at is None or length is None or route.streaming or route.redirect is not None:
            continue
        if length > most:
            yield Finding(at, f"timeout '{duration(length)}' is too long: {whose} '{duration(most)}'")
        elif length < least:
            yield Finding(
                at, f"timeout '{duration(length)}' is too short: the policy asks for '{duration(least)}' at least"
            )


RULE = Rule("timeout-outside-limits", Severity.ERROR, __doc__, check)
