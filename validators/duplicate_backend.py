"""One Service stands twice among the backends of a path.

## Why

The shares of both items go to the same pods. It is usually what is left of a copied line: the canary that should
stand there gets no request, and nobody notices, because every request is answered.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends:
        - {service: orders, weight: 95}
        - {service: orders, weight: 5, port: 8080}  # error: [duplicate-backend] "orders"
```

## Good

Two ports of one Service are two backends.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends:
        - {service: orders, weight: 90}
        - {service: orders-next, weight: 5}
        - {service: orders-next, weight: 5, port: 8081}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination

## Shown by

- `tests/mesh/test_splits.py::test_shares_are_divided_by_their_ratio`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Backend, Route, Routing, ports_of, served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find backends with the Service and the port of an earlier one."""
    yield from once(
        finding for routing, route in served_routes(case.service) for finding in _repeated(case, routing, route)
    )


def _repeated(case: Case, routing: Routing, route: Route) -> Iterator[Finding]:
    ports = ports_of(case.service, routing, route) if len(route.backends) > 1 else ()
    usual = ports[0].number if len(ports) == 1 else None
    seen: dict[tuple[str, int | None], Backend] = {}
    for backend in route.backends:
        first = seen.setdefault((backend.service, backend.port or usual), backend)
        if first is not backend:
            yield Finding(
                backend.at / "service",
                f"'{backend.service}' stands here twice, so its pods get both shares and another Service gets none;"
                " name the other Service, or add the weights up",
                related=(Related(first.at, "the first one"),),
            )


RULE = Rule("duplicate-backend", Severity.ERROR, __doc__, check)
