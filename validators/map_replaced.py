"""A map is replaced by something that is none, and all that it held is lost.

## Why

Helm merges maps and replaces everything else. A value or a list in the place of a map takes away all keys of the
earlier file or of the chart's defaults, and templates that look for one of them fail, or quietly do without it.
Helm itself says so only of a default that stands below another map, in a warning that nobody reads in a pipeline.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
image:
  repository: orders
  tag: "1"
```

```yaml values-prod.yaml
image: orders:2  # warning: [map-replaced] "image"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
image:
  repository: orders
  tag: "1"
```

```yaml values-prod.yaml
image: {tag: "2"}
```

## See

- https://helm.sh/docs/chart_template_guide/values_files/

## Shown by

- `tests/helm/test_what_helm_does.py::test_what_is_no_map_takes_the_place_of_one`
- `tests/helm/test_what_helm_does.py::test_a_template_that_looks_into_what_is_no_map_any_more_fails`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule

_KINDS = frozenset(f"{what}-replaces-map{of}" for what in ("scalar", "list") for of in ("", "-default"))


def check(case: Case) -> Iterator[Finding]:
    """Find values and lists in the place of a map."""
    for loss in case.losses:
        if loss.kind in _KINDS:
            what = "a list" if loss.kind.startswith("list") else "a single value"
            yield Finding(
                loss.at,
                f"{what} takes the place of the map '{loss.at[-1]}', and all keys of that are lost; write the keys"
                " that differ below it",
                span=loss.span,
                related=() if loss.related is None else (Related(loss.related, "the map"),),
            )


RULE = Rule("map-replaced", Severity.WARNING, __doc__, check)
