"""Every website may call with the user's cookies.

## Why

The origin `*` beside `allowCredentials: true` does not mean "public": run on Envoy 1.40, the proxy answers each
origin with its own name and `access-control-allow-credentials: true`. Any page that a user visits can then read and
change that user's data with the user's cookies.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors:
        allowOrigins:
          - "*"  # error: [cors-wildcard-with-credentials] "*"
        allowCredentials: true
```

## Good

```policy
limits: {corsWildcardOrigin: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://*.example.com"], allowCredentials: true}
    - path: /public
      cors: {allowOrigins: ["*"], allowCredentials: false}
```

## See

- https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
- https://github.com/istio/istio/issues/57104

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find the origin `*` where credentials are allowed."""
    for cors in cors_statements(case.service):
        if "*" in cors.allow_origins and cors.allow_credentials:
            yield Finding(
                cors.at / "allowOrigins" / cors.allow_origins.index("*"),
                "origin '*' with 'allowCredentials: true' lets any website read this user's data with the user's"
                " cookies; list the origins, such as 'https://shop.example.com', or leave credentials out",
                related=(Related(cors.at / "allowCredentials", "credentials are allowed here"),),
            )


RULE = Rule("cors-wildcard-with-credentials", Severity.ERROR, __doc__, check)
