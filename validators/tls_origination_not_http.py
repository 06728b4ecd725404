"""The sidecar is to add TLS to a protocol that has its own way into TLS.

## Why

`originateTLS` is for plain HTTP: the sidecar begins a TLS connection and puts the requests into it. Databases and
mail servers speak first or agree on TLS inside of their own protocol (PostgreSQL, MySQL, SMTP, LDAP): they answer
a TLS handshake at the beginning with garbage, and the connection is lost. UDP is not seen by the sidecar at all.
Redis and MongoDB do begin with TLS, and their protocols say so: `REDIS`, `MONGO`.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    addresses: [203.0.113.10]
    ports:
      - number: 5432
        protocol: TCP
        originateTLS: {port: 5432}  # error: [tls-origination-not-http] "TCP", "5432"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - {number: 80, protocol: HTTP, originateTLS: {port: 443}}
      - {number: 9000, protocol: GRPC, originateTLS: {port: 443}}
  - host: cache.partner.example
    addresses: [203.0.113.11]
    ports: [{number: 6379, protocol: REDIS, originateTLS: {port: 6380}}]
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/egress/egress-tls-origination/
- https://github.com/istio/istio/issues/34444

## Shown by

- `tests/mesh/test_upstreams.py::test_tls_is_added_to_what_speaks_first`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find `originateTLS` on ports whose protocol does not begin with TLS."""
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.originate_tls is not None and port.protocol in {"TCP", "UDP", "MYSQL"}:
                yield Finding(
                    port.at / "originateTLS",
                    f"'{port.protocol}' on port '{port.number}' is no HTTP that the sidecar could put into TLS, so"
                    " connections would fail; leave 'originateTLS' out and let the application do TLS",
                    on_key=True,
                )


RULE = Rule("tls-origination-not-http", Severity.ERROR, __doc__, check)
