"""The sidecar is to speak TLS to a port that speaks plain HTTP.

## Why

`originateTLS.port` is the port of the host on which it speaks TLS, usually 443. Port 80 is plain HTTP, and so is a
port that the same item declares as HTTP without TLS: the host answers the handshake with an HTTP error, and the
caller gets 503 with `wrong version number`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - number: 80
        protocol: HTTP
        originateTLS: {port: 80}  # error: [tls-origination-to-plaintext] "80", "443"
  - host: files.partner.example
    ports:
      - {number: 8080, protocol: HTTP}
      - {number: 8000, protocol: HTTP, originateTLS: {port: 8080}}  # error: [tls-origination-to-plaintext] "8080"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports: [{number: 80, protocol: HTTP, originateTLS: {port: 443}}]
  - host: files.partner.example
    ports: [{number: 8443, protocol: HTTP, originateTLS: {port: 8443}}]
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/

## Shown by

- `tests/mesh/test_upstreams.py::test_tls_to_a_port_that_speaks_plain_http`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find TLS to port 80, or to a port of the same host that is declared as plain HTTP."""
    for upstream in case.service.upstreams:
        plain = {80} | {
            port.number for port in upstream.ports if port.protocol in HTTP_LIKE and port.originate_tls is None
        }
        for port in upstream.ports:
            target = port.originate_tls
            if target is not None and target.value in plain and port.protocol in HTTP_LIKE:
                yield Finding(
                    port.at / "originateTLS" / "port",
                    f"'{upstream.host}' speaks plain HTTP on port '{target.value}', so the TLS of the sidecar is"
                    " answered with an error; write the port on which it speaks TLS, usually '443'",
                )


RULE = Rule("tls-origination-to-plaintext", Severity.ERROR, __doc__, check)
