"""A port whose name says gRPC is declared as something else.

## Why

gRPC needs HTTP/2 all the way. To a port declared HTTP, gateways and sidecars speak HTTP/1.1, and gRPC calls end in
`upstream reset` or without their status. A port declared TCP does work, but a client's one long connection goes to
one pod for good: no balancing, no retries, no metrics for each method.

Only the name decides here (`http-grpc`, `tcp-grpc`) or the number 50051, which is gRPC's own. Where the application
encrypts gRPC itself, `protocol: TLS` says so.

## Bad

```yaml
ports:
  - number: 9000
    name: http-grpc  # warning: [grpc-port-not-grpc] "http-grpc"
  - number: 50051
    name: tcp-orders  # warning: [grpc-port-not-grpc] "tcp-orders"
```

## Good

```yaml
ports:
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
- `tests/mesh/test_ports.py::test_one_long_connection_to_a_tcp_port_meets_one_pod`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule

_HARM = {
    "HTTP": "it would be called with HTTP/1.1, which gRPC does not survive",
    "TCP": "all calls of a client would stay on one pod, without retries",
}


def check(case: Case) -> Iterator[Finding]:
    """Find ports that are gRPC by name or number, and HTTP or TCP by protocol."""
    for port in case.service.ports:
        harm = _HARM.get(port.protocol)
        if harm is not None and (port.name.endswith("-grpc") or port.number == 50051):
            yield Finding(
                port.at / "name",
                f"port '{port.name}' ({port.number}) looks like gRPC and is declared {port.protocol}: {harm};"
                " name it grpc, or tls where the application encrypts itself",
            )


RULE = Rule("grpc-port-not-grpc", Severity.WARNING, __doc__, check)
