"""A path that is a regular expression is rewritten.

## Why

A rewrite replaces the matched prefix, and an expression has none: Envoy would replace the whole path, so that every
request for the item gets the same one, whatever it asked for.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /v[0-9]+/orders
      pathType: Regex
      rewritePath: /orders  # error: [rewrite-on-regex] "/orders"
    - path: /api(/|$)(.*)
      pathType: Regex
      rewritePath: /$2  # error: [rewrite-on-regex] "/$2"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /v1/orders, rewritePath: /orders}
    - {path: /v2/orders, pathType: Exact, rewritePath: /orders}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRewrite

## Shown by

- `tests/mesh/test_paths.py::test_what_a_rewrite_leaves_of_a_path`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Route, sections
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find rewrites on items with a regular expression."""
    routes = (route for routing in sections(case.service) for route in routing.routes or ())
    yield from once(finding for route in routes for finding in _finding(route))


def _finding(route: Route) -> Iterator[Finding]:
    new = route.rewrite_path
    if new is not None and route.path_type == "Regex" and route.redirect is None:
        yield Finding(
            new.at or route.at,
            f"rewritePath '{new.value}' would replace the whole path of every request for the Regex"
            f" '{route.path}'; give each prefix an item of its own",
        )


RULE = Rule("rewrite-on-regex", Severity.ERROR, __doc__, check)
