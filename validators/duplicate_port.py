"""Two ports of the service have the same name or the same number.

## Why

Kubernetes refuses a Service in which two ports have one name, or one number for the same transport. TCP and UDP
are two transports, so one number may stand once for each of them, as DNS has it.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 8080, name: grpc}  # error: [duplicate-port] "8080", "http"
  - {number: 9000, name: http}  # error: [duplicate-port] "http"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9053, name: tcp-dns}
  - {number: 9054, name: tcp-dns-admin}
```

## See

- https://kubernetes.io/docs/concepts/services-networking/service/#multi-port-services

## Shown by

- `tests/charts/test_admission.py::test_ports_with_one_name_or_one_number_are_refused`
- `tests/charts/test_admission.py::test_one_number_may_stand_once_for_each_transport`
- `tests/charts/test_admission.py::test_the_rule_finds_what_kubernetes_refuses_and_nothing_else`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Port
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find each port that repeats an earlier one's number or name."""
    ports = case.service.ports
    for index, port in enumerate(ports):
        finding = _repeated(port, ports[:index])
        if finding is not None:
            yield finding


def _repeated(port: Port, earlier: tuple[Port, ...]) -> Finding | None:
    for other in earlier:
        if other.number == port.number and _is_udp(other) == _is_udp(port):
            message = (
                f"port '{port.number}' is '{other.name}' already, so Kubernetes refuses the Service; take another"
            )
            return Finding(port.at / "number", message, related=(Related(other.at, "the first one"),))
        if other.name == port.name:
            message = f"a port is named '{port.name}' already, so Kubernetes refuses the Service; add a suffix"
            return Finding(port.at / "name", message, related=(Related(other.at, "the first one"),))
    return None


def _is_udp(port: Port) -> bool:
    return port.protocol == "UDP"


RULE = Rule("duplicate-port", Severity.ERROR, __doc__, check)
