"""A response header operation throws away the application's cookies.

## Why

`set` leaves one header of that name, and every cookie has a `set-cookie` of its own. Run on Envoy 1.40: the two
cookies of the application were gone, and the one of the item was there. Users are logged out, and forms lose their
tokens. `add` keeps them.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      responseHeaders:
        set: {Set-Cookie: seen=1}  # warning: [cookies-overwritten] "Set-Cookie"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      responseHeaders: {add: {set-cookie: seen=1}}
    - path: /assets
      responseHeaders: {remove: [set-cookie]}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers-HeaderOperations
- https://www.rfc-editor.org/rfc/rfc6265#section-3

## Shown by

- `tests/mesh/test_headers.py::test_set_leaves_one_cookie_and_add_keeps_them`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find `set-cookie` under `set` of responses."""
    for change in every_change(case.service):
        if (change.side, change.kind, change.name) == ("response", "set", "set-cookie"):
            yield Finding(
                change.at,
                f"'{change.written}' under 'set' throws away all cookies that the application sets; write it under"
                " 'add'",
                on_key=True,
            )


RULE = Rule("cookies-overwritten", Severity.WARNING, __doc__, check)
