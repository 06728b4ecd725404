"""An origin is allowed that no browser ever sends.

## Why

A browser leaves the usual port out of `Origin`: `https://shop.example.com:443` is sent as
`https://shop.example.com`, and `http` with port 80 likewise (run on Envoy 1.40: no CORS headers in the answer). The
origin of a page is `http` or `https` also when it opens a WebSocket, so `wss://` never stands there; pages from
files and `data:` addresses send `null`. A port above 65535 does not exist. The calls of the pages that are meant
are blocked.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins:
          - https://shop.example.com:443  # error: [cors-origin-never-sent] "https://shop.example.com:443"
          - wss://chat.example.com  # error: [cors-origin-never-sent] "https://chat.example.com"
          - http://localhost:70000  # error: [cors-origin-never-sent] "70000"
          - file://localhost  # error: [cors-origin-never-sent] "file://localhost"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins:
          - https://shop.example.com
          - https://shop.example.com:8443
          - http://localhost:3000
          - http://intranet.example.com:443
          - capacitor://localhost
          - chrome-extension://abcdefghijklmnop
```

## See

- https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
- https://fetch.spec.whatwg.org/#origin-header

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_USUAL = {"http": "80", "https": "443"}
_PAGE_OF = {"ws": "http", "wss": "https"}
_OPAQUE = frozenset({"file", "data", "blob", "ftp", "about", "javascript"})


def check(case: Case) -> Iterator[Finding]:
    """Find origins that are not written as a browser writes them."""
    for cors in cors_statements(case.service):
        for index, origin in enumerate(cors.allow_origins):
            message = _fault(origin)
            if message is not None:
                yield Finding(cors.at / "allowOrigins" / index, message)


def _fault(origin: str) -> str | None:
    scheme, _, rest = origin.partition("://")
    host, _, port = rest.partition(":")
    if scheme in _PAGE_OF:
        page = f"{_PAGE_OF[scheme]}://{rest}"
        return (
            f"no browser sends the origin '{origin}', so its pages are blocked: a page with a WebSocket is '{page}'"
        )
    if scheme in _OPAQUE:
        return f"no browser sends the origin '{origin}': such a page has none, and it cannot be allowed by name"
    if port and port == _USUAL.get(scheme):
        return f"no browser sends the origin '{origin}', so its pages are blocked; write '{scheme}://{host}'"
    if port and int(port) > 65535:
        return f"no browser sends the origin '{origin}', so its pages are blocked: there is no port '{port}'"
    return None


RULE = Rule("cors-origin-never-sent", Severity.ERROR, __doc__, check)
