r"""It cannot be told whether a regular expression takes the requests of another item.

## Why

Regular expressions are compared with the other items of their section exactly, as long as that takes a reasonable
number of steps, and as far as their parts are modelled: word boundaries (`\b`) and Unicode classes (`\pL`) are not.
For these it is not known whether an item can be reached, or whether two of one length share a request.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/orders\b.*', pathType: Regex}  # info: [undecided-overlap] "/orders\b.*"
    - path: /orders/archive
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/.*a.{200}', pathType: Regex}
    - {path: '/.*b.{200}', pathType: Regex}  # info: [undecided-overlap] "/.*b.{200}"
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
    - {path: '/orders/[^/]+', pathType: Regex}
    - path: /orders/archive
```

## See

- https://github.com/google/re2/wiki/Syntax

## Shown by

Nothing of the mesh is claimed: it says what meshguard itself cannot compare.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Route, sections
from meshguard.overlap import clashes, competing, dead
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find regular expressions whose relation to other items nobody can tell."""
    if case.facts.limits.regex_paths == "deny":
        return
    for routing in sections(case.service):
        for routes in competing(case.service, routing, regex=True):
            unknown = [found.route for found in dead(case.service, routing, routes) if not found.known]
            unknown += [second for _, second, request in clashes(routes) if request is None]
            yield from once(map(_finding, unknown))


def _finding(route: Route) -> Finding:
    return Finding(
        route.at / "path",
        f"it cannot be told whether '{route.path}' and other items are for the same requests;"
        " a simpler expression, or a Prefix, can be compared",
    )


RULE = Rule("undecided-overlap", Severity.INFO, __doc__, check)
