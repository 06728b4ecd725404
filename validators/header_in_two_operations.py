"""One header is changed twice by one item.

## Why

Names of headers know no case: `X-Version` and `x-version` are one header. Envoy takes away first and writes then,
in an order that nobody sees in the values, so `remove` beside `set` removes nothing, and of two `set` one is lost.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders:
        set: {x-version: "2"}
        remove: [X-Version]  # error: [header-in-two-operations] "X-Version"
    - path: /quotes
      responseHeaders:
        set:
          X-Frame-Options: DENY
          x-frame-options: SAMEORIGIN  # error: [header-in-two-operations] "x-frame-options"
```

## Good

Requests and responses have headers of their own, and taking one away twice changes nothing.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders: {set: {x-version: "2"}, remove: [X-Debug, x-debug]}
      responseHeaders: {remove: [x-version]}
    - path: /quotes
      responseHeaders: {set: {x-version: "2"}}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers-HeaderOperations
- https://www.rfc-editor.org/rfc/rfc9110#name-field-names

## Shown by

- `tests/mesh/test_headers.py::test_set_wins_over_remove_and_one_of_two_sets_is_lost`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.headers import Change, Changes, header_changes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find headers that stand in two operations, or twice in one in different cases."""
    yield from once(finding for group in header_changes(case.service) for finding in _doubled(group))


def _doubled(group: Changes) -> Iterator[Finding]:
    first: dict[str, Change] = {}
    for change in group.changes:
        other = first.setdefault(change.name, change)
        if other is change or other.kind == change.kind == "remove":
            continue
        yield Finding(
            change.at,
            f"header '{change.written}' is changed twice here ({_kinds(other, change)}), and one of them has no"
            " effect; keep one",
            on_key=change.kind != "remove",
            related=(Related(other.at, f"'{other.kind}' stands here"),),
        )


def _kinds(one: Change, other: Change) -> str:
    return f"'{one.kind}' has both" if one.kind == other.kind else f"'{one.kind}' and '{other.kind}'"


RULE = Rule("header-in-two-operations", Severity.ERROR, __doc__, check)
