"""A request that may have been processed already is repeated although that is not safe.

## Why

Envoy repeats a request whatever its method is: a POST answered with 503 under `5xx`, `gateway-error` or `503` is
sent three times with two attempts, a reset connection likewise (run on Envoy 1.40). The payment is booked three
times. Only `connect-failure`, `refused-stream` and `reset-before-request` say that the request was not
processed; of the gRPC conditions `unavailable`, `cancelled` and `resource-exhausted` usually do.

Without `retryMethods` meshguard applies the other conditions to idempotent methods only (GET, HEAD, OPTIONS,
TRACE, PUT, DELETE) and gives the rest the safe pair. `retryMethods: any`, a list with other methods, and gRPC,
which is always POST, take them literally; saying `any` does not make it safe. A comment with a reason does where
the application recognises repeated requests.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
      retryMethods: any  # error: [unsafe-retry] "5xx"
```

```yaml
ports:
  - {number: 9000, name: grpc}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /
      retryOn: [unavailable, internal]  # error: [unsafe-retry] "internal"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /payments
      retryOn: 5xx
    - path: /search
      retryOn: 5xx
      retryMethods: [GET, PUT]
    - path: /orders
      retryOn: connect-failure
      retryMethods: any
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
- https://github.com/istio/istio/issues/13851
- https://www.rfc-editor.org/rfc/rfc9110#name-idempotent-methods
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, ValuePath
from meshguard.model import GRPC, IDEMPOTENT, Route, is_unsafe, ports_of, retry_shares, served_routes
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find unsafe conditions that reach a method which must not be repeated, once for each place that says so."""
    found: dict[ValuePath, Finding] = {}
    for routing, route in served_routes(case.service):
        grpc = any(port.protocol in GRPC for port in ports_of(case.service, routing, route))
        method = "POST" if grpc else _repeated_method(route)
        unsafe = [token for token in route.treatment.retry.conditions.value if is_unsafe(token)]
        if method is None or not unsafe or route.streaming or route.redirect is not None:
            continue
        finding = _finding(route, method, unsafe, grpc=grpc)
        found.setdefault(finding.at, finding)
    yield from found.values()


def _repeated_method(route: Route) -> str | None:
    """Give a method that is not idempotent and gets the conditions as they are written, if there is one."""
    for share in retry_shares(route, grpc=False):
        if share.retry is not None and any(map(is_unsafe, share.retry.conditions.value)):
            methods = share.methods or route.methods or ("POST",)
            return next((method for method in methods if method not in IDEMPOTENT), None)
    return None


def _finding(route: Route, method: str, unsafe: list[str], *, grpc: bool) -> Finding:
    retry = route.treatment.retry
    tokens = ", ".join(f"'{token}'" for token in unsafe)
    what = "gRPC calls, which are always POST" if grpc else f"'{method}' requests"
    right = (
        "keep to 'unavailable', 'cancelled', 'resource-exhausted', 'connect-failure'"
        if grpc
        else "leave 'retryMethods' out, or keep to 'connect-failure', 'refused-stream'"
    )
    place = retry.conditions.at if grpc else retry.methods.at or retry.conditions.at
    return Finding(
        place or route.at,
        f"{tokens} repeats {what} that may have been processed already (a payment is booked twice); {right}",
    )


RULE = Rule("unsafe-retry", Severity.ERROR, __doc__, check)
