"""A gateway does not verify the certificate of the application.

## Why

Whoever can answer on the way from the gateway to the pod can take the application's place and read every request,
credentials included. A certificate of an own CA is no reason: the CA goes into a Secret in the gateway's namespace,
and `caCertificates` names it. Only an exemption of the policy lifts this rule.

## Bad

```yaml
ports:
  - number: 8443
    name: https
    tls:
      serverName: orders.internal.example.com
      insecureSkipVerify: true  # error: [insecure-skip-verify] "https"
```

## Good

```yaml
ports:
  - number: 8443
    name: https
    tls: {serverName: orders.internal.example.com, caCertificates: orders-ca, insecureSkipVerify: false}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings-insecure_skip_verify
- https://istio.io/latest/docs/reference/config/analysis/ist0128/

## Shown by

- `tests/mesh/test_https_ports.py::test_a_gateway_that_does_not_verify_believes_anybody`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports whose certificate is not to be verified."""
    for port in case.service.ports:
        if port.tls is not None and port.tls.insecure_skip_verify:
            yield Finding(
                port.tls.at / "insecureSkipVerify",
                f"anyone on the way could pose as port '{port.name}', because its certificate is not verified;"
                " name the Secret with its CA in 'caCertificates', or ask the platform team for an exemption",
            )


RULE = Rule("insecure-skip-verify", Severity.ERROR, __doc__, check, locked=True)
