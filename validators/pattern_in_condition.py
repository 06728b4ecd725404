"""A glob or a regular expression stands in a condition, which is compared as plain text.

## Why

`headers` and `queryParams` hold for exactly the value that is written. Run on Envoy 1.40: `x-client: mob*` does not
match `mobile`, and matches `mob*`. Requests that the item is meant for go to another one, or get 404.

Values in which a star has a meaning of its own are left alone: media types (`accept: */*`) and `if-match: *`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      headers:
        x-client: mobile*  # error: [pattern-in-condition] "mobile*"
    - path: /quotes
      headers: {user-agent: ".*Mobile.*"}  # error: [pattern-in-condition] ".*Mobile.*"
    - path: /search
      queryParams: {page: "^[0-9]+$"}  # error: [pattern-in-condition] "^[0-9]+$"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      headers: {accept: "*/*", x-client: mobile}
    - path: /quotes
      headers: {if-none-match: "*", x-price: 5$, x-rating: 4*5}
    - path: /search
      queryParams: {sort: -date, price: $5}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest

## Shown by

- `tests/mesh/test_paths.py::test_conditions_are_compared_as_they_are_written`
- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Route, sections
from meshguard.rule import Case, Rule

_PATTERN = r"\*.*|.*\*|.*\.[*+].*|\^.*|.*[\])+*]\$"  # text until an item has a condition
_OWN_STAR = frozenset({"if-match", "if-none-match"})


def check(case: Case) -> Iterator[Finding]:
    """Find values of conditions that look like a pattern."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            yield from _findings(route)


def _findings(route: Route) -> Iterator[Finding]:
    headers = [
        ("headers", name, value)
        for name, value in route.headers
        if name.lower() not in _OWN_STAR and not name.lower().startswith("accept")
    ]
    for field, name, value in [*headers, *(("queryParams", *pair) for pair in route.query_params)]:
        if re.fullmatch(_PATTERN, value):
            yield Finding(
                route.at / field / name,
                f"'{value}' is compared as plain text, so '{name}' must have just this value and other requests"
                " miss the item; write one item for each value, or none for any value",
            )


RULE = Rule("pattern-in-condition", Severity.ERROR, __doc__, check)
