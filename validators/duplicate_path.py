"""Two items have the same path and the same conditions.

## Why

Only one of them can have a request, and which one is not said anywhere: the order of the file does not matter. For
a Prefix a trailing slash means nothing, so `/orders` and `/orders/` are twins; names of headers know no case.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      timeout: 5s
    - path: /orders/  # error: [duplicate-path] "GET /orders"
      timeout: 9s
    - path: /quotes
      methods: [GET, HEAD]
      headers: {x-client: mobile}
    - path: /quotes  # error: [duplicate-path] "HEAD /quotes with header x-client: mobile"
      methods: [HEAD, GET]
      headers: {X-Client: mobile}
```

```yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  pathConfiguration:
    - {path: /quotes, timeout: 1s}
    - {path: /quotes, timeout: 2s}  # error: [duplicate-path] "/quotes"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9000, name: http-two}
externalRouting:
  port: http
  pathConfiguration:
    - path: /orders
    - {path: /orders, pathType: Exact}
    - {path: /orders/, pathType: Exact}
    - {path: /Orders}
    - {path: /orders, methods: [GET]}
    - {path: /orders, methods: [PUT]}
    - {path: /orders, headers: {x-client: mobile}}
    - {path: /orders, headers: {x-client: web}}
internalRouting:
  pathConfiguration:
    - {path: /orders, timeout: 1s, port: http}
    - {path: /orders, timeout: 2s, port: http-two}
```

## See

- https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services
- https://istio.io/latest/docs/reference/config/analysis/ist0131/

## Shown by

- `tests/mesh/test_paths.py::test_the_first_of_two_rules_that_take_a_request_gets_it`
- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import sections
from meshguard.overlap import Clash, clashes, competing, is_same, spoken
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find items that repeat another one's path and conditions."""
    for routing in sections(case.service):
        found = (clash for routes in competing(case.service, routing, regex=True) for clash in clashes(routes))
        yield from once(_finding(clash) for clash in found if is_same(clash.first, clash.second))


def _finding(clash: Clash) -> Finding:
    request = "such a request" if clash.request is None else f"'{spoken(clash.request)}'"
    return Finding(
        clash.second.at / "path",
        f"'{clash.second.path}' is listed twice with the same conditions: {request} is for both items,"
        " and one of them never gets it; keep one",
        related=(Related(clash.first.at / "path", "the other one stands here"),),
    )


RULE = Rule("duplicate-path", Severity.ERROR, __doc__, check)
