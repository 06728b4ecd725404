"""Metrics share a port with routes, and Prometheus has no mesh certificate.

## Why

Under mutual TLS in STRICT mode a Prometheus outside the mesh (`mesh.prometheus: outside`) is refused: connection
reset, target down. meshguard lets it in by a PERMISSIVE mode for just the metrics port. On a port that routes use
too, that would let every pod of the cluster send plaintext to the whole application, past authorization by
identity. What counts is the container port, because that is what the mode holds for (istio/istio#49098).

Give metrics a port of its own. With mesh certificates (`sidecar`) or metrics merging (`merged`) nothing is opened.

## Bad

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - number: 8080
    name: http
    metrics: /metrics  # error: [metrics-on-routed-port] "/metrics", "http", "9090"
externalRouting:
  hosts: [orders.example.com]
  port: http
```

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - number: 9090
    name: http-web
    metrics: /metrics  # error: [metrics-on-routed-port] "/metrics", "9091"
externalRouting:
  hosts: [prometheus.example.com]
  port: http-web
```

## Good

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-metrics, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
```

```policy
mesh: {mtls: PERMISSIVE, prometheus: outside}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  port: http
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/
- https://istio.io/latest/docs/reference/config/security/peer_authentication/
- https://github.com/istio/istio/issues/49098

## Shown by

- `tests/stories/test_s6_metrics.py::test_what_the_reporters_saw`
- `tests/stories/test_s6_metrics.py::test_a_scraper_without_mesh_certificates_reads_a_port_of_its_own_in_plain_text`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import exposed_metrics, routed_targets, spare_port
from meshguard.model import HTTP_LIKE
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find metrics that only a port open to plaintext would let through, on a port that must not be opened."""
    if case.facts.mtls != "STRICT" or case.facts.mesh.prometheus != "outside":
        return
    routed = routed_targets(case.service, case.facts)
    misplaced = [port for _, port in exposed_metrics(case.service)]  # which is the fault there
    for port in case.service.ports:
        if port.metrics is None or port.protocol not in HTTP_LIKE or port.bypass_mesh:
            continue
        if port.target in routed and port not in misplaced:
            right = spare_port(case.service, port.metrics)
            yield Finding(
                port.at / "metrics",
                f"Prometheus could read '{port.metrics}' only if container port '{port.target}' took plaintext, and"
                f" routes use it too; give metrics a port of their own, such as {right}",
            )


RULE = Rule("metrics-on-routed-port", Severity.ERROR, __doc__, check)
