"""A list of an earlier file is replaced, and items of it are lost.

## Why

Helm merges maps, but a list takes the place of the whole list of an earlier file. A values file for one
environment that repeats `pathConfiguration` with the one path that differs there takes all other paths away, in
that environment only. `pathOverrides` is a map by path and is merged, so it changes one path and leaves the
others.

Only `pathConfiguration`, `ports` and `upstreams` are looked at: lists of names, such as `hosts`, are meant as a
whole. A list that repeats all that the earlier one says loses nothing, and the chart's defaults are there to be
replaced.

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
  pathConfiguration:  # warning: [list-replaced] "pathConfiguration", "pathOverrides"
    - {path: /orders, timeout: 10s}
upstreams:  # warning: [list-replaced] "upstreams"
  - host: api.partner.example
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

```yaml chart/values.yaml
ports:
  - {number: 9090, name: http}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity, ValuePath
from meshguard.rule import Case, Rule

_LISTS = frozenset(
    (("ports",), ("upstreams",), ("externalRouting", "pathConfiguration"), ("internalRouting", "pathConfiguration"))
)


def check(case: Case) -> Iterator[Finding]:
    """Find lists of the contract that took the place of one of an earlier file."""
    for loss in case.losses:
        if loss.kind != "list-replaces-list" or not _is_looked_at(loss.at, case.service.at):
            continue
        if loss.related is None or loss.related.file == loss.span.file:
            continue
        right = (
            "change single paths with 'pathOverrides', which is merged"
            if loss.at[-1] == "pathConfiguration"
            else "repeat the items that are still meant"
        )
        yield Finding(
            loss.at,
            f"'{loss.at[-1]}' takes the place of the whole list in '{loss.related.file}', whose other items are"
            f" lost; {right}",
            span=loss.span,
            related=(Related(loss.related, "the list that is lost"),),
        )


def _is_looked_at(at: ValuePath, contract: ValuePath) -> bool:
    depth = len(contract)
    return at[:depth] == contract and tuple(at[depth:]) in _LISTS


RULE = Rule("list-replaced", Severity.WARNING, __doc__, check)
