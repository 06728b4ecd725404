"""The addresses of a host outside are so wide that they take other connections too.

## Why

A declared range holds for all connections of the namespace to it. `0.0.0.0/0`, or a range of more than sixteen
million addresses, takes the calls to every other database, and to the cluster itself, and sends them to this host.
`0.0.0.0` stands for all addresses as well.

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
                    f"'{address}' takes the namespace's connections to everybody on these ports and sends them to"
                    f" '{upstream.host}'; write the addresses of that host alone",
                )


RULE = Rule("address-captures-everything", Severity.ERROR, __doc__, check)
