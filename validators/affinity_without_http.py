"""Callers are told apart by a cookie or a header, and no port of the service carries HTTP.

## Why

Cookies and headers exist in HTTP only. On ports with TCP, TLS, MONGO, MYSQL or REDIS there is nothing to hash, and
each connection goes to any pod: the affinity is accepted and does nothing. A port for metrics beside them changes
nothing: a scraper has no session.

## Bad

```yaml
ports:
  - {number: 5432, name: tcp-postgres}
resilience:
  sessionAffinity: {header: x-user}  # warning: [affinity-without-http] "x-user", "tcp-postgres"
```

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 6379, name: redis}
  - {number: 9121, name: http-exporter, metrics: /metrics}
resilience:
  sessionAffinity: {cookie: CACHE, ttl: 1h}  # warning: [affinity-without-http] "CACHE", "redis"
```

## Good

```yaml
ports:
  - {number: 8443, name: https}
  - {number: 5432, name: tcp-postgres}
resilience:
  sessionAffinity: {header: x-user}
```

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
resilience:
  sessionAffinity: {header: x-user}
```

## See

- https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings-ConsistentHashLB

## Shown by

- `tests/mesh/test_resilience.py::test_there_is_nothing_to_hash_on_a_tcp_port`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import is_for_metrics
from meshguard.model import ROUTABLE, Port
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find session affinity of a service whose ports are all opaque to the mesh."""
    resilience, ports = case.service.resilience, case.service.ports
    affinity = resilience.session_affinity if resilience is not None else None
    serving = tuple(port for port in ports if not (is_for_metrics(port) or _is_exporter(port)))
    if (
        affinity is None
        or affinity.name_at is None
        or not serving
        or any(port.protocol in ROUTABLE for port in serving)
    ):
        return
    names = quoted(port.name for port in serving)
    yield Finding(
        affinity.name_at,
        f"'{affinity.cookie or affinity.header}' can be read on HTTP ports only, and the ports are {names}, so"
        " callers are not kept at one pod; leave 'sessionAffinity' out",
    )


def _is_exporter(port: Port) -> bool:
    return port.metrics is not None and "exporter" in port.name.split("-")


RULE = Rule("affinity-without-http", Severity.WARNING, __doc__, check)
