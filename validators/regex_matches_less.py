r"""A regular expression without any pattern takes one path only.

## Why

Envoy holds an expression against the whole path. `/api` as a `Regex` is not "contains /api" and not "begins with
/api": it takes `/api` alone, and `/api/orders` and `/api/` get 404 or go elsewhere (run on Istio 1.31).

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /api, pathType: Regex}  # warning: [regex-matches-less] "/api/x"
    - {path: ^/orders, pathType: Regex}  # warning: [regex-matches-less] "/orders/x"
```

## Good

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /api}
    - {path: /orders, pathType: Exact}
    - {path: '/v[12]/health', pathType: Regex}
    - {path: '/(?i)robots', pathType: Regex}
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/regex.proto
- https://github.com/istio/istio/issues/21717

## Shown by

- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.overlap import expressions
from meshguard.regex import plain_text
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find expressions that are plain text and do not say that this is meant, by an escape or by `$`."""
    for route, _ in expressions(case.service, case.facts):
        text = plain_text(route.path)
        if text is not None and text.startswith("/"):
            yield Finding(
                route.at / "path",
                f"the Regex '{route.path}' takes '{text}' alone and never '{text.rstrip('/')}/x', for it is held"
                " against the whole path; make it a Prefix, or an Exact path",
            )


RULE = Rule("regex-matches-less", Severity.WARNING, __doc__, check)
