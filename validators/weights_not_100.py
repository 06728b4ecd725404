"""The weights of a path's backends do not sum to 100.

## Why

Weights are shares of the requests in percent. Where they do not sum to 100 the mesh still divides by their ratio
(since Istio 1.15; before, the object was refused and froze all routes), so nobody gets the share that is written:
90 and 20 send 18 percent to the canary. A single backend gets everything, whatever its weight is, so a lone
`{service: orders-next, weight: 5}` moves all requests to the new version. Where all weights are 0 Istio refuses
the object (run on 1.27 and 1.31).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends:  # error: [weights-not-100] "95", "10", "105"
        - {service: orders, weight: 95}
        - {service: orders-next, weight: 10}
    - path: /quotes
      backends: [{service: orders-next, weight: 5}]  # error: [weights-not-100] "orders-next", "5"
    - path: /invoices
      backends: [{service: orders, weight: 0}, {service: orders-next, weight: 0}]  # error: [weights-not-100] "0"
    - path: /returns
```

```yaml values-prod.yaml
externalRouting:
  pathOverrides:
    /returns:
      backends: [{service: orders, weight: 50}, {service: orders-next, weight: 5}]  # error: [weights-not-100] "55"
```

## Good

A backend without requests is where a canary begins or ends.

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /checkout
      backends: [{service: orders, weight: 95}, {service: orders-next, weight: 5}]
    - path: /quotes
      backends: [{service: orders-next}]
    - path: /invoices
      backends: [{service: orders, weight: 100}, {service: orders-next, weight: 0}]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination
- https://github.com/istio/api/issues/586
- https://github.com/istio/istio/issues/15157

## Shown by

- `tests/mesh/test_splits.py::test_shares_are_divided_by_their_ratio`
- `tests/mesh/test_splits.py::test_istio_refuses_shares_that_are_all_zero`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath, quoted
from meshguard.model import Backend, served_routes
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find lists of backends whose weights are no shares of the whole."""
    yield from once(
        _finding(route.written["backends"], route.backends)
        for _, route in served_routes(case.service)
        if route.backends and sum(map(_weight, route.backends)) != 100
    )


def _finding(at: ValuePath, backends: tuple[Backend, ...]) -> Finding:
    if len(backends) == 1:
        return Finding(at / 0 / "weight", _message(backends))
    return Finding(at, _message(backends), on_key=True)


def _weight(backend: Backend) -> int:
    """Give the share of a backend; it can be left out only where there is no other."""
    return 100 if backend.weight is None else backend.weight


def _message(backends: tuple[Backend, ...]) -> str:
    weights = [_weight(backend) for backend in backends]
    if len(backends) == 1:
        return (
            f"'{backends[0].service}' gets all requests although its weight is '{weights[0]}', as the only backend;"
            f" add the one with the other {100 - weights[0]}, or leave the weight out"
        )
    if not sum(weights):
        return "all weights are '0', so the mesh refuses these backends; weights are percent and sum to 100"
    shares = quoted(f"{100 * weight / sum(weights):.3g}" for weight in weights)
    return (
        f"the weights {quoted(weights)} sum to '{sum(weights)}', so the requests are shared as {shares} percent;"
        " make them sum to 100"
    )


RULE = Rule("weights-not-100", Severity.ERROR, __doc__, check)
