"""Settings are given for a path that no item has.

## Why

`pathOverrides` changes items of `pathConfiguration`, by their path. A path that none of them has, because it was
renamed or is misspelt, changes nothing: the retries or the timeout that an environment was to get are not there.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /payments
    - path: /orders
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /payment: {timeout: 5s}  # error: [unknown-override] "/payment", "/payments"
    /Orders: {timeout: 5s}  # error: [unknown-override] "/orders"
    /x: {timeout: 5s}  # error: [unknown-override] "/orders", "/payments"
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathOverrides:
    /payments: {timeout: 5s}  # error: [unknown-override] "pathConfiguration"
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
  pathOverrides:
    /quote: {timeout: 5s}  # error: [unknown-override] "internalRouting"
internalRouting:
  pathConfiguration:
    - {path: /quote, timeout: 3s}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
    - path: /quotes
  pathOverrides:
    /quotes: {timeout: 5s}  # error: [unknown-override] "/quotes", "values-prod.yaml"
```

```yaml values-prod.yaml
externalRouting:
  pathConfiguration:
    - path: /orders
```

## Good

A trailing slash says nothing where the item is a Prefix.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /payments
    - {path: /orders, methods: [GET]}
    - {path: /orders, methods: [PUT]}
  pathOverrides:
    /payments/: {timeout: 5s}
    /orders: {timeout: 3s}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/

## Shown by

Nothing of the mesh is claimed: it compares the values with themselves.
"""

from collections.abc import Iterable, Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.helm.loss import Loss, replaced
from meshguard.model import Routing, normal_path
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find overrides that no item has the path of."""
    external, internal = case.service.external, case.service.internal
    for routing, other, name in ((external, internal, "internalRouting"), (internal, external, "externalRouting")):
        if routing is not None:
            yield from _unknown(case.losses, routing, other, name)


def _unknown(losses: Iterable[Loss], routing: Routing, other: Routing | None, name: str) -> Iterator[Finding]:
    for override in routing.unknown_overrides:
        loss = replaced(losses, routing.at / "pathConfiguration", "path", override.value)
        hint = f"'{loss.span.file}' has another list of paths: repeat it there" if loss is not None else ""
        hint = hint or _hint(override.value, routing, other, name)
        message = f"no item has the path '{override.value}', so these settings are lost; {hint}"
        yield Finding(override.at or routing.at, message, on_key=True)


def _hint(path: str, routing: Routing, other: Routing | None, name: str) -> str:
    paths = _paths(routing)
    if normal_path(path, "Prefix") in _paths(other):
        return f"'{name}' has one: say it there"
    if not paths:
        return "list it under 'pathConfiguration' first"
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    folded = {known.lower(): known for known in paths}
    close = get_close_matches(path.lower(), list(folded), 1)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    more = ", ..." if len(paths) > 5 else ""
    return f"the paths are {quoted(sorted(paths)[:5])}{more}"


def _paths(routing: Routing | None) -> set[str]:
    return {route.path for route in (routing.routes or ())} if routing is not None else set()


RULE = Rule("unknown-override", Severity.ERROR, __doc__, check)
