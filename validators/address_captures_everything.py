"""The addresses of a host outside are so wide that they take other connections too.

## Why

Declared addresses hold for all connections of the namespace to them. `0.0.0.0` beside a host with a name stands for
all of them: every connection on that port number goes to this host. `0.0.0.0/0` beside a wildcard, or a range of
more than sixteen million addresses, sends connections on to where they were dialled, as calls to a declared host:
on that port everybody is let out, also under `outboundTraffic: REGISTRY_ONLY` (run on Istio 1.27 and 1.31).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: "*.partner.example"
    ports: [{number: 5432, protocol: TCP}]
    addresses: [0.0.0.0/0]  # error: [address-captures-everything] "0.0.0.0/0"
  - host: db.partner.example
    ports: [{number: 5433, protocol: TCP}]
    addresses: [0.0.0.0]  # error: [address-captures-everything] "0.0.0.0"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: "*.partner.example"
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.0/24, 10.0.0.0/8]
```

## See

- https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry
- https://github.com/istio/istio/issues/54990

## Shown by

- `tests/mesh/test_upstreams.py::test_addresses_of_everybody`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.network import network
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ranges that no single host has."""
    for upstream in case.service.upstreams:
        for index, address in enumerate(upstream.addresses):
            found = network(address)
            if found is not None and found.is_wide:
                yield Finding(
                    upstream.at / "addresses" / index,
                    f"'{address}' takes the namespace's connections to everybody on these ports as calls to"
                    f" '{upstream.host}'; write the addresses of that host alone",
                )


RULE = Rule("address-captures-everything", Severity.ERROR, __doc__, check)
