"""The timeout or the retries of a section do not hold for a stream.

## Why

What is said for a whole section holds for every path of it but its streams: a stream has no timeout and is not
repeated. That is what `streaming: true` is for, and worth knowing where the section's timeout was meant to bound
everything.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 10s
  pathConfiguration:
    - path: /orders
    - path: /events
      streaming: true  # info: [stream-without-settings] "timeout", "/events"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      timeout: 10s
    - path: /events
      streaming: true
```

## See

- https://github.com/istio/istio/issues/17424

## Shown by

- `tests/mesh/test_streams.py::test_a_timeout_ends_a_stream`
- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import RETRY_FIELDS, Route, Routing, distance, sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find streams in a section with settings, and items with settings that an override makes a stream."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            lost = _around(routing, route) if route.streaming and route.redirect is None else []
            if lost:
                yield Finding(
                    route.written["streaming"],
                    f"'{route.path}' is a stream, so what stands around it does not hold for it: {quoted(lost)}",
                )


def _around(routing: Routing, route: Route) -> list[str]:
    said = distance(route, route.written["streaming"])
    farther = {field for field, at in route.written.items() if distance(route, at) > said} | routing.written.keys()
    off = route.treatment.retry.attempts.value == 0
    fields = ("timeout", *(() if off else RETRY_FIELDS))
    return [field for field in fields if field in farther]


RULE = Rule("stream-without-settings", Severity.INFO, __doc__, check)
