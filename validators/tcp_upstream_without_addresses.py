"""A host outside is called over TCP, and its addresses are not said.

## Why

TCP carries no host name. Without addresses the sidecar takes every connection of the namespace on that port number
for this host: another database on 5432, or a second entry, is led to the wrong server (istio/istio#6695,
istio/istio#7603; run on 1.27 and 1.31, IST0134). MONGO, MYSQL and REDIS are the same. TLS is told apart by the
name in its handshake.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports:
      - number: 5432
        protocol: TCP  # error: [tcp-upstream-without-addresses] "db.partner.example", "5432", "addresses"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10/32]
  - host: search.partner.example
    ports: [{number: 9243, protocol: TLS}]
```

## See

- https://istio.io/latest/docs/reference/config/analysis/ist0134/
- https://github.com/istio/istio/issues/6695
- https://github.com/istio/istio/issues/7603

## Shown by

- `tests/mesh/test_upstreams.py::test_a_database_without_addresses_takes_all_calls_to_its_port`
- `tests/mesh/test_upstreams.py::test_so_does_every_protocol_without_a_host_name`
- `tests/mesh/test_upstreams.py::test_the_analyzer_knows_databases_without_addresses`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import NAMELESS
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports without a host name on the wire, of hosts without addresses."""
    for upstream in case.service.upstreams:
        for port in upstream.ports if not upstream.addresses else ():
            if port.protocol in NAMELESS:
                yield Finding(
                    port.at / "protocol",
                    f"'{port.protocol}' carries no host name, so every connection of the namespace on port"
                    f" '{port.number}' would go to '{upstream.host}'; add its addresses, such as"
                    " addresses: [203.0.113.10]",
                )


RULE = Rule("tcp-upstream-without-addresses", Severity.ERROR, __doc__, check)
