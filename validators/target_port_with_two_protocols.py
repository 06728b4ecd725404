"""One container port is declared with two protocols.

## Why

A sidecar opens one listener for each container port, with one protocol. Where two ports of the Service lead to the
same container port and name different protocols, one of them wins and the other's calls fail: gRPC that arrives as
HTTP/1.1, HTTP that is taken for raw bytes. No metric tells it; `istioctl analyze` may say IST0137 (run on
Istio 1.27 and 1.31).

Two ports with one container port are fine where the sidecar treats both alike: the same protocol twice, or `http2`
and `grpc`, or `tcp` and `redis`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - number: 9000
    name: grpc
    targetPort: 8080  # error: [target-port-with-two-protocols] "8080", "http", "grpc"
```

```yaml
ports:
  - number: 80
    name: http
    targetPort: 8080  # error: [target-port-with-two-protocols] "8080"
  - number: 8080
    name: tcp
```

## Good

```yaml
ports:
  - {number: 80, name: http, targetPort: 8080}
  - {number: 8080, name: http-alt}
  - {number: 9000, name: grpc}
  - {number: 9001, name: grpc-web, targetPort: 9000}
```

## See

- https://istio.io/latest/docs/reference/config/analysis/ist0137/
- https://github.com/istio/istio/issues/29302

## Shown by

- `tests/mesh/test_ports.py::test_one_container_port_cannot_speak_http_and_grpc`
- `tests/mesh/test_ports.py::test_one_container_port_cannot_speak_http_and_tcp`
- `tests/mesh/test_ports.py::test_the_analyzer_may_tell`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Port
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports whose container port an earlier one declares otherwise."""
    ports = [port for port in case.service.ports if port.protocol != "UDP" and not port.bypass_mesh]
    for index, port in enumerate(ports):
        for other in ports[:index]:
            if other.target == port.target and other.number != port.number and _kind(other) != _kind(port):
                yield _finding(port, other)
                break


def _kind(port: Port) -> str:
    """Give how the sidecar of the service treats the port: these kinds exclude each other."""
    if port.protocol == "HTTP":
        return "HTTP/1.1"
    return "HTTP/2" if port.protocol in {"HTTP2", "GRPC", "GRPC-WEB"} else "bytes"


def _finding(port: Port, other: Port) -> Finding:
    """Point at the later `targetPort` of the two; a port without one has its number as container port."""
    late, first = (port, other) if port.target != port.number else (other, port)
    return Finding(
        late.at / "targetPort",
        f"container port '{port.target}' is {other.protocol} for port '{other.name}' and {port.protocol} for port"
        f" '{port.name}': the sidecar takes it for one of them, and calls to the other fail; give each its own",
        related=(Related(first.at, "the other one"),),
    )


RULE = Rule("target-port-with-two-protocols", Severity.ERROR, __doc__, check)
