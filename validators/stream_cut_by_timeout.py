"""A path looks like a stream and has a timeout.

## Why

A timeout bounds the whole answer, and an event stream or a long poll is one answer: it ends after exactly that
time, with 504 or a closed connection. Websockets were reported to end like that, too (istio/istio#17424 of 2019:
after 10 s, kubeflow/kubeflow#6126 of 2021: after 300 s). On Envoy 1.40 an open one is not cut (run), but the
requests that libraries fall back to are. Where nothing is said, the policy's timeout holds (15s where it says
none).

Only the path's own words decide here (`ws`, `websocket`, `socket.io`, `sse`, `stream` ...), and `ws` may be a web
service too: so this is for you to judge.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /api/sse  # info: [stream-cut-by-timeout] "/api/sse", "15s"
    - path: /socket.io  # info: [stream-cut-by-timeout] "falls back"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /api/websocket
      streaming: true
    - path: /streams-catalog
```

## See

- https://github.com/istio/istio/issues/17424
- https://github.com/kubeflow/kubeflow/issues/6126

## Shown by

- `tests/mesh/test_streams.py::test_a_timeout_ends_a_stream`
- `tests/mesh/test_streams.py::test_a_timeout_does_not_end_a_websocket`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.model import treated_routes
from meshguard.rule import Case, Rule

_WORDS = frozenset(
    {"ws", "wss", "websocket", "websockets", "socket.io", "sockjs", "sse", "stream", "streaming", "longpoll"}
)


def check(case: Case) -> Iterator[Finding]:
    """Find paths with a word for streams and a timeout."""
    for _, route in treated_routes(case.service):
        timeout = route.treatment.timeout.value
        if timeout is not None and not _WORDS.isdisjoint(route.path.lower().split("/")) and "path" in route.written:
            yield Finding(
                route.written["path"],
                f"if '{route.path}' is a stream of events or a long poll, or falls back to one, it ends after"
                f" '{duration(timeout)}', which is its timeout; then write 'streaming: true'",
            )


RULE = Rule("stream-cut-by-timeout", Severity.INFO, __doc__, check)
