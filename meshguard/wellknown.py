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
    636: "LDAP",
    993: "IMAP",
    995: "POP3",
    1433: "SQL Server",
    1521: "Oracle",
    1883: "MQTT",
    2181: "ZooKeeper",
    2525: "SMTP",
    3306: "MySQL",
    4222: "NATS",
    5222: "XMPP",
    5432: "PostgreSQL",
    5433: "PostgreSQL",
    5671: "AMQP",
    5672: "AMQP",
    6379: "Redis",
    6432: "PostgreSQL",
    8883: "MQTT",
    9042: "Cassandra",
    9092: "Kafka",
    9300: "Elasticsearch",
    11211: "Memcached",
    26379: "Redis",
    27017: "MongoDB",
    27018: "MongoDB",
    27019: "MongoDB",
    33060: "MySQL",
    61613: "STOMP",
    61616: "ActiveMQ",
}
SERVER_FIRST = frozenset({21, 22, 25, 110, 143, 587, 2525, 3306, 4222, 33060})  # the server greets before any TLS
_OWN = {"MySQL": "MYSQL", "Redis": "REDIS", "MongoDB": "MONGO"}


def protocol_of(number: int) -> str:
    """Give the contract's protocol for what a port number is known for."""
    return _OWN.get(PROTOCOLS.get(number, ""), "TCP")
