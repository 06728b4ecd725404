"""Two hosts outside have one address on a port where addresses decide.

## Why

Where addresses are declared, the sidecar tells hosts apart by address and port number before anything else; only
between HTTP ports the Host header decides. All connections go to one of the two, between equal protocols the older
object, so the other host's connections reach the wrong server (run on Istio 1.27 and 1.31; istio/istio#54990). The
name in a TLS handshake counts only where no addresses stand beside the host.

The same address on different ports is fine. Of two ranges, one in the other, the narrower counts, as with routes of
a network, and between two wildcards calls go where they were dialled anyway.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10]
  - host: legacy.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses:
      - 203.0.112.1
      - 203.0.113.10/32  # error: [overlapping-addresses] "203.0.113.10/32", "db.partner.example", "5432"
  - host: mail.partner.example
    ports: [{number: 465, protocol: TLS}]
    addresses: [203.0.113.11]
  - host: files.partner.example
    ports: [{number: 465, protocol: TLS}]
    addresses: [203.0.113.11]  # error: [overlapping-addresses] "203.0.113.11", "mail.partner.example", "465"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10]
  - host: "*.db.partner.example"
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.0/24]
  - host: cache.partner.example
    ports: [{number: 6379, protocol: REDIS}]
    addresses: [203.0.113.10]
  - host: api.partner.example
    ports: [{number: 8080, protocol: HTTP}]
    addresses: [203.0.113.10]
  - host: admin.partner.example
    ports: [{number: 8080, protocol: HTTP}]
    addresses: [203.0.113.10]
  - host: mail.partner.example
    ports: [{number: 465, protocol: TLS}]
  - host: files.partner.example
    ports: [{number: 465, protocol: TLS}]
```

## See

- https://github.com/istio/istio/issues/54990
- https://github.com/istio/istio/issues/55716

## Shown by

- `tests/mesh/test_upstreams.py::test_of_two_databases_with_one_address_the_older_gets_all`
- `tests/mesh/test_upstreams.py::test_of_two_ranges_the_narrower_counts`
- `tests/mesh/test_upstreams.py::test_an_address_stands_over_the_name_in_tls`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import HTTP_LIKE, Upstream
from meshguard.network import is_same
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find addresses that an earlier host has on the same port."""
    upstreams = [upstream for upstream in case.service.upstreams if upstream.addresses]
    for index, upstream in enumerate(upstreams):
        for other in upstreams[:index]:
            number = _shared(upstream, other)
            if number is not None and upstream.host != other.host and not _are_wildcards(upstream, other):
                yield from _overlaps(upstream, other, number)


def _shared(one: Upstream, other: Upstream) -> int | None:
    """Give a port of both on which no Host header decides."""
    numbers = (
        own.number
        for own in one.ports
        for theirs in other.ports
        if own.number == theirs.number
        and "UDP" not in (own.protocol, theirs.protocol)
        and not {own.protocol, theirs.protocol} <= HTTP_LIKE
    )
    return min(numbers, default=None)


def _are_wildcards(one: Upstream, other: Upstream) -> bool:
    return all((upstream.host or "").startswith("*") for upstream in (one, other))


def _overlaps(upstream: Upstream, other: Upstream, number: int) -> Iterator[Finding]:
    for index, address in enumerate(upstream.addresses):
        place = next((at for at, earlier in enumerate(other.addresses) if is_same(address, earlier)), None)
        if place is not None:
            yield Finding(
                upstream.at / "addresses" / index,
                f"'{address}' belongs to '{other.host}' on port '{number}' as well, and an address stands over any"
                " name, so all connections go to one of the two; give each its own addresses or port, or write none"
                " beside a host with TLS",
                related=(Related(other.at / "addresses" / place, "the other one"),),
            )


RULE = Rule("overlapping-addresses", Severity.ERROR, __doc__, check)
