"""A header condition asks for the Host.

## Why

Which hosts a service has is said by `hosts`, for all its paths. A condition on `host` compares the text of the
header as it was sent (run on Envoy 1.40: it matches `:authority`): with its case and with its port, so that
`orders.example.com:8443` misses the item although the host is the service's own. A host that is not in `hosts`
never gets here at all.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com, admin.orders.example.com]
  pathConfiguration:
    - path: /admin
      headers:
        Host: admin.orders.example.com  # error: [host-condition] "Host"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /admin
      headers: {x-forwarded-host: orders.example.com}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
- https://github.com/istio/istio/issues/7618

## Shown by

- `tests/mesh/test_paths.py::test_conditions_are_compared_as_they_are_written`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find items with a condition on `host`."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            for name, value in route.headers:
                if name.lower() == "host":
                    yield Finding(
                        route.at / "headers" / name,
                        f"a condition on '{name}' also compares port and case, so requests for '{value}' can miss"
                        " this item; leave it out, and list hosts under 'hosts'",
                        on_key=True,
                    )


RULE = Rule("host-condition", Severity.ERROR, __doc__, check)
