"""A proxy forwards a public Host header, and whether the service behind it takes that host is not known here.

## Why

In the mesh the Host header decides where a request goes, not the address that was dialled. A host that nobody in
the mesh has leaves as plaintext to that address: a service with mutual TLS in STRICT mode refuses it (503, flags
UC), in PERMISSIVE mode it arrives without identity, retries and telemetry, and where only declared hosts are let
out it gets 502 (run on Istio 1.27 and 1.31). It works where the service behind lists the host in its
`internalRouting.forwardedHosts`, which one file cannot show: a run over all services of the policy can, and says
`forwarded-host-not-taken` where it does not.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog
    port: 8080
    forwardedHosts: [shop.example.com]  # info: [forwarded-host-needs-callee] "catalog", "shop.example.com"
```

```policy
mesh: {mtls: STRICT, namespaces: {legacy: {mtls: PERMISSIVE}}}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog.legacy
    port: 8080
    forwardedHosts: [shop.example.com]  # info: [forwarded-host-needs-callee] "without identity"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog
    port: 8080
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - service: catalog
    port: 8080
    forwardedHosts: [shop.example.com]
```

```yaml catalog/values.yaml
ports:
  - {number: 8080, name: http}
internalRouting:
  forwardedHosts: [shop.example.com]
```

## See

- https://github.com/kubernetes/ingress-nginx/issues/3171
- https://github.com/istio/istio/issues/25267

## Shown by

- `tests/stories/test_s5_public_host.py::test_the_public_host_before_and_after`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import forwarding
from meshguard.policy import fate_of_foreign_host
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts that the service forwards to another one whose values are not known."""
    for service, upstream in forwarding(case.service, case.facts):
        if case.callee(service) is None:
            names = quoted(host.value for host in upstream.forwarded_hosts)
            yield Finding(
                upstream.at / "forwardedHosts",
                f"requests with the Host {names} reach '{service}' only if it lists them in its"
                f" internalRouting.forwardedHosts; else they {fate_of_foreign_host(service, case.facts)}",
            )


RULE = Rule("forwarded-host-needs-callee", Severity.INFO, __doc__, check)
