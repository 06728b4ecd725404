"""The sidecar adds TLS to a port on which the application speaks TLS already.

## Why

`protocol: TLS` (or HTTPS) says that the application does HTTPS itself. With `originateTLS` the sidecar wraps that
in TLS once more, and the host outside answers the second handshake with an error: `wrong version number`, or a
closed connection (all versions of Istio; istio/istio#17031, istio/istio#43415).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - number: 443
        protocol: TLS
        originateTLS: {port: 443}  # error: [upstream-double-tls] "TLS", "443"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - {number: 443, protocol: TLS}
      - {number: 80, protocol: HTTP, originateTLS: {port: 443}}
```

## See

- https://istio.io/latest/docs/ops/common-problems/network-issues/#double-tls-tls-origination-for-a-tls-request
- https://github.com/istio/istio/issues/17031
- https://github.com/istio/istio/issues/43415

## Shown by

- `tests/mesh/test_upstreams.py::test_tls_is_added_to_tls`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports with TLS of the application's own and `originateTLS`."""
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.originate_tls is not None and port.protocol in {"TLS", "HTTPS"}:
                yield Finding(
                    port.at / "originateTLS",
                    f"the application speaks '{port.protocol}' on port '{port.number}' already, and TLS inside TLS"
                    f" is refused by '{upstream.host}'; leave 'originateTLS' out, or say protocol: HTTP if it is"
                    " plain HTTP",
                    on_key=True,
                )


RULE = Rule("upstream-double-tls", Severity.ERROR, __doc__, check)
