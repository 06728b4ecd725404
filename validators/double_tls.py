"""Callers in the mesh get TLS inside TLS on an HTTPS port.

## Why

`protocol: HTTPS` means that callers speak TLS to the port. Where the gateway's TLS settings stand beside the
service (`tlsOriginationIn: service` in the policy, or a gateway whose pods run in the service's namespace), they
hold for every sidecar: the TLS of a caller that uses https is wrapped once more, and the application sees TLS bytes
instead of requests (run on Istio 1.27 and 1.31). Settings for the gateway alone (`tlsOriginationIn: gateway`)
serve both.

Where in-mesh callers speak plain HTTP to the port, the rule does them good: a comment with that reason lifts this.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public, tlsOriginationIn: service}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:  # error: [double-tls] "https", "public"
      serverName: orders.internal.example.com
externalRouting:
  hosts: [orders.example.com]
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public, tlsOriginationIn: gateway}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/ops/common-problems/network-issues/#double-tls-tls-origination-for-a-tls-request
- https://github.com/istio/istio/issues/17031

## Shown by

- `tests/stories/test_s4_values.py::test_origination_for_everyone_breaks_https_in_the_mesh`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import gateway_ports, gateways, originates_in_service
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find HTTPS ports whose TLS settings for a gateway reach in-mesh callers too."""
    opening = gateways(case.service, case.facts, "terminate")
    shared = [gateway.name for gateway in opening if originates_in_service(gateway, case.facts)]
    for port in gateway_ports(case.service, case.facts) if shared else ():
        if port.protocol == "HTTPS" and port.tls is not None:
            yield Finding(
                port.at / "tls",
                f"for gateway {quoted(shared)} the TLS settings of port '{port.name}' hold for in-mesh callers too,"
                " whose https becomes TLS in TLS; use a gateway with tlsOriginationIn: gateway,"
                " or ignore this where in-mesh callers speak plain HTTP to the port",
                on_key=True,
            )


RULE = Rule("double-tls", Severity.ERROR, __doc__, check)
