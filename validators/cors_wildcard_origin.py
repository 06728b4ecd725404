"""Every website may call, which the policy does not allow.

## Why

The origin `*` lets any web page read the answers from within its visitors' browsers, and so from within their
networks. The platform team decides that (`limits.corsWildcardOrigin`, built in: deny). A wildcard for the hosts of
a domain, `https://*.example.com`, is not meant. An `access-control-allow-origin: *` that is set as a response
header says the same.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["*"]}  # error: [cors-wildcard-origin] "*"
    - path: /quotes
      responseHeaders:
        set: {Access-Control-Allow-Origin: "*"}  # error: [cors-wildcard-origin] "Access-Control-Allow-Origin: *"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://*.example.com", "http://localhost:3000"]}
```

```policy
limits: {corsWildcardOrigin: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /public
      cors: {allowOrigins: ["*"]}
```

## See

- https://fetch.spec.whatwg.org/#http-access-control-allow-origin

## Shown by

- `tests/mesh/test_cors.py::test_who_may_call`
"""

from collections.abc import Iterator

from meshguard.cors import cors_statements
from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule

_RIGHT = "which the policy denies; list the origins, such as 'https://shop.example.com'"


def check(case: Case) -> Iterator[Finding]:
    """Find the origin `*` where the policy denies it; beside credentials another rule speaks."""
    if case.facts.limits.cors_wildcard_origin == "allow":
        return
    for cors in cors_statements(case.service):
        if "*" in cors.allow_origins and not cors.allow_credentials:
            at = cors.at / "allowOrigins" / cors.allow_origins.index("*")
            yield Finding(at, f"origin '*' lets any website read the answers, {_RIGHT}")
    for change in every_change(case.service):
        if (change.side, change.name, change.value) == ("response", "access-control-allow-origin", "*"):
            yield Finding(
                change.at, f"'{change.written}: *' lets any website read the answers, {_RIGHT} under 'cors'"
            )


RULE = Rule("cors-wildcard-origin", Severity.ERROR, __doc__, check)
