"""A UDP port is not protected by the mesh.

## Why

Sidecars do not capture UDP: no mutual TLS, no authorization, no metrics, no routing, whatever the mode of the
namespace is (all versions of Istio in sidecar mode). Whoever reaches the pod reaches the application. For DNS it is
meant to be so; for anything else it is worth knowing.

## Bad

```yaml
ports:
  - {number: 53, name: tcp-dns}
  - {number: 53, name: udp-dns}  # info: [udp-outside-mesh] "udp-dns"
```

## Good

```yaml
ports:
  - {number: 53, name: tcp-dns}
```

## See

- https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/
- https://github.com/istio/istio/issues/11658

## Shown by

- `tests/mesh/test_ports.py::test_udp_is_nothing_to_the_mesh`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find UDP ports."""
    for port in case.service.ports:
        if port.protocol == "UDP":
            yield Finding(
                port.at,
                f"the mesh leaves UDP port '{port.name}' alone: no mutual TLS, no authorization, no metrics;"
                " protect it with a NetworkPolicy where that matters",
            )


RULE = Rule("udp-outside-mesh", Severity.INFO, __doc__, check)
