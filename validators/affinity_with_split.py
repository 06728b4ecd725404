"""Callers are to stay at one pod, and a path shares its requests between Services.

## Why

Session affinity picks a pod among those of one Service. Which Service gets a request of a split path is drawn anew
for each request, before that: a user with a session at one version is sent to the other one in between, where
nobody knows the session. It looks like random logouts, as often as the split is wide.

Put the split on a header or a cookie of the user's instead, or keep sessions where all versions find them.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends: [{service: orders, weight: 95}, {service: orders-next, weight: 5}]
resilience:
  sessionAffinity: {cookie: ORDERS_SID, ttl: 1h}  # warning: [affinity-with-split] "ORDERS_SID", "/checkout"
```

```policy
defaults: {resilience: {sessionAffinity: {header: x-user}}}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends:  # warning: [affinity-with-split] "x-user", "/checkout"
        - {service: orders, weight: 95}
        - {service: orders-next, weight: 5}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends: [{service: orders, weight: 100}, {service: orders-next, weight: 0}]
    - path: /quotes
      headers: {x-version: next}
      backends: [{service: orders-next}]
resilience:
  sessionAffinity: {cookie: ORDERS_SID, ttl: 1h}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB
- https://github.com/istio/istio/issues/6011

## Shown by

- `tests/mesh/test_resilience.py::test_a_split_is_drawn_anew_for_each_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import receivers, served_routes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find splits beside session affinity; the first of them is told, at what the values say themselves."""
    resilience = case.service.resilience
    affinity = resilience.session_affinity if resilience is not None else None
    split = next(
        (route for _, route in served_routes(case.service) if len(receivers(route, None)) > 1),
        None,
    )
    if affinity is None or split is None:
        return
    place = split.written["backends"]
    message = (
        f"'{affinity.cookie or affinity.header}' keeps a caller at one pod of one Service, and '{split.path}' draws"
        " the Service anew for each request, so sessions are lost in between; split by a header, or share sessions"
    )
    if affinity.name_at is None:
        yield Finding(place, message, on_key=True)
    else:
        yield Finding(
            affinity.name_at,
            message,
            related=(Related(place, "requests are split here"),),
        )


RULE = Rule("affinity-with-split", Severity.WARNING, __doc__, check)
