"""A section of the contract is written in another spelling or place, so nobody reads it.

## Why

Keys that are not the contract's belong to the platform's chart and are left alone. A section in another spelling is
such a key: `external_routing` exposes nothing, and no finding of any kind comes from below it, however wrong it is.
Every version of Helm keeps letters and underscores as they are written. A `pathConfiguration` that stands beside
the sections instead of in one, as after a wrong indentation, does no more.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
external_routing:  # warning: [section-in-another-spelling] "external_routing", "externalRouting"
  hosts: [orders.example.com]
ExternalRouting: {}  # warning: [section-in-another-spelling] "ExternalRouting"
resiliency:  # warning: [section-in-another-spelling] "resiliency", "resilience"
  loadBalancing: random
```

```yaml
port:  # warning: [section-in-another-spelling] "port", "ports"
  - {number: 8080, name: http}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
pathConfiguration:  # warning: [section-in-another-spelling] "pathConfiguration", "externalRouting"
  - path: /orders
```

## Good

The platform's chart may have keys that are nearly called so.

```yaml
ports:
  - {number: 8080, name: http}
port: 8080
extraPorts:
  - {name: debug, containerPort: 5005}
reports:
  - {name: daily, host: reports.example.com}
routing: {class: public}
pathConfiguration: {docs: /usr/share/docs}
upstream: {host: reports.example.com}
```

## See

- https://helm.sh/docs/chart_best_practices/values/#naming-conventions

## Shown by

- `tests/helm/test_what_helm_does.py::test_keys_keep_their_spelling`
"""

import re
from collections.abc import Iterator

from meshguard.beside import SECTIONS, Stray
from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_ALIKE = 0.8  # how much long names have in common
_ALIKE_IN_SHORT = 0.85
_ROUTING = frozenset({"pathConfiguration", "pathOverrides", "retryOn", "retryAttempts", "timeout", "port"})
_TELLING = {  # keys of a section that hardly anything else has
    "ports": frozenset({"number", "bypassMesh"}),
    "externalRouting": _ROUTING | {"hosts", "visibility", "unlistedPaths"},
    "internalRouting": _ROUTING | {"forwardedHosts"},
    "resilience": frozenset({"outlierDetection", "connectionLimits", "loadBalancing", "sessionAffinity"}),
    "upstreams": frozenset({"service", "host", "forwardedHosts", "addresses"}),
}


def check(case: Case) -> Iterator[Finding]:
    """Find keys beside the sections that are one of them but for the spelling, or nearly so with its content."""
    for stray in case.service.strays:
        meant = _meant(stray)
        if stray.is_list and stray.key == "pathConfiguration" and "path" in stray.keys:
            yield Finding(
                stray.at,
                f"'{stray.key}' stands beside the sections of the contract, so nothing below it has any effect; it"
                " belongs below 'externalRouting' or 'internalRouting'",
                on_key=True,
            )
        elif meant is not None:
            yield Finding(
                stray.at,
                f"'{stray.key}' is no section of the contract, so nothing below it has any effect; it is called"
                f" '{meant}'",
                on_key=True,
            )


def _meant(stray: Stray) -> str | None:
    plain = _letters(stray.key)
    for section in SECTIONS:
        if plain == _letters(section):
            return section
    told = [
        section
        for section in SECTIONS
        if stray.keys & _TELLING[section] and stray.is_list == (section in {"ports", "upstreams"})
    ]
    return _nearest(plain, told) if told else None


def _nearest(plain: str, told: list[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - few keys have such content

    alike = _ALIKE_IN_SHORT if "ports" in told else _ALIKE
    close = get_close_matches(plain, [_letters(section) for section in told], 1, alike)
    return next((section for section in told if close and _letters(section) == close[0]), None)


def _letters(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


RULE = Rule("section-in-another-spelling", Severity.WARNING, __doc__, check)
