"""For mutual TLS a gateway takes the CA from the Secret of the client certificate.

## Why

A gateway that shows a client certificate to the application reads certificate, key and CA from one Secret: another
`caCertificates` beside it is not read. Where the Secret holds no `ca.crt`, the application's certificate cannot be
verified and requests fail with 503.

## Bad

```policy
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
      caCertificates: orders-ca
      clientCertificate: orders-client  # info: [gateway-client-ca] "orders-client", "orders-ca"
externalRouting:
  hosts: [orders.example.com]
```

## Good

```policy
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
      caCertificates: orders-client
      clientCertificate: orders-client
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import gateway_ports
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find a CA beside a client certificate that a gateway would not read."""
    for port in gateway_ports(case.service, case.facts):
        tls = port.tls
        if tls is None or tls.client_certificate is None or tls.insecure_skip_verify:
            continue
        if tls.ca_certificates != tls.client_certificate:
            yield Finding(
                tls.at / "clientCertificate",
                f"a gateway reads the CA from the Secret '{tls.client_certificate}', which must hold ca.crt,"
                f" and never from '{tls.ca_certificates}'",
            )


RULE = Rule("gateway-client-ca", Severity.INFO, __doc__, check)
