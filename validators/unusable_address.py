"""An address of a host outside cannot be used as it is written.

## Why

A host with a name is looked up, and beside that Istio takes single addresses only: it refuses the object for a
range, such as `203.0.113.0/24`, and the whole host is unknown to the mesh. A range stands beside a wildcard host,
which is not looked up. What is no address at all is refused too (run on Istio 1.27 and 1.31).

`127.0.0.1` and its like are the pod itself: what is sent there never leaves it, so no host outside has them.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses:
      - 203.0.113.10
      - 203.0.113.0/24  # error: [unusable-address] "203.0.113.0/24", "db.partner.example"
      - 2001:db8:1  # error: [unusable-address] "2001:db8:1"
      - 127.0.0.1  # error: [unusable-address] "127.0.0.1", "db.partner.example"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10/32, "2001:db8::1/128"]
  - host: "*.db.partner.example"
    ports: [{number: 5433, protocol: TCP}]
    addresses: [203.0.113.0/24]
```

## See

- https://istio.io/latest/docs/reference/config/networking/service-entry/#ServiceEntry

## Shown by

- `tests/mesh/test_upstreams.py::test_which_addresses_are_refused`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import Upstream
from meshguard.network import network
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find what is no address, and ranges beside a host that is looked up."""
    for upstream in case.service.upstreams:
        for index, address in enumerate(upstream.addresses):
            fault = _fault(upstream, address)
            if fault is not None:
                yield Finding(upstream.at / "addresses" / index, f"'{address}' {fault}")


def _fault(upstream: Upstream, address: str) -> str | None:
    found = network(address)
    if found is None:
        return "is no IP address, so the mesh refuses the whole host; write it as 203.0.113.10 or 2001:db8::1"
    if found.is_loopback:
        return f"is the pod itself, where '{upstream.host}' is not; write the addresses that its name has"
    if not found.is_single and not found.is_wide and not str(upstream.host).startswith("*"):
        return (
            f"is a range, and beside '{upstream.host}', which is looked up by name, the mesh takes single addresses"
            " only and refuses the rest; list them one by one"
        )
    return None


RULE = Rule("unusable-address", Severity.ERROR, __doc__, check)
