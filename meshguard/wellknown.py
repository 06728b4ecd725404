"""A port number in, the protocol that it is known for out, and in which form the contract has that."""

from collections.abc import Mapping

# Only numbers that nothing else is known for, and that HTTP is not spoken on either.
PROTOCOLS: Mapping[int, str] = {
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
SERVER_FIRST = frozenset({21, 22, 25, 110, 143, 587, 3306, 4222, 33060})  # the server greets before any TLS
_OWN = {"MySQL": "MYSQL", "Redis": "REDIS", "MongoDB": "MONGO"}


def protocol_of(number: int) -> str:
    """Give the contract's protocol for what a port number is known for."""
    return _OWN.get(PROTOCOLS.get(number, ""), "TCP")
