r"""A regular expression says what a plain path says.

## Why

Plain paths are easier to read, cheaper to compare, ordered among each other by their segments, and can be rewritten
and redirected. `/users/.*` is a Prefix but for `/users` itself; `^` and `$` say nothing, because the whole path is
compared anyway.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/users/.*', pathType: Regex}  # info: [needless-regex] "Prefix", "/users"
    - {path: '/shops(?:/.*)?', pathType: Regex}  # info: [needless-regex] "Prefix", "/shops"
    - {path: '^/orders\.json$', pathType: Regex}  # info: [needless-regex] "Exact", "/orders.json"
    - {path: '^/quotes/[0-9]+$', pathType: Regex}  # info: [needless-regex] "$"
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
    - {path: /users}
    - {path: /orders.json, pathType: Exact}
    - {path: '/quotes/[0-9]+', pathType: Regex}
    - {path: '/v[0-9]+/.*', pathType: Regex}
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/api-v3/type/matcher/v3/regex.proto

## Shown by

- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.overlap import are_equal, expressions
from meshguard.regex import Edge, Part, Sequence, is_anything, literal_head, plain_text
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find expressions that are a Prefix or an Exact path, or have needless anchors."""
    for route, part in expressions(case.service, case.facts):
        reason = _reason(part, literal_head(route.path), route.path)
        if reason is not None:
            yield Finding(route.at / "path", f"the Regex '{route.path}' {reason}")


def _reason(part: Part, head: str, text: str) -> str | None:
    path = head.rstrip("/") or "/"
    parts = [each for each in part.parts if not isinstance(each, Edge)] if isinstance(part, Sequence) else []
    if not head.startswith("/") or plain_text(text) is not None or set(head) & set('"<>[]^`{|}'):
        return None
    short = len(parts) <= len(head) + 1
    if short and are_equal(part, "Prefix", path):
        return f"takes what the Prefix '{path}' takes; write that"
    if short and are_equal(part, "Exact", head):
        return f"takes what the Exact path '{head}' takes; write that"
    if head.endswith("/") and len(parts) == len(head) + 1 and is_anything(parts[-1]):
        return f"takes what the Prefix '{path}' takes but for '{path}' itself; write that, unless this is meant"
    if isinstance(part, Sequence) and len(parts) < len(part.parts):
        return "is held against the whole path anyway, so '^' and '$' say nothing; leave them out"
    return None


RULE = Rule("needless-regex", Severity.INFO, __doc__, check)
