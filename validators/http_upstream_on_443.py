"""A host outside is declared with plain HTTP on port 443.

## Why

Port 443 of a host speaks TLS. Declared HTTP, an application that calls `https://` is not understood by its
sidecar: the call bypasses the declared host, and where only declared hosts are let out (`outboundTraffic:
REGISTRY_ONLY`) it is dropped; one that calls `http://host:443` sends plain HTTP to a TLS port (run on Istio 1.27
and 1.31). Before Istio 1.6 such an entry broke every TLS call of the cluster.

With `originateTLS` the sidecar adds TLS to plain HTTP on 443, which works.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - number: 443  # error: [http-upstream-on-443] "443", "HTTP", "TLS"
        protocol: HTTP
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports: [{number: 443, protocol: HTTPS}]
  - host: files.partner.example
    ports: [{number: 443, protocol: HTTP, originateTLS: {}}]
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/
- https://github.com/istio/istio/issues/17358
- https://github.com/istio/istio/issues/16450

## Shown by

- `tests/mesh/test_upstreams.py::test_what_calls_to_declared_ports_reach`
- `tests/mesh/test_upstreams.py::test_plain_http_to_a_port_that_speaks_tls`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports 443 of hosts outside that carry plain requests."""
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.number == 443 and port.protocol in HTTP_LIKE and port.originate_tls is None:
                yield Finding(
                    port.at / "number",
                    f"port '443' of '{upstream.host}' speaks TLS and is declared '{port.protocol}', so https calls"
                    " miss it and http calls fail; write protocol: TLS, or add 'originateTLS' if the application"
                    " speaks plain HTTP",
                )


RULE = Rule("http-upstream-on-443", Severity.ERROR, __doc__, check)
