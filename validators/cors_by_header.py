"""CORS is answered by response headers instead of `cors`.

## Why

Before a request that is more than a simple one a browser asks with OPTIONS, and that answer comes from the service,
or is 404 where the item has `methods`: response headers of an item do not answer it. `cors` does, with a rule of
its own that no condition hides. Beside `cors` such a header has no effect, for the proxy writes its own over it
(run on Envoy 1.40).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      responseHeaders:
        set:
          Access-Control-Allow-Origin: https://a.example  # warning: [cors-by-header] "Access-Control-Allow-Origin"
          access-control-allow-methods: PUT  # warning: [cors-by-header] "access-control-allow-methods"
```

## Good

Taking away what the application says of itself is right where `cors` says it.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://a.example"], allowMethods: [PUT]}
      responseHeaders: {remove: [access-control-allow-origin], set: {timing-allow-origin: "*"}}
```

## See

- https://fetch.spec.whatwg.org/#cors-preflight-fetch
- https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
- `tests/mesh/test_cors.py::test_what_is_said_before_a_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find `access-control-*` headers that responses get; `*` where the policy denies it is another rule's."""
    denied = case.facts.limits.cors_wildcard_origin == "deny"
    for change in every_change(case.service):
        if change.side == "request" or change.kind == "remove" or not change.name.startswith("access-control-"):
            continue
        if not (denied and (change.name, change.value) == ("access-control-allow-origin", "*")):
            yield Finding(
                change.at,
                f"header '{change.written}' does not answer the question that a browser asks first (OPTIONS);"
                " say it under 'cors'",
                on_key=True,
            )


RULE = Rule("cors-by-header", Severity.WARNING, __doc__, check)
