"""Callers get TLS inside TLS on an HTTPS port.

## Why

`protocol: HTTPS` means that callers speak TLS to the port. Where the gateway's TLS settings stand beside the
service (`tlsOriginationIn: service` in the policy, or a gateway whose pods run in the service's namespace), they
hold for every sidecar: the TLS of a caller that uses https is wrapped once more, and the application sees TLS bytes
instead of requests (run on Istio 1.27 and 1.31). Settings for the gateway alone (`tlsOriginationIn: gateway`)
serve both.

Where in-mesh callers speak plain HTTP to the port, the settings do them good: a comment with that reason lifts
this.

They reach a gateway that passes TLS through as well, if they hold for every sidecar, or if its pods run in the
namespace of the gateway that they are meant for. The TLS of its callers is wrapped then, and they get
WRONG_VERSION_NUMBER (run on both).

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

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: orders.example.com}
  tunnel: {gateway: istio-ingress/tunnel, hostTemplate: orders.tunnel.example.com, tls: passthrough}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
externalRouting:
  port: https
  visibility:
    - public
    - tunnel  # error: [double-tls] "tunnel", "https", "public"
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

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: orders.example.com}
  tunnel: {gateway: edge/tunnel, hostTemplate: orders.tunnel.example.com, tls: passthrough}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
externalRouting:
  port: https
  visibility: [public, tunnel]
```

## See

- https://istio.io/latest/docs/ops/common-problems/network-issues/#double-tls-tls-origination-for-a-tls-request
- https://github.com/istio/istio/issues/17031

## Shown by

- `tests/stories/test_s4_values.py::test_origination_for_everyone_breaks_https_in_the_mesh`
- `tests/stories/test_s4_values.py::test_a_gateway_that_passes_tls_through_beside_one_that_opens_it`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import exposures, gateway_ports, gateways, originates_in_service, passthrough_port
from meshguard.model import Port, Routing
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find HTTPS ports whose TLS settings for a gateway reach other callers too."""
    opened = gateway_ports(case.service, case.facts)
    ports = [port for port in opened if port.protocol == "HTTPS" and port.tls is not None]
    yield from _inside(case, ports)
    if case.service.external is not None:
        port = passthrough_port(case.service, case.service.external)
        if port is not None and port in ports:
            yield from _passed(case, case.service.external, port)


def _inside(case: Case, ports: list[Port]) -> Iterator[Finding]:
    opening = gateways(case.service, case.facts, "terminate")
    shared = [gateway.name for gateway in opening if originates_in_service(gateway, case.facts)]
    for port in ports if shared else ():
        yield Finding(
            port.at / "tls",
            f"for gateway {quoted(shared)} the TLS settings of port '{port.name}' hold for in-mesh callers too,"
            " whose https becomes TLS in TLS; use a gateway with tlsOriginationIn: gateway and pods in another"
            " namespace, or ignore this where in-mesh callers speak plain HTTP to the port",
            on_key=True,
        )


def _passed(case: Case, routing: Routing, port: Port) -> Iterator[Finding]:
    opening = gateways(case.service, case.facts, "terminate")
    for exposure in exposures(routing, case.facts):
        passing = exposure.gateway
        if passing is None or passing.tls != "passthrough":
            continue
        meant = [
            gateway.name
            for gateway in opening
            if gateway.workload_namespace == passing.workload_namespace
            or originates_in_service(gateway, case.facts)
        ]
        if meant:
            yield Finding(
                exposure.at,
                f"gateway '{passing.name}' passes TLS through, and the TLS settings of port '{port.name}' for"
                f" {quoted(meant)} hold for it too, so its callers get TLS in TLS; leave one of them out, or keep"
                " them apart by namespaces of their pods and tlsOriginationIn: gateway",
            )


RULE = Rule("double-tls", Severity.ERROR, __doc__, check)
