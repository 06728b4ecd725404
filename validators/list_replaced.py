"""A list of an earlier file is replaced, and items or settings of it are lost.

## Why

Helm merges maps, but a list takes the place of the whole list of an earlier file. A values file for one
environment that repeats `pathConfiguration` with the one path that differs there takes all other paths away, in
that environment only. `pathOverrides` is a map by path and is merged, so it changes one path and leaves the
others.

Only `pathConfiguration`, `ports` and `upstreams` are looked at: lists of names, such as `hosts`, are meant as a
whole. A list that repeats all items with all their settings loses nothing, whatever the settings are there, and the
chart's defaults are there to be replaced. A port that a route still names, and a path that has an override, are
found by unknown-port and unknown-override.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /orders, timeout: 5s}
    - {path: /quotes}
upstreams:
  - host: api.stripe.com
```

```yaml values-prod.yaml
externalRouting:
  pathConfiguration:  # warning: [list-replaced] "pathConfiguration", "/quotes", "pathOverrides"
    - {path: /orders, timeout: 10s}
upstreams:  # warning: [list-replaced] "upstreams", "api.stripe.com"
  - host: api.partner.example
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /orders, timeout: 5s, retryOn: 503}
```

```yaml values-prod.yaml
externalRouting:
  pathConfiguration:  # warning: [list-replaced] "'retryOn' of '/orders'"
    - {path: /orders, timeout: 10s}
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /orders, timeout: 5s}
    - {path: /quotes}
upstreams:
  - host: api.stripe.com
```

```yaml values-prod.yaml
externalRouting:
  hosts: [orders.prod.example.com]
  pathOverrides:
    /orders: {timeout: 10s}
upstreams:
  - host: api.stripe.com
  - host: api.partner.example
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - {path: /orders, timeout: 5s, retryOn: 503}
    - {path: /quotes}
```

```yaml values-prod.yaml
ports:
  - {number: 80, name: http, targetPort: 8080}
externalRouting:
  pathConfiguration:
    - {path: /orders/, timeout: 10s, retryOn: [502, 503]}
    - {path: /quotes, methods: [GET]}
    - {path: /offers}
```

```yaml chart/values.yaml
ports:
  - {number: 9090, name: http}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/

## Shown by

- `tests/helm/test_what_helm_does.py::test_a_later_list_replaces_the_whole_list_and_a_later_map_is_merged`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, ValuePath
from meshguard.model import Service, named_ports
from meshguard.node import Plain, plain
from meshguard.rule import Case, Rule

_NAMES = {"ports": ("name", "number"), "upstreams": ("host", "service"), "pathConfiguration": ("path",)}
_LISTS = frozenset(
    (("ports",), ("upstreams",), ("externalRouting", "pathConfiguration"), ("internalRouting", "pathConfiguration"))
)
_MOST = 3  # things that are named


def check(case: Case) -> Iterator[Finding]:
    """Find lists of the contract that took the place of one of an earlier file and say less."""
    for loss in case.losses:
        if loss.kind != "list-replaces-list" or not _is_looked_at(loss.at, case.service.at):
            continue
        if loss.related is None or loss.lists is None or loss.related.file == loss.span.file:
            continue
        name = str(loss.at[-1])
        before, after = map(plain, loss.lists)
        lost = list(_lost(before, after, _NAMES[name], _missed(case.service, loss.at)))
        if lost:
            right = "change single paths with 'pathOverrides'" if name == "pathConfiguration" else "repeat them"
            yield Finding(
                loss.at,
                f"'{name}' takes the place of the whole list in '{loss.related.file}', which takes away"
                f" {_told(lost)}; {right}",
                span=loss.span,
                related=(Related(loss.related, "the list that is lost"),),
            )


def _is_looked_at(at: ValuePath, contract: ValuePath) -> bool:
    depth = len(contract)
    return at[:depth] == contract and tuple(at[depth:]) in _LISTS


def _missed(service: Service, at: ValuePath) -> frozenset[str]:
    """Give the names that other places still ask for: there unknown-port and unknown-override say it."""
    if at[-1] == "ports":
        return frozenset(named.value for named in named_ports(service))
    routing = service.external if "externalRouting" in at else service.internal
    return frozenset(said.value for said in routing.unknown_overrides) if routing is not None else frozenset()


def _lost(before: Plain, after: Plain, names: tuple[str, ...], missed: frozenset[str]) -> Iterator[str]:
    """Give the items that no new one stands for, and the settings that no new item of that name states."""
    stated: dict[str, set[str]] = {}
    for item in _items(after):
        for name in _called(item, names):
            stated.setdefault(name, set()).update(item)
    for item in _items(before):
        called = _called(item, names)
        found = [stated[name] for name in called if name in stated]
        if found:
            yield from (f"'{key}' of '{called[0]}'" for key in item if not any(key in keys for keys in found))
        elif called and called[0] not in missed:
            yield f"'{called[0]}'"


def _items(listed: Plain) -> list[dict[str, Plain]]:
    """Give the maps of a list; nobody has looked at the shape of one that was replaced."""
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _called(item: dict[str, Plain], names: tuple[str, ...]) -> list[str]:
    return [str(item[name]).rstrip("/") or "/" for name in names if name in item]


def _told(lost: list[str]) -> str:
    more = f" and {len(lost) - _MOST} more" if len(lost) > _MOST else ""
    return ", ".join(lost[:_MOST]) + more


RULE = Rule("list-replaced", Severity.WARNING, __doc__, check)
