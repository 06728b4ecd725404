"""A response header is changed that the proxy writes again afterwards.

## Why

A gateway and a caller's sidecar write `server: istio-envoy` into a response, and `date` where it is missing, when
the operations of a route are already done. Run on Envoy 1.40: neither `set` nor `remove` of `server` has an effect.
Who may not see it must be told so at the gateway, which the platform owns.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      responseHeaders:
        remove: [x-powered-by, server]  # info: [server-header-changed] "server"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {remove: [server]}
      responseHeaders: {set: {server-timing: app}, remove: [x-powered-by]}
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#server

## Shown by

- `tests/mesh/test_headers.py::test_envoy_writes_server_after_the_route`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find changes of `server`, and removals of `date`, in responses."""
    for change in every_change(case.service):
        if change.side == "response" and (
            change.name == "server" or (change.name, change.kind) == ("date", "remove")
        ):
            yield Finding(
                change.at,
                f"the proxy writes header '{change.written}' again after this, so '{change.kind}' has no effect;"
                " leave it out",
                on_key=change.kind != "remove",
            )


RULE = Rule("server-header-changed", Severity.INFO, __doc__, check)
