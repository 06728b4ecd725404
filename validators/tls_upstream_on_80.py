"""Port 80 of a host outside is declared TLS.

## Why

Port 80 speaks plain HTTP. Declared TLS, the sidecar knows a call to this host by the name in its TLS handshake,
and a plain HTTP call has none: it is not taken for a call to the declared host. It leaves as an unknown one, and
where the mesh lets only declared hosts out (`outboundTraffic: REGISTRY_ONLY`) it is dropped
(run on Istio 1.27 and 1.31).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - number: 80
        protocol: TLS  # warning: [tls-upstream-on-80] "TLS", "HTTP"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - {number: 80, protocol: HTTP}
      - {number: 8443, protocol: TLS}
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/egress/egress-control/

## Shown by

- `tests/mesh/test_upstreams.py::test_what_calls_to_declared_ports_reach`
- `tests/mesh/test_upstreams.py::test_plain_http_to_a_port_declared_tls_is_an_unknown_call`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports 80 of hosts outside on which the application is said to speak TLS."""
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.number == 80 and port.protocol in {"TLS", "HTTPS"} and port.originate_tls is None:
                yield Finding(
                    port.at / "protocol",
                    f"port '80' of '{upstream.host}' speaks plain HTTP, which '{port.protocol}' does not take for a"
                    " call to this host; write protocol: HTTP, or number: 443",
                )


RULE = Rule("tls-upstream-on-80", Severity.WARNING, __doc__, check)
