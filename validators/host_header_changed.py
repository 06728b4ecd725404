"""The Host header is changed as if it were an ordinary one.

## Why

`host` decides where a request goes, at this proxy and at the next one. Envoy has no ordinary operation on it: it
refuses to set or to remove it (run on 1.40, "host headers may not be modified"), Istio's webhook refuses it in
`remove` and in responses, and turns a `set` into a rewrite of the authority. The service would get another Host
than the caller sent, with links, cookies and redirects for it, and a sidecar may send the request to another
service.

The hosts of a service stand in `hosts`; a Host that a reverse proxy in the mesh forwards, in `forwardedHosts`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders:
        set:
          Host: orders.internal.example.com  # error: [host-header-changed] "Host"
    - path: /quotes
      requestHeaders: {remove: [host]}  # error: [host-header-changed] "host"
      responseHeaders: {add: {host: a.example.com}}  # error: [host-header-changed] "host"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {set: {x-forwarded-host: orders.example.com}}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers
-
  https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers

## Shown by

- `tests/mesh/test_headers.py::test_istio_refuses_some_changes_of_the_host`
- `tests/mesh/test_headers.py::test_a_host_that_is_set_becomes_the_hosts_of_the_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find changes of `host`."""
    for change in every_change(case.service):
        if change.name == "host":
            yield Finding(
                change.at,
                f"header '{change.written}' decides where a request goes and cannot be changed like another one;"
                " leave it out, or hand the name on as 'x-forwarded-host'",
                on_key=change.kind != "remove",
            )


RULE = Rule("host-header-changed", Severity.ERROR, __doc__, check)
