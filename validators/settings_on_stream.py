"""A stream has a timeout or retries.

## Why

`streaming: true` is for websockets, server-sent events and long polls: a timeout would cut events and polls in the
middle (an open websocket it leaves alone), and a stream that has begun cannot be sent again. So a stream is
rendered without both, and what is said beside it does not hold. Where the path does need a limit, it is no stream.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /events
      streaming: true
      timeout: 30s  # error: [settings-on-stream] "timeout"
    - path: /feed
      streaming: true
  pathOverrides:
    /feed:
      retryOn: 503  # error: [settings-on-stream] "retryOn"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /events
      streaming: true
      retryAttempts: 0
    - path: /orders
      streaming: false
      timeout: 30s
```

## See

- https://github.com/istio/istio/issues/17424
- https://github.com/istio/istio/issues/24565

## Shown by

- `tests/mesh/test_streams.py::test_a_timeout_ends_a_stream`
- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, quoted
from meshguard.model import RETRY_FIELDS, Route, distance, sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find streams with settings as near to them as the word that they are streams."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            found = _beside(route) if route.streaming and route.redirect is None else []
            if found:
                yield Finding(
                    route.written[found[0]],
                    f"{quoted(found)} has no effect on a stream, which is neither cut nor repeated; take it out, or"
                    " take 'streaming' out",
                    related=(Related(route.written["streaming"], "a stream"),),
                )


def _beside(route: Route) -> list[str]:
    """Give the settings that the item or its override says; what an override makes a stream may have had some."""
    said = distance(route, route.written["streaming"])
    off = route.treatment.retry.attempts.value == 0
    return [
        field
        for field in ("timeout", *RETRY_FIELDS)
        if field in route.written and distance(route, route.written[field]) <= said
        if field != "retryAttempts" or not off
    ]


RULE = Rule("settings-on-stream", Severity.ERROR, __doc__, check)
