r"""No request ever gets to an item.

## Why

- A regular expression comes before every prefix, and a longer one before a shorter one. One that takes all requests
  of another item leaves nothing to it; its timeout, its retries, its service have no effect.
- Where metrics stand, the gateway answers with 404 first, in upper case too, which many applications take for the
  same. An item for nothing but those, or for what is below them, has nothing left.
- A regular expression is held against the whole path, which begins with a slash and has no query, no dot segments
  and only ASCII. One without a first slash, or with `\?`, matches nothing.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: "/api/.*", pathType: Regex}  # info: [needless-regex] "/api"
    - {path: /api/orders, timeout: 5s}  # error: [unreachable-path] "GET /api/orders", "/api/.*"
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: 'orders/[0-9]+', pathType: Regex}  # error: [unreachable-path] "orders/[0-9]+"
    - {path: '/orders\?id=[0-9]+', pathType: Regex}  # error: [unreachable-path] "query"
```

```policy
mesh: {prometheus: sidecar}
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
externalRouting:
  port: http
  pathConfiguration:
    - path: /orders
    - {path: "/metrics/[a-z]+", pathType: Regex}  # error: [unreachable-path] "GET /metrics/x", "404"
    - {path: /metrics/jvm, timeout: 3s}  # error: [unreachable-path] "GET /metrics/jvm", "404"
    - {path: /Metrics}  # error: [unreachable-path] "GET /Metrics", "404"
```

## Good

```policy
mesh: {prometheus: sidecar}
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  port: http
  pathConfiguration:
    - {path: '/api/[^/]+/orders', pathType: Regex}
    - {path: /api}
    - {path: /api/v1}
    - {path: /metrics}
    - {path: '.*\.(?:png|css)', pathType: Regex}
internalRouting:
  pathConfiguration:
    - {path: /metrics, timeout: 3s}
```

## See

- https://istio.io/latest/docs/reference/config/analysis/ist0130/
- https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch

## Shown by

- `tests/mesh/test_paths.py::test_the_first_of_two_rules_that_take_a_request_gets_it`
- `tests/mesh/test_paths.py::test_what_a_match_takes`
- `tests/stories/test_s6_metrics.py::test_metrics_of_a_routed_port_are_not_reachable_from_outside`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import sections
from meshguard.overlap import Dead, competing, dead, spoken
from meshguard.regex import parse
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find items that other items, hidden metrics or their own expression keep every request from."""
    for routing in sections(case.service):
        regex = case.facts.limits.regex_paths == "allow"
        for routes in competing(case.service, routing, regex=regex):
            found = (each for each in dead(case.service, routing, routes) if each.known)
            yield from once(_finding(each) for each in found)


def _finding(found: Dead) -> Finding:
    path, request, taker = found.route.path, found.request, found.taker
    at = found.route.at / "path"
    if request is None:
        return Finding(at, f"the Regex '{path}' matches no path, so no request gets to this item; {_reason(path)}")
    if taker is None:
        return Finding(
            at,
            f"'{spoken(request)}' is answered with 404, because metrics stand there, and so is all that this item"
            " is for; leave it out, or give the metrics a port of their own",
        )
    return Finding(
        at,
        f"'{spoken(request)}' goes to the {taker.path_type} '{taker.path}', and so does all that this item is for;"
        " make that one narrower, or leave this one out",
        related=(Related(taker.at / "path", "this item takes its requests"),),
    )


def _reason(path: str) -> str:
    if not path.startswith(("/", "^/", "\\A/")) and parse("/" + path.removeprefix("^")) is not None:
        return "a path begins with '/'"
    if "?" in path or "#" in path:
        return "a path has no query and no fragment; use 'queryParams' for parameters"
    return "it is held against the whole path, without dot segments, in percent-encoded ASCII"


RULE = Rule("unreachable-path", Severity.ERROR, __doc__, check)
