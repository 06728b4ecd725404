"""A header is taken away without which nobody can read the body.

## Why

`content-type` says what a body is: without it a service answers 415 or reads nothing, and gRPC fails. Without
`content-encoding` a compressed body is noise to whoever gets it. The proxy changes headers only, never the body.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {remove: [Content-Type]}  # error: [body-header-removed] "Content-Type"
      responseHeaders:
        remove: [x-powered-by, content-encoding]  # error: [body-header-removed] "content-encoding"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {remove: [cookie, authorization, accept-encoding]}
      responseHeaders: {set: {content-type: application/json}, remove: [x-powered-by, set-cookie, etag]}
```

## See

- https://www.rfc-editor.org/rfc/rfc9110#name-representation-metadata

## Shown by

- `tests/mesh/test_headers.py::test_what_says_how_to_read_a_body_is_gone_and_the_body_is_not`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find removals of what describes the body."""
    for change in every_change(case.service):
        if change.kind == "remove" and change.name in {"content-type", "content-encoding"}:
            reader = "the service" if change.side == "request" else "the caller"
            yield Finding(
                change.at,
                f"without header '{change.written}' {reader} cannot tell what the body is, and refuses or misreads"
                " it; do not remove it",
            )


RULE = Rule("body-header-removed", Severity.ERROR, __doc__, check)
