"""`exposeHeaders: ["*"]` exposes nothing where credentials are allowed.

## Why

In a request with credentials a browser takes `*` as the name of a header. Envoy sends it as it is written (run on
Envoy 1.40), while for `*` in `allowHeaders` and `allowMethods` it answers with what the browser asked for, so that
those work. Scripts see only the few headers that are always readable.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins: ["https://shop.example.com"]
        allowCredentials: true
        exposeHeaders: ["*"]  # warning: [exposed-star-with-credentials] "*"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins: ["https://shop.example.com"]
        allowCredentials: true
        allowHeaders: ["*"]
        exposeHeaders: [x-request-id]
    - path: /quotes
      cors: {allowOrigins: ["https://shop.example.com"], exposeHeaders: ["*"]}
```

## See

- https://fetch.spec.whatwg.org/#http-access-control-expose-headers
- https://github.com/envoyproxy/envoy/issues/36066

## Shown by

- `tests/mesh/test_cors.py::test_what_is_said_before_a_request`
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find `*` among the exposed headers where credentials are allowed."""
    for cors in cors_statements(case.service):
        if cors.allow_credentials and "*" in cors.expose_headers:
            yield Finding(
                cors.at / "exposeHeaders" / cors.expose_headers.index("*"),
                "with 'allowCredentials: true' a browser takes '*' as a header's name, so pages can read no header"
                " more; name the headers, such as 'x-request-id'",
            )


RULE = Rule("exposed-star-with-credentials", Severity.WARNING, __doc__, check)
