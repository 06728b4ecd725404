r"""A glob or a template stands in a path, where it is plain text.

## Why

A path is compared as it is written. Run on Istio 1.31 and Envoy 1.40: `/api/*` matches the one path with a star in
it, and everything that was meant gets 404; `:id` and `$1` are characters like any other. A Prefix already takes
whatever is below it. In a `Regex` a star repeats the character before it, so `/api/*` is `/api` and slashes, and
`{id}` is plain text there too. A star that a path really has is written `%2A`, as clients send it.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /api/*  # error: [pattern-in-path] "/api/*", "/api"
    - path: /users/:id/orders  # error: [pattern-in-path] ":id"
    - path: /static/.+  # error: [pattern-in-path] "/static/.+"
    - path: /health$  # error: [pattern-in-path] "/health$"
      pathType: Exact
    - path: /v1
      rewritePath: /v2/$1  # error: [pattern-in-path] "$1"
    - path: /old
      pathType: Exact
      redirect: {path: "/v1/*"}  # error: [pattern-in-path] "/v1/*"
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: "/users/{id}", pathType: Regex}  # error: [pattern-in-path] "{id}"
    - {path: /api/*, pathType: Regex}  # error: [pattern-in-path] "/api/*"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /api
    - path: /v1/orders:batchGet
    - path: /odata/$metadata
    - path: /Orders(1)
    - path: /search/%2A
    - path: /@me
    - path: /c++
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: "/users/[^/]+/orders", pathType: Regex}
    - {path: "/v[0-9]{1,2}/api/[a-z]*", pathType: Regex}
    - {path: '/files/\d*(?:/.*)?', pathType: Regex}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch
- https://github.com/istio/istio/issues/7018

## Shown by

- `tests/mesh/test_paths.py::test_what_a_match_takes`
- `tests/mesh/test_paths.py::test_what_a_rewrite_leaves_of_a_path`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import Route, sections
from meshguard.rule import Case, Rule, once

# Patterns stay text: compiling them would cost every run.
_TEMPLATE = r"(?:^|/)(:[A-Za-z_][A-Za-z0-9_-]*)(?=/|$)"
_IN_PATH = (r"(\*)", _TEMPLATE, r"(\.\+)", r"(\$)$")
_IN_TARGET = (r"(\*)", _TEMPLATE, r"(\$(?:[0-9]|uri\b|request_uri\b|path\b))")
_IN_REGEX = (r"(?<!\\[pPx])(\{[A-Za-z_][^{}]*\})", _TEMPLATE, r"(?<!\\)([A-Za-z0-9/]\*)(?=/|$)")


def check(case: Case) -> Iterator[Finding]:
    """Find globs, placeholders and pieces of regular expressions in paths."""
    yield from once(_all(case))


def _all(case: Case) -> Iterator[Finding]:
    for port in case.service.ports:
        if port.metrics is not None:
            yield from _literal(port.at / "metrics", port.metrics)
    for routing in sections(case.service):
        for route in routing.routes or ():
            yield from _route(route, regex=case.facts.limits.regex_paths == "allow")


def _route(route: Route, *, regex: bool) -> Iterator[Finding]:
    at = route.at / "path"
    if route.path_type != "Regex":
        yield from _literal(at, route.path)
    elif regex and (found := _first(_IN_REGEX, route.path)):
        right = "for anything in one segment write '[^/]+', for anything at all '.*'"
        meaning = "repeats one character" if found.endswith("*") else "is plain text"
        yield Finding(at, f"'{found}' {meaning} in the Regex '{route.path}', so other requests miss it; {right}")
    if route.rewrite_path is not None and route.path_type != "Regex":  # there a rewrite has a rule of its own
        yield from _target(route.rewrite_path.at or at, route.rewrite_path.value)
    if route.redirect is not None and route.redirect.path is not None:
        yield from _target(route.redirect.at / "path", route.redirect.path)


def _literal(at: ValuePath, path: str) -> Iterator[Finding]:
    found = _first(_IN_PATH, path)
    if found is not None:
        before = path[: path.index(found)].rstrip("/.") or "/"
        yield Finding(
            at,
            f"'{found}' in the path '{path}' is plain text and matches no other text, so requests get 404;"
            f" write '{before}', a Prefix that takes everything below it, or a Regex where the policy allows it",
        )


def _target(at: ValuePath, path: str) -> Iterator[Finding]:
    found = _first(_IN_TARGET, path)
    if found is not None:
        yield Finding(
            at,
            f"'{found}' in '{path}' is plain text and is sent as it is written; write the new path without it"
            " (a rewrite keeps what follows the prefix)",
        )


def _first(patterns: tuple[str, ...], text: str) -> str | None:
    found = (match.group(1) for pattern in patterns if (match := re.search(pattern, text)))
    return next(found, None)


RULE = Rule("pattern-in-path", Severity.ERROR, __doc__, check)
