"""Requests are mirrored to the Service that gets them anyway.

## Why

A mirror gets a copy of the request and its answer is thrown away. Where it is the very Service that answers the
request, that one processes the copied requests twice: an order is booked twice, and no caller sees it. The copy
is not told apart by its host either: since Istio 1.28 it no longer ends in `-shadow`.

## Bad

```policy
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      mirror: {service: orders, percent: 1}  # error: [mirror-to-itself] "orders"
    - path: /quotes
      backends: [{service: orders, weight: 95}, {service: orders-next, weight: 5}]
      mirror:
        service: orders-next  # error: [mirror-to-itself] "orders-next"
        percent: 1
```

## Good

The old version may get copies of what the new one answers.

```policy
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      methods: [GET]
      mirror: {service: orders-shadow, percent: 1}
    - path: /quotes
      methods: [GET, HEAD]
      backends: [{service: orders, weight: 0}, {service: orders-next, weight: 100}]
      mirror: {service: orders, percent: 1}
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/mirroring/
- https://istio.io/latest/news/releases/1.28.x/announcing-1.28/upgrade-notes/

## Shown by

- `tests/mesh/test_splits.py::test_a_mirror_gets_whole_requests_and_all_where_no_share_is_said`
- `tests/mesh/test_splits.py::test_only_older_versions_mark_the_host_of_a_copy`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import receivers, served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find mirrors that are among the receivers of the requests."""
    name = case.facts.identity.service
    yield from once(
        Finding(
            route.mirror.at / "service",
            f"'{route.mirror.service}' answers these requests itself, so it would process each copied one twice (an"
            " order is booked twice); mirror to another Service",
        )
        for _, route in served_routes(case.service)
        if route.mirror is not None and route.mirror.service in receivers(route, name)
    )


RULE = Rule("mirror-to-itself", Severity.ERROR, __doc__, check)
