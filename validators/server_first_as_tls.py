"""A port on which the server speaks first is declared TLS.

## Why

For TLS the sidecar waits for the client's handshake, which carries the name of the host. Mail (25, 587, 143, 110),
MySQL (3306), FTP, SSH and NATS begin with a greeting of the server, and agree on TLS later (STARTTLS): both sides
wait, and the connection hangs or breaks off in the greeting (istio/istio#34444). 465, 993 and 995 do begin with
TLS.

A gateway that passes TLS through waits for that handshake too, so it cannot take such connections for a port of the
service itself. Calls within the mesh are not judged: a sidecar takes other bytes than TLS on such a port too.

PostgreSQL, SQL Server and LDAP ask in their own protocol for TLS: the sidecar does not see a handshake. The
connection leaves as an unknown one, which the mesh drops where it lets declared hosts out only (`outboundTraffic:
REGISTRY_ONLY`).

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: smtp.partner.example
    ports:
      - number: 587
        protocol: TLS  # error: [server-first-as-tls] "TLS", "587", "SMTP", "TCP"
```

```policy
mesh: {outboundTraffic: REGISTRY_ONLY}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: db.partner.example
    ports:
      - number: 5432
        protocol: TLS  # error: [server-first-as-tls] "5432", "PostgreSQL"
```

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 3306, name: tls-mysql}
externalRouting:  # error: [server-first-as-tls] "tls-mysql", "edge", "MySQL"
  hosts: [db.example.com]
```

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 3306, name: tls-mysql}
  - {number: 8443, name: https}
externalRouting:
  hosts: [db.example.com]
  port: tls-mysql  # error: [server-first-as-tls] "tls-mysql", "edge", "MySQL"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: smtp.partner.example
    ports: [{number: 587, protocol: TCP}, {number: 465, protocol: TLS}]
    addresses: [203.0.113.10]
  - host: db.partner.example
    ports: [{number: 5432, protocol: TLS}]
```

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 3306, name: tls-mysql}
  - {number: 8883, name: tls-mqtt}
externalRouting:
  hosts: [mqtt.example.com]
  port: tls-mqtt
```

## See

- https://istio.io/latest/docs/ops/deployment/application-requirements/#server-first-protocols
- https://github.com/istio/istio/issues/34444
- https://github.com/istio/istio/issues/9379

## Shown by

- `tests/mesh/test_upstreams.py::test_who_speaks_first`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import gateways, passthrough_port
from meshguard.rule import Case, Rule
from meshguard.wellknown import PROTOCOLS, SERVER_FIRST, protocol_of

_ASKS_FOR_TLS = frozenset({389, 1433, 5432})


def check(case: Case) -> Iterator[Finding]:
    """Find ports declared TLS whose protocol does not begin with a TLS handshake."""
    yield from _outside(case)
    yield from _from_outside(case)


def _outside(case: Case) -> Iterator[Finding]:
    strict = case.facts.mesh.outbound_traffic == "REGISTRY_ONLY"
    hurt = SERVER_FIRST | _ASKS_FOR_TLS if strict else SERVER_FIRST
    for upstream in case.service.upstreams:
        for port in upstream.ports:
            if port.number in hurt and port.protocol in {"TLS", "HTTPS"}:
                yield Finding(
                    port.at / "protocol",
                    f"'{port.protocol}' on port '{port.number}' waits for a TLS handshake, with which"
                    f" {PROTOCOLS[port.number]} does not begin, so connections hang or are dropped; write protocol:"
                    f" {protocol_of(port.number)}, with 'addresses'",
                )


def _from_outside(case: Case) -> Iterator[Finding]:
    passing = gateways(case.service, case.facts, "passthrough")
    routing = case.service.external
    port = passthrough_port(case.service, routing) if routing is not None and passing else None
    if routing is None or port is None or port.number not in SERVER_FIRST or port.protocol not in {"TLS", "HTTPS"}:
        return
    said = routing.port.at if routing.port is not None else None
    yield Finding(
        said or routing.at,
        f"gateway {quoted(gateway.name for gateway in passing)} waits for a TLS handshake, with which"
        f" {PROTOCOLS[port.number]} on port '{port.name}' does not begin, so connections from outside hang; take a"
        " port whose protocol begins with TLS",
        on_key=said is None,
    )


RULE = Rule("server-first-as-tls", Severity.ERROR, __doc__, check)
