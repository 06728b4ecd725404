"""A redirect leads back to itself.

## Why

The caller asks for the new path, is sent on, and comes back to where it began: a browser gives up with
ERR_TOO_MANY_REDIRECTS, and each round is a request to the gateway. Query and headers go along (run on Envoy 1.40:
the query stays in `location`), so conditions hold in each round. A `host` of the service's own without another path
is a circle, too.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /a
      pathType: Exact
      redirect: {path: /a}  # error: [redirect-loop] "/a -> /a"
    - path: /b
      pathType: Exact
      redirect:
        path: /c  # error: [redirect-loop] "/b -> /c -> /b"
    - path: /c
      pathType: Exact
      redirect: {path: /b}
    - path: /d
      pathType: Exact
      redirect: {host: orders.example.com}  # error: [redirect-loop] "/d -> /d"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /a
      pathType: Exact
      redirect: {path: /b}
    - path: /b
      pathType: Exact
      redirect: {path: /c}
    - path: /c
    - path: /d
      pathType: Exact
      redirect: {host: shop.example.com}
    - path: /e
      pathType: Exact
      redirect: {path: /e/}
    - path: /e/
      pathType: Exact
    - path: /f
      pathType: Exact
      methods: [POST]
      redirect: {path: /f, code: 303}
    - path: /f
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect
- https://www.rfc-editor.org/rfc/rfc9110#name-redirection-3xx

## Shown by

- `tests/mesh/test_redirects.py::test_a_circle_never_ends_and_an_unlisted_path_is_not_found`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.exposure import own_hosts
from meshguard.model import Redirect, Route
from meshguard.overlap import request_for
from meshguard.routing import Request, ordered, takes_request
from meshguard.rule import Case, Rule

_MOST_FOLLOWED = 50
_MOST_COMPARED = 300  # items of one path


def check(case: Case) -> Iterator[Finding]:
    """Find circles of redirects, each once, at its first item in the file."""
    routing = case.service.external
    if routing is None:
        return
    hosts = own_hosts(routing, case.facts)
    exact: dict[str, list[Route]] = {}
    for route in ordered(routing.routes or ()):
        if route.path_type == "Exact":
            exact.setdefault(route.path, []).append(route)
    seen: set[tuple[object, ...]] = set()
    for route in routing.routes or ():
        if route.path_type == "Exact" and route.redirect is not None and route.at not in seen:
            circle = _circle(route, exact, hosts)
            seen.update(each.at for each in circle)
            if circle:
                yield _finding(circle)


def _circle(start: Route, exact: dict[str, list[Route]], hosts: frozenset[str]) -> list[Route]:
    """Give the redirects from one back to itself, if it comes back within as many as a caller would follow."""
    request = request_for(start, start.path)
    passed = [start]
    while len(passed) < _MOST_FOLLOWED:
        redirect = passed[-1].redirect
        if redirect is None or not _stays(redirect, hosts):
            return []
        request = _next(request, redirect)
        there = exact.get(request.path, ())[:_MOST_COMPARED]
        route = next((each for each in there if takes_request(each, request)), None)
        if route is None or route.redirect is None:
            return []
        if route.at == start.at:
            return passed
        passed.append(route)
    return []


def _stays(redirect: Redirect, hosts: frozenset[str]) -> bool:
    host = redirect.host
    return host is None or host in hosts or f"*.{host.partition('.')[2]}" in hosts


def _next(request: Request, redirect: Redirect) -> Request:
    """Give the request that a caller sends when it is redirected; after 303 it is a GET."""
    method = "GET" if redirect.code == 303 and request.method != "HEAD" else request.method
    return request._replace(path=redirect.path or request.path, method=method)


def _finding(circle: list[Route]) -> Finding:
    first = circle[0]
    way = " -> ".join([*(route.path for route in circle), first.path])
    at = first.redirect.at if first.redirect is not None else first.at
    field = "path" if first.redirect is not None and first.redirect.path is not None else "host"
    return Finding(
        at / field,
        f"this redirect goes in a circle, '{way}', until the caller gives up; redirect to a path that is served",
        related=tuple(Related(route.at / "redirect", "and on from here") for route in circle[1:]),
    )


RULE = Rule("redirect-loop", Severity.ERROR, __doc__, check)
