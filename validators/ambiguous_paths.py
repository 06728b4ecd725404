"""Two items of equal rank are for one request.

## Why

The order of the file does not matter: an exact path comes first, then the longest regular expression, then the
longest prefix; of one path the item with more conditions, a method before headers before query parameters. Two
items that are equal in all that, and that one request can meet, leave it to chance which timeout, retries or
service it gets.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      headers: {x-client: mobile}
    - path: /orders  # error: [ambiguous-paths] "GET /orders with header x-client: mobile and header x-beta: 1"
      headers: {x-beta: "1"}
    - path: /quotes
      methods: [GET, POST]
    - path: /quotes  # error: [ambiguous-paths] "POST /quotes"
      methods: [POST, PUT]
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: "/[a-z]+/orders", pathType: Regex}
    - {path: "/orders/[a-z]+", pathType: Regex, timeout: 5s}  # error: [ambiguous-paths] "GET /orders/orders"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /orders, methods: [GET]}
    - {path: /orders, methods: [POST, PUT]}
    - {path: /quotes, headers: {x-client: mobile}}
    - {path: /quotes, headers: {x-client: mobile, x-beta: "1"}}
    - {path: /quotes, headers: {x-client: web}}
    - {path: /quotes, queryParams: {preview: "true"}}
    - {path: /shops, queryParams: {preview: "true"}}
    - {path: /shops, queryParams: {preview: "false"}}
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: "/orders/[0-9]+", pathType: Regex}
    - {path: "/quotes/[0-9]+", pathType: Regex}
    - {path: "/shops/[a-z]+/orders", pathType: Regex}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute
- https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule

## Shown by

- `tests/mesh/test_paths.py::test_the_first_of_two_rules_that_take_a_request_gets_it`
- `tests/mesh/test_behaviour.py::test_envoy_does_what_the_model_says`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Route, sections
from meshguard.overlap import clashes, competing, is_same, spoken
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find items that differ in their conditions, have one rank, and meet in a request."""
    for routing in sections(case.service):
        regex = case.facts.limits.regex_paths == "allow"
        for routes in competing(case.service, routing, regex=regex):
            yield from once(_findings(routes))


def _findings(routes: tuple[Route, ...]) -> Iterator[Finding]:
    for first, second, request in clashes(routes):
        if request is not None and not is_same(first, second):
            yield Finding(
                second.at / "path",
                f"'{spoken(request)}' is for this item and for '{first.path}' alike, so it is left to chance what"
                " it gets; give one of them more conditions, or values that exclude the other's",
                related=(Related(first.at / "path", "the other item stands here"),),
            )


RULE = Rule("ambiguous-paths", Severity.ERROR, __doc__, check)
