"""For mutual TLS a gateway takes the CA from the Secret of the client certificate.

## Why

A gateway that shows a client certificate to the application takes one name for certificate, key and CA: Istio
refuses an object that says another CA beside it (run on 1.27 and 1.31), so another `caCertificates` does not reach
the gateway. The CA is that of a Secret with the same name and `-cacert` behind it, or else `ca.crt` of the Secret
itself (pilot/pkg/credentials/kube in both). Where neither is the application's, requests fail with 503.

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
  - number: 9443
    name: https-admin
    tls:
      serverName: admin.internal.example.com
      caCertificates: orders-client-cacert
      clientCertificate: orders-client
externalRouting:
  hosts: [orders.example.com]
  port: https
  pathConfiguration:
    - {path: /admin, port: https-admin}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings

## Shown by

- `tests/mesh/test_https_ports.py::test_for_mutual_tls_the_ca_is_that_of_the_client_certificate`
- `tests/mesh/test_https_ports.py::test_another_ca_beside_it_is_refused`
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
        if tls.ca_certificates not in {tls.client_certificate, f"{tls.client_certificate}-cacert"}:
            yield Finding(
                tls.at / "clientCertificate",
                f"a gateway reads the CA from the Secret '{tls.client_certificate}', which must hold ca.crt,"
                f" and never from '{tls.ca_certificates}'",
            )


RULE = Rule("gateway-client-ca", Severity.INFO, __doc__, check)
