"""A path is rewritten to itself.

## Why

The service gets the path that the caller sent. Either the rewrite is left over, or another path was meant, and then
the service does not get what it expects.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      rewritePath: /orders/  # warning: [rewrite-without-effect] "/orders/"
    - path: /quotes
      pathType: Exact
      rewritePath: /quotes  # warning: [rewrite-without-effect] "/quotes"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /orders, rewritePath: /}
    - {path: /shops/, rewritePath: /v2/shops}
    - {path: /quotes, pathType: Exact, rewritePath: /quotes/}
    - {path: /, rewritePath: /v2}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRewrite

## Shown by

- `tests/mesh/test_paths.py::test_what_a_rewrite_leaves_of_a_path`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Route, normal_path, sections
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find rewrites to the item's own path."""
    routes = (route for routing in sections(case.service) for route in routing.routes or ())
    yield from once(finding for route in routes for finding in _finding(route))


def _finding(route: Route) -> Iterator[Finding]:
    new = route.rewrite_path
    if new is None or route.path_type == "Regex" or route.redirect is not None:
        return
    if normal_path(new.value, route.path_type) == route.path:
        yield Finding(
            new.at or route.at,
            f"rewritePath '{new.value}' is the item's own path, so the service gets what the caller sent; leave it"
            " out, or write the path that the service has",
        )


RULE = Rule("rewrite-without-effect", Severity.WARNING, __doc__, check)
