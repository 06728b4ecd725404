"""Two hosts outside share addresses on a port that carries no host name.

## Why

On a TCP port the sidecar tells hosts apart by address and port number only. Where both overlap, all connections go
to one of the two, the older object (run on Istio 1.27 and 1.31; istio/istio#54990), so the other host's
connections reach the wrong server. The same addresses on different ports are fine, and so is TLS, which carries a
name.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10]
  - host: "*.db.partner.example"
    ports: [{number: 5432, protocol: TCP}]
    addresses:
      - 203.0.112.1
      - 203.0.113.0/24  # error: [overlapping-addresses] "203.0.113.0/24", "db.partner.example", "5432"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports: [{number: 5432, protocol: TCP}]
    addresses: [203.0.113.10]
  - host: cache.partner.example
    ports: [{number: 6379, protocol: REDIS}]
    addresses: [203.0.113.10]
  - host: mail.partner.example
    ports: [{number: 465, protocol: TLS}]
    addresses: [203.0.113.10]
  - host: files.partner.example
    ports: [{number: 465, protocol: TLS}]
    addresses: [203.0.113.10]
```

## See

- https://github.com/istio/istio/issues/54990
- https://github.com/istio/istio/issues/55716
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import NAMELESS, Upstream
from meshguard.network import overlap
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find addresses that an earlier host has on the same nameless port."""
    upstreams = [upstream for upstream in case.service.upstreams if upstream.addresses]
    for index, upstream in enumerate(upstreams):
        for other in upstreams[:index]:
            shared = _nameless(upstream) & _nameless(other)
            if shared and upstream.host != other.host:
                yield from _overlaps(upstream, other, min(shared))


def _nameless(upstream: Upstream) -> frozenset[int]:
    return frozenset(port.number for port in upstream.ports if port.protocol in NAMELESS)


def _overlaps(upstream: Upstream, other: Upstream, number: int) -> Iterator[Finding]:
    for index, address in enumerate(upstream.addresses):
        place = next((at for at, earlier in enumerate(other.addresses) if overlap(address, earlier)), None)
        if place is not None:
            yield Finding(
                upstream.at / "addresses" / index,
                f"'{address}' belongs to '{other.host}' on port '{number}' as well, and without a host name on the"
                " wire all connections go to one of the two; give each its own addresses or port",
                related=(Related(other.at / "addresses" / place, "the other one"),),
            )


RULE = Rule("overlapping-addresses", Severity.ERROR, __doc__, check)
