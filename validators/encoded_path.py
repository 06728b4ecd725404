"""A path is percent-encoded in a way that no request has when it is compared.

## Why

A gateway normalizes the path of a request before it looks for an item. Run on Envoy 1.40: `%41` becomes `A`, and so
with all letters, digits, `-`, `.`, `_` and `~`, so that an item `/%41bc` is never matched. Other characters stay as
the client sent them, and browsers and libraries write their two digits in upper case: an item `/caf%c3%a9` is not
`/caf%C3%A9`. Requests get 404.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /%7Euser  # error: [encoded-path] "/~user"
    - path: /caf%c3%a9  # error: [encoded-path] "/caf%C3%A9"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /~user
    - path: /caf%C3%A9
    - path: /two%20words
    - path: /legacy
      rewritePath: /%7Euser
```

## See

-
  https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto
- https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2

## Shown by

- `tests/mesh/test_paths.py::test_only_what_need_not_be_encoded_is_decoded`
- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find paths that are compared with requests and are not in their normal form."""
    for at, path in _compared(case):
        normal = re.sub("%[0-9A-Fa-f]{2}", _normal, path)
        if normal != path:
            yield Finding(
                at, f"no request has the path '{path}' when it is compared, so it gets 404; write '{normal}'"
            )


def _compared(case: Case) -> Iterator[tuple[ValuePath, str]]:
    for port in case.service.ports:
        if port.metrics is not None:
            yield port.at / "metrics", port.metrics
    for routing in sections(case.service):
        for route in routing.routes or ():
            if route.path_type != "Regex":
                yield route.at / "path", route.path


def _normal(code: re.Match[str]) -> str:
    char = chr(int(code.group()[1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else code.group().upper()


RULE = Rule("encoded-path", Severity.ERROR, __doc__, check)
