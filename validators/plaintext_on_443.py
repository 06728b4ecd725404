"""Plaintext is declared on port 443.

## Why

Callers and meshes take 443 for TLS. Before Istio 1.6 one HTTP port 443 turned the shared listener of that port
into an HTTP one, and every TLS call of the cluster to an address that the mesh did not know failed
(istio/istio#16458). In today's versions, run on 1.27 and 1.31, the damage is smaller but real: `https://` to this
service bypasses mutual TLS and is refused, and plain HTTP to hosts outside the registry gets 502 under
`outboundTraffic: REGISTRY_ONLY`.

The name of the port does not matter, its protocol does. Only an exemption of the policy lifts this rule.

## Bad

```yaml
ports:
  - number: 443  # error: [plaintext-on-443] "443"
    name: http
    protocol: HTTP
```

## Good

An application that terminates TLS itself says so. Any other listens where plaintext is expected.

```yaml
ports:
  - number: 443
    name: https
    protocol: HTTPS
  - number: 8080
    name: http
```

## See

- https://github.com/istio/istio/issues/16458
- https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/

## Shown by

- `tests/mesh/test_port_443.py::test_what_calls_on_443_reach`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports 443 whose callers speak plaintext HTTP."""
    old = case.facts.mesh.istio_version < (1, 6)
    for port in case.service.ports:
        if port.number == 443 and port.protocol in HTTP_LIKE:
            harm = (
                "before Istio 1.6 that makes every TLS call of the cluster through port 443 fail"
                if old
                else "https calls to this service bypass mutual TLS and are refused, and before Istio 1.6 all TLS"
                " calls of the cluster fail"
            )
            yield Finding(
                port.at / "number",
                f"port '443' carries plaintext '{port.protocol}': {harm};"
                " say protocol HTTPS if the application terminates TLS, else take another number such as 8080",
            )


RULE = Rule("plaintext-on-443", Severity.ERROR, __doc__, check, locked=True)
