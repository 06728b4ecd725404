"""A UDP port of a host outside is declared.

## Why

Sidecars leave UDP alone, declared or not: the calls reach the host, without protection, metrics or limits, and also
where only declared hosts are let out. The declaration does no harm and no good.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: syslog.partner.example
    ports: [{number: 514, protocol: UDP}]  # info: [udp-upstream] "514"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: syslog.partner.example
    ports: [{number: 6514, protocol: TLS}]
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
    """Find UDP ports of hosts outside."""
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.protocol == "UDP":
                yield Finding(
                    port.at,
                    f"the mesh leaves UDP alone, so port '{port.number}' of '{upstream.host}' is called past it,"
                    " declared or not",
                )


RULE = Rule("udp-upstream", Severity.INFO, __doc__, check)
