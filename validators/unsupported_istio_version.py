"""The policy names an Istio version that meshguard is not proven on.

## Why

What meshguard says about Istio was seen in Istio's own code, on versions from 1.22 to 1.31; its tests run on 1.27
and 1.31. On an older one other defects are alive, such as those that alpn-defect and plaintext-on-443 name. A newer
one may differ.

## Bad

```policy
mesh: {istioVersion: "1.18"}  # warning: [unsupported-istio-version] "1.18"
```

```yaml
ports:
  - {number: 8080, name: http}
```

## Good

```policy
mesh: {istioVersion: "1.29"}
```

```yaml
ports:
  - {number: 8080, name: http}
```

## See

- https://istio.io/latest/docs/releases/supported-releases/

## Shown by

Nothing of the mesh is claimed: the range is that of the versions on which this was run.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.policy import NEWEST_ISTIO, OLDEST_ISTIO
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a version outside of the proven range."""
    mesh = case.facts.mesh
    if mesh.version_span is not None and not OLDEST_ISTIO <= mesh.istio_version <= NEWEST_ISTIO:
        said, first, last = (
            ".".join(map(str, version)) for version in (mesh.istio_version, OLDEST_ISTIO, NEWEST_ISTIO)
        )
        yield Finding(
            case.service.at,
            f"Istio '{said}' is outside of the versions that meshguard is proven on, {first} to {last}",
            span=mesh.version_span,
        )


RULE = Rule("unsupported-istio-version", Severity.WARNING, __doc__, check)
