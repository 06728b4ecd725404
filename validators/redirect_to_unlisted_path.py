"""A redirect leads to a path of the same host that is not served.

## Why

Listing is exposing: a path that no item takes gets 404 unless `unlistedPaths` is `allow`. A redirect to such a path
sends callers, and with a permanent code their caches and search engines, to an error. Metrics are never reachable
from outside, whatever is listed.

Another service may serve the path on the same host; then a comment with that reason belongs here.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
    - path: /old
      pathType: Exact
      redirect: {path: /order}  # warning: [redirect-to-unlisted-path] "/order"
    - path: /older
      pathType: Exact
      redirect: {host: orders.example.com, path: /new}  # warning: [redirect-to-unlisted-path] "/new"
```

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /
    - path: /numbers
      pathType: Exact
      redirect: {path: /metrics/all}  # warning: [redirect-to-unlisted-path] "/metrics/all"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
    - path: /old
      pathType: Exact
      redirect: {path: /orders/archive}
    - path: /shop
      pathType: Exact
      redirect: {host: shop.example.com, path: /}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  unlistedPaths: allow
  pathConfiguration:
    - path: /old
      pathType: Exact
      redirect: {path: /anything}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect

## Shown by

- `tests/mesh/test_redirects.py::test_a_circle_never_ends_and_an_unlisted_path_is_not_found`
"""

import re
from collections.abc import Callable, Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import own_hosts
from meshguard.model import Redirect, Routing
from meshguard.routing import hidden, hidden_pattern, matches_path, table
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find redirects to a path of the section's own that nothing serves."""
    if case.service.external is not None:
        yield from once(_findings(case, case.service.external))


def _findings(case: Case, routing: Routing) -> Iterator[Finding]:
    redirects = [
        route.redirect
        for route in routing.routes or ()
        if route.redirect is not None and route.path_type == "Exact"
    ]
    is_served = _service(case, routing) if redirects else None
    hosts = own_hosts(routing, case.facts)
    for redirect in redirects:
        path = _target(redirect, hosts)
        if path is not None and is_served is not None and not is_served(path):
            yield Finding(
                redirect.at / "path",
                f"'{path}' is not served here, so this redirect ends with 404; list it under 'pathConfiguration',"
                " or redirect to a path that is listed",
            )


def _target(redirect: Redirect, hosts: frozenset[str]) -> str | None:
    """Give the path on the service's own host that a redirect leads to."""
    here = redirect.host is None or redirect.host in hosts
    return redirect.path if here else None


def _service(case: Case, routing: Routing) -> Callable[[str], bool]:
    """Give what tells whether some request for a path is served."""
    routes = table(routing)
    plain = {(route.path_type, route.path) for route in routes}
    regexes = [route for route in routes if route.path_type == "Regex"]
    gone = [re.compile(hidden_pattern(found.path)) for found in hidden(case.service, routing)]

    def is_served(path: str) -> bool:
        if any(pattern.fullmatch(path) for pattern in gone):
            return False
        listed = ("Exact", path) in plain or any(("Prefix", above) in plain for above in _above(path))
        return listed or any(matches_path(route, path) for route in regexes)

    return is_served


def _above(path: str) -> Iterator[str]:
    """Give the path without its trailing slash, and everything that it lies below."""
    path = path.rstrip("/")
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield "/"


RULE = Rule("redirect-to-unlisted-path", Severity.WARNING, __doc__, check)
