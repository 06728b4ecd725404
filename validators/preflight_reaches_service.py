"""Before Istio 1.23 the preflight of an origin that is not listed reaches the service.

## Why

`unmatchedPreflights: IGNORE`, which has the gateway answer such a preflight itself, exists from Istio 1.23 on.
Before, the request goes on to the service, whose own answer decides whether the browser may call. A service that
allows every origin by itself lets everybody in.

## Bad

```policy
mesh: {istioVersion: "1.22"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://shop.example.com"]}  # info: [preflight-reaches-service] "https://shop.example.com"
```

## Good

```policy
mesh: {istioVersion: "1.23"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /orders
      cors: {allowOrigins: ["https://shop.example.com"]}
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy

## Shown by

- `tests/mesh/test_cors.py::test_what_is_said_before_a_request`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find CORS settings under a version that passes foreign preflights on."""
    external = case.service.external
    if external is None or case.facts.mesh.istio_version >= (1, 23):
        return
    for route in external.routes or ():
        if route.cors is not None:
            listed = ", ".join(f"'{origin}'" for origin in route.cors.allow_origins)
            yield Finding(
                route.cors.at,
                f"this Istio lets the preflight of an origin other than {listed} through to the service;"
                " check that the service itself does not allow every origin",
            )


RULE = Rule("preflight-reaches-service", Severity.INFO, __doc__, check)
