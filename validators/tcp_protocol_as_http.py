"""A port that is known for a database, broker or mail protocol is declared HTTP.

## Why

What is declared HTTP is parsed as HTTP: the first bytes of MySQL, Redis or Kafka get `400 Bad Request` or a reset.
With protocols in which the server speaks first (MySQL, SMTP, FTP, SSH, NATS) it is worse: each sidecar of the mesh
opens that port number for HTTP and waits for a request, so that other teams' clients of databases outside the mesh
hang in the handshake on the same number (istio/istio#22150; Istio 1.4 and later).

Only numbers that nothing else is known for are looked at. A container port does not count, nor does a port with
`metrics`. Elasticsearch (9200), Vault (8200), CouchDB (5984), ClickHouse (8123) and etcd (2379) do speak HTTP.

## Bad

```yaml
ports:
  - number: 3306  # error: [tcp-protocol-as-http] "3306", "MYSQL"
    name: http-mysql
  - number: 9092  # error: [tcp-protocol-as-http] "9092", "Kafka", "TCP"
    name: grpc
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
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule

_KNOWN = {
    21: "FTP",
    22: "SSH",
    25: "SMTP",
    53: "DNS",
    110: "POP3",
    143: "IMAP",
    389: "LDAP",
    465: "SMTP",
    587: "SMTP",
    993: "IMAP",
    995: "POP3",
    1433: "SQL Server",
    1521: "Oracle",
    1883: "MQTT",
    2181: "ZooKeeper",
    3306: "MySQL",
    4222: "NATS",
    5432: "PostgreSQL",
    5672: "AMQP",
    6379: "Redis",
    9042: "Cassandra",
    9092: "Kafka",
    11211: "Memcached",
    27017: "MongoDB",
    33060: "MySQL",
}
_OWN_PROTOCOL = {"MySQL": "MYSQL", "Redis": "REDIS", "MongoDB": "MONGO"}


def check(case: Case) -> Iterator[Finding]:
    """Find HTTP-like ports with a number that means another protocol."""
    for port in case.service.ports:
        known = _KNOWN.get(port.number)
        if known is not None and port.protocol in HTTP_LIKE and port.metrics is None:
            yield Finding(
                port.at / "number",
                f"port '{port.number}' is known for {known} and declared {port.protocol}: sidecars would answer its"
                f" clients with HTTP errors or hang; say protocol {_OWN_PROTOCOL.get(known, 'TCP')},"
                " or take another number if it does speak HTTP",
            )


RULE = Rule("tcp-protocol-as-http", Severity.ERROR, __doc__, check)
