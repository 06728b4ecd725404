"""A path on a gRPC port is limited to HTTP methods.

## Why

Every gRPC call is a POST; what gRPC calls a method is the path (`/orders.v1.Orders/Get`). An item for other methods
never matches a call, and one for POST says nothing.

## Bad

```yaml
ports:
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders.v1.Orders
      methods: [GET]  # error: [methods-on-grpc] "GET"
```

## Good

```yaml
ports:
  - {number: 9000, name: grpc}
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  port: grpc
  pathConfiguration:
    - path: /orders.v1.Orders/Get
    - {path: /orders, port: http, methods: [GET]}
internalRouting:
  pathConfiguration:
    - {path: /orders, methods: [GET], timeout: 2s}
```

## See

- https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests

## Shown by

- `tests/mesh/test_paths.py::test_conditions_are_compared_as_they_are_written`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import GRPC, protocols, served_routes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find items with methods all of whose ports speak gRPC."""
    for routing, route in served_routes(case.service):
        spoken = protocols(case.service, routing, route)
        if route.methods and route.redirect is None and spoken and spoken <= GRPC:
            fault = "adds nothing" if "POST" in route.methods else "never matches"
            yield Finding(
                route.written["methods"],
                f"gRPC calls are always POST, so {quoted(route.methods)} {fault}; leave 'methods' out,"
                " and write the call as the path, such as /orders.v1.Orders/Get",
            )


RULE = Rule("methods-on-grpc", Severity.ERROR, __doc__, check)
