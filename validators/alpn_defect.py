"""Before Istio 1.19 a gateway breaks TLS to applications that open it themselves.

## Why

Gateways of Istio before 1.19 offer the mesh's own protocol names (ALPN `istio-http/1.1`) also in TLS that is meant
for the application. A sidecar in PERMISSIVE mode then takes the connection for mutual TLS of the mesh, asks for a
client certificate and refuses it; strict servers answer `no application protocol`. Fixed in 1.19
(istio/istio#40680). Known from the source and the reports: such an old version is not run here.

## Bad

```policy
mesh: {istioVersion: "1.18"}  # warning: [unsupported-istio-version] "1.18"
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:  # error: [alpn-defect] "https", "1.18"
      serverName: orders.internal.example.com
externalRouting:
  hosts: [orders.example.com]
```

## Good

```policy
mesh: {istioVersion: "1.22"}
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://github.com/istio/istio/issues/40680
- https://github.com/istio/istio/pull/44918
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import gateway_ports
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find HTTPS ports that a gateway of an old version speaks TLS to."""
    version = case.facts.mesh.istio_version
    for port in gateway_ports(case.service, case.facts) if version < (1, 19) else ():
        if port.protocol == "HTTPS" and port.tls is not None:
            yield Finding(
                port.at / "tls",
                f"gateways of Istio '{version[0]}.{version[1]}' break TLS to port '{port.name}', by offering it the"
                " mesh's own ALPN, until 1.19; upgrade, or take a gateway that passes TLS through",
                on_key=True,
            )


RULE = Rule("alpn-defect", Severity.ERROR, __doc__, check)
