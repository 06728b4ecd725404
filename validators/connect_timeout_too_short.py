"""Opening a connection may take hardly any time.

## Why

`connectTimeout` covers the TCP handshake and, in the mesh, the handshake of mutual TLS after it. Both need a few
round trips and some computing on either side: between zones, or when pods start and all callers connect at once,
that is more than 50 milliseconds. Each connection that is late counts as a failure, is tried again, and adds to
the load that made it late.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  connectionLimits:
    connectTimeout: 10ms  # warning: [connect-timeout-too-short] "10ms"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
resilience:
  connectionLimits: {connectTimeout: 100ms}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings
- https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts#tcp

## Shown by

- `tests/mesh/test_resilience.py::test_opening_a_connection_includes_the_handshake_of_mutual_tls`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.duration import duration
from meshguard.rule import Case, Rule

_SHORTEST = 50


def check(case: Case) -> Iterator[Finding]:
    """Find a connect timeout in which no handshake fits safely."""
    resilience = case.service.resilience
    limits = resilience.connection_limits if resilience is not None else None
    if limits is None or limits.at is None or limits.connect_timeout is None or limits.connect_timeout >= _SHORTEST:
        return
    yield Finding(
        limits.at / "connectTimeout",
        f"in '{duration(limits.connect_timeout)}' a connection with mutual TLS is often not open under load, and"
        " calls fail for it; write '1s' or more",
    )


RULE = Rule("connect-timeout-too-short", Severity.WARNING, __doc__, check)
