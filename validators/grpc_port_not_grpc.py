"""A port whose name says gRPC is declared as something else.

## Why

gRPC needs HTTP/2 all the way. To a port declared HTTP, gateways and sidecars speak HTTP/1.1, and gRPC calls end in
`disconnect/reset before headers` (502). A port declared TCP does work, but a client's one long connection goes to
one pod for good: no balancing, no retries, no metrics for each method.

Only the name decides here (`http-grpc`, `tcp-grpc`) or the number 50051, which is gRPC's own. Where the application
encrypts gRPC itself, `protocol: TLS` says so, and so does HTTPS for callers in the mesh; but a gateway that opened
TLS speaks HTTP/1.1 inside the TLS that it adds (run on Istio 1.27 and 1.31).

## Bad

```yaml
ports:
  - number: 9000
    name: http-grpc  # warning: [grpc-port-not-grpc] "http-grpc"
  - number: 50051
    name: tcp-orders  # warning: [grpc-port-not-grpc] "tcp-orders"
```

```yaml
ports:
  - number: 8443
    name: https-grpc  # warning: [grpc-port-not-grpc] "https-grpc", "passthrough"
    tls: {serverName: orders.internal.example.com}
externalRouting:
  hosts: [orders.example.com]
```

## Good

```yaml
ports:
  - {number: 8443, name: https-grpc}
  - {number: 50051, name: grpc}
  - {number: 50052, name: tls-grpc}
  - {number: 8080, name: http-grpc-json}
```

## See

- https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#http-gateway-protocol-selection
- https://github.com/istio/istio/issues/25555

## Shown by

- `tests/mesh/test_ports.py::test_what_a_port_of_grpc_is_spoken_to_in`
- `tests/mesh/test_ports.py::test_an_application_that_speaks_http2_alone`
- `tests/mesh/test_https_ports.py::test_a_gateway_speaks_http_1_inside_the_tls_that_it_adds`
- `tests/mesh/test_ports.py::test_one_long_connection_to_a_tcp_port_meets_one_pod`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import perhaps_opened_ports
from meshguard.rule import Case, Rule

_RIGHT = "name it grpc, or tls where the application encrypts itself"
_HARM = {
    "HTTP": f"is declared HTTP: it would be called with HTTP/1.1, which gRPC does not survive; {_RIGHT}",
    "TCP": f"is declared TCP: all calls of a client would stay on one pod, without retries; {_RIGHT}",
    "HTTPS": "a gateway that opened TLS calls it with HTTP/1.1, which gRPC does not survive; take a gateway with"
    " tls: passthrough, or serve gRPC without TLS (name: grpc), which the mesh encrypts",
}


def check(case: Case) -> Iterator[Finding]:
    """Find ports that are gRPC by name or number and HTTP or TCP by protocol, or HTTPS behind a gateway."""
    opened = perhaps_opened_ports(case.service, case.facts)
    for port in case.service.ports:
        harm = _HARM.get(port.protocol)
        looks = port.name.endswith("-grpc") or port.number == 50051
        if harm is not None and looks and (port.protocol != "HTTPS" or port in opened):
            yield Finding(port.at / "name", f"port '{port.name}' ({port.number}) looks like gRPC and {harm}")


RULE = Rule("grpc-port-not-grpc", Severity.WARNING, __doc__, check)
