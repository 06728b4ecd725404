"""A port is one of those that the sidecar keeps for itself.

## Why

The application and its sidecar share one network. The sidecar listens on 15000, 15001, 15002, 15004, 15006, 15008,
15020, 15021, 15053 and 15090: an application that wants the same container port cannot start, or is never asked.
With 15020 as the metrics port metrics merging is skipped silently, with 15090 pods are not created at all
(run on Istio 1.31).

As the number that callers dial, 15001, 15006, 15021 and 15090 are broken too where the port speaks HTTP: sidecars
open no listener for them. Calls to 15001 are dropped in every mode; those to the others leave as plaintext, without
identity, and mutual TLS in STRICT mode refuses them (run on 1.27 and 1.31; skipped without a word since 1.19). The
other numbers can be dialled if the container port is another, and so can all of them where the port speaks TCP.

## Bad

```yaml
ports:
  - number: 15021  # error: [reserved-port] "15021"
    name: http
    targetPort: 8080
```

```yaml
ports:
  - number: 8080
    name: http
    targetPort: 15006  # error: [reserved-port] "15006"
  - {number: 15090, name: tcp}  # error: [reserved-port] "15090"
```

## Good

The ports of istiod and of gateways (15010, 15012, 15014, 15017, 15443) are not the sidecar's.

```yaml
ports:
  - {number: 15000, name: http, targetPort: 8080}
  - {number: 15012, name: grpc}
```

## See

- https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio
- https://github.com/istio/istio/issues/49905
- https://github.com/istio/istio/pull/45670

## Shown by

- `tests/mesh/test_ports.py::test_numbers_that_callers_cannot_dial`
- `tests/mesh/test_ports.py::test_over_tcp_every_number_can_be_dialled`
- `tests/mesh/test_ports.py::test_container_ports_that_the_sidecar_listens_on`
- `tests/mesh/test_metrics_merging.py::test_a_metrics_port_that_is_the_sidecars`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE, Port
from meshguard.rule import Case, Rule

_TAKEN = {
    15000: "administration",
    15001: "outgoing traffic",
    15002: "failure detection",
    15004: "debugging",
    15006: "incoming traffic",
    15008: "tunnels",
    15020: "merged metrics",
    15021: "health checks",
    15053: "DNS",
    15090: "its own metrics",
}
_WITHOUT_LISTENER = frozenset({15001, 15006, 15021, 15090})


def check(case: Case) -> Iterator[Finding]:
    """Find container ports that the sidecar has taken, and HTTP ports that callers' sidecars do not open."""
    for port in case.service.ports:
        if port.target in _TAKEN and port.protocol != "UDP":
            yield _taken(port)
        if port.number != port.target and port.number in _WITHOUT_LISTENER and port.protocol in HTTP_LIKE:
            yield Finding(
                port.at / "number",
                f"callers' sidecars do not listen on port '{port.number}', so calls to it are dropped or leave"
                " without mutual TLS and are refused; take another number, such as 8080",
            )


def _taken(port: Port) -> Finding:
    right = "where the application itself serves its metrics" if port.metrics else "such as 8080"
    return Finding(
        port.at / ("number" if port.number == port.target else "targetPort"),
        f"the sidecar itself uses container port '{port.target}' for {_TAKEN[port.target]}, so the application"
        f" cannot have it; take another, {right}",
    )


RULE = Rule("reserved-port", Severity.ERROR, __doc__, check)
