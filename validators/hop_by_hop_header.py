"""A header is changed that belongs to one connection, not to the request.

## Why

`connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade` and `proxy-*` speak of the one
connection that they stand on. The proxy ends that connection and has its own to the service. Run on Envoy 1.40:
what a route sets goes out as it is, beside what the proxy writes itself. `transfer-encoding: chunked` stood beside
the proxy's `content-length`, which is how one request hides inside another; `connection: close` has the
service end its connection after each request; in a response `te` reaches callers in HTTP/2, which forbids it (RFC
9113, 8.2.2), and `keep-alive` those in HTTP/1.1, of a connection that is not theirs.

Taking away `keep-alive` or `proxy-*`, which mean nothing to the service, is harmless.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders:
        set:
          Connection: close  # error: [hop-by-hop-header] "Connection"
      responseHeaders:
        add: {transfer-encoding: chunked}  # error: [hop-by-hop-header] "transfer-encoding"
    - path: /chat
      requestHeaders: {remove: [upgrade]}  # error: [hop-by-hop-header] "upgrade"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {set: {x-connection: mobile}, remove: [proxy-authorization, keep-alive]}
      responseHeaders: {set: {proxy-status: edge}}
    - path: /chat
      headers: {upgrade: websocket}
      streaming: true
```

## See

- https://www.rfc-editor.org/rfc/rfc9110#name-connection
- https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2

## Shown by

- `tests/mesh/test_headers.py::test_headers_of_one_connection_go_out_as_they_are_set`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule

_NEEDED = frozenset({"connection", "te", "trailer", "transfer-encoding", "upgrade"})
_NAMES = _NEEDED | {"keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}


def check(case: Case) -> Iterator[Finding]:
    """Find changes of headers of one connection."""
    for change in every_change(case.service):
        if change.name in (_NEEDED if change.kind == "remove" else _NAMES):
            yield Finding(
                change.at,
                f"header '{change.written}' belongs to one connection and is the proxy's to write: changing it"
                " breaks or hides requests; leave it out",
                on_key=change.kind != "remove",
            )


RULE = Rule("hop-by-hop-header", Severity.ERROR, __doc__, check)
