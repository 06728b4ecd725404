"""A port that is known for a database, broker or mail protocol is declared HTTP.

## Why

What is declared HTTP is parsed as HTTP: the first bytes of Redis or Kafka leave the caller as an unknown connection
without mutual TLS, and the service's own sidecar answers `400 Bad Request`, or refuses them in STRICT mode.
With protocols in which the server speaks first (MySQL, SMTP, FTP, SSH, NATS) it is worse: each sidecar of the mesh
opens that port number for HTTP and waits for a request, so that other teams' clients of databases outside the mesh
hang in the handshake on the same number (istio/istio#22150; run on 1.27 and 1.31).

Only numbers that nothing else is known for are looked at. A container port does not count, nor does a port with
`metrics`. Elasticsearch (9200), Vault (8200), CouchDB (5984), ClickHouse (8123) and etcd (2379) do speak HTTP.

## Bad

```yaml
ports:
  - number: 3306  # error: [tcp-protocol-as-http] "3306", "MYSQL"
    name: http-mysql
  - number: 9092  # error: [tcp-protocol-as-http] "9092", "Kafka", "TCP"
    name: grpc
  - number: 61616  # error: [tcp-protocol-as-http] "61616", "ActiveMQ", "TCP"
    name: http-broker
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: cache.partner.example
    ports: [{number: 6379, protocol: HTTP}]  # error: [tcp-protocol-as-http] "6379", "Redis", "REDIS"
```

## Good

```yaml
ports:
  - {number: 3306, name: mysql}
  - {number: 5432, name: tcp-postgres}
  - {number: 9200, name: http-elastic}
  - {number: 8080, name: http, targetPort: 6379}
```

## See

- https://istio.io/latest/docs/ops/deployment/application-requirements/#server-first-protocols
- https://github.com/istio/istio/issues/22150
- https://github.com/istio/istio/issues/40168

## Shown by

- `tests/mesh/test_ports.py::test_a_database_port_declared_http_silences_databases_outside`
- `tests/mesh/test_ports.py::test_a_cache_declared_http_is_asked_in_vain`
- `tests/mesh/test_upstreams.py::test_who_speaks_first`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE, Port, UpstreamPort
from meshguard.rule import Case, Rule
from meshguard.wellknown import PROTOCOLS, protocol_of


def check(case: Case) -> Iterator[Finding]:
    """Find HTTP-like ports with a number that means another protocol, the service's own and those that it calls."""
    ports: list[Port | UpstreamPort] = [port for port in case.service.ports if port.metrics is None]
    ports += [port for upstream in case.service.upstreams for port in upstream.ports]
    for port in ports:
        known = PROTOCOLS.get(port.number)
        if known is not None and port.protocol in HTTP_LIKE:
            yield Finding(
                port.at / "number",
                f"port '{port.number}' is known for {known} and declared {port.protocol}: sidecars would answer its"
                f" clients with HTTP errors or hang; say protocol {protocol_of(port.number)},"
                " or take another number if it does speak HTTP",
            )


RULE = Rule("tcp-protocol-as-http", Severity.ERROR, __doc__, check)
