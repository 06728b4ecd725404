"""A key or a number is read as something else than what is written.

## Why

Helm reads YAML 1.1: `y`, `n`, `yes`, `no`, `on` and `off` are booleans there, in any case, and a number with a
leading zero is octal. As a key, `y` becomes `true`, so a condition on the query parameter `y` waits for one called
`true` and never holds. `010` is 8. Quotes keep what is written.

Where a boolean is meant, `yes` and `on` are one and nothing is said.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /map
      queryParams:
        x: "1"
        y: "2"  # error: [misread-value] "y", "true"
resilience:
  connectionLimits:
    maxConnections: 0100  # error: [misread-value] "0100", "64", "100"
```

## Good

```yaml
ports:
  - {number: 08080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /map
      cors: {allowOrigins: ["https://shop.example.com"], allowCredentials: yes}
      queryParams: {x: "1", "y": "2", 3: "on"}
resilience:
  connectionLimits: {maxConnections: 1_000, maxPendingRequests: 1e2}
y: no
```

## See

- https://yaml.org/type/bool.html
- https://yaml.org/type/int.html

## Shown by

- `tests/helm/test_what_helm_does.py::test_yaml_1_1_is_read`
"""

import re
from collections.abc import Iterator

from meshguard.beside import in_section
from meshguard.diagnostic import Finding, Severity
from meshguard.helm.loss import Loss
from meshguard.helm.scalar import plain_key
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find keys and octal numbers of the contract's sections that YAML 1.1 reads in its own way."""
    for loss in case.losses:
        if loss.kind == "yaml11" and in_section(loss.at, case.service.at):
            fault = _fault(loss)
            if fault is not None:
                yield Finding(loss.at, fault, span=loss.span)


def _fault(loss: Loss) -> str | None:
    written = loss.detail
    name = plain_key(written)[0]
    if loss.at[-1] == name:
        return f"the key '{written}' is read as '{name}'; write it with quotes, as \"{written}\""
    if re.fullmatch(r"[-+]?0[0-7_]+", written):
        digits = written.replace("_", "")
        read, meant = int(digits, 8), int(digits)
        if read != meant:
            return (
                f"'{written}' is read as an octal number, '{read}'; write '{meant}', or '{read}' if that is meant"
            )
    return None


RULE = Rule("misread-value", Severity.ERROR, __doc__, check)
