"""The port that is all of the application takes plaintext, so that Prometheus can read its metrics.

## Why

Under mutual TLS in STRICT mode a Prometheus outside the mesh (`mesh.prometheus: outside`) is let in by a PERMISSIVE
mode for the metrics port, if no route uses it. Where that is the only port of the application, every pod of the
cluster can call all of it in plain text, past authorization by identity (run on Istio 1.27 and 1.31). For an
exporter that is right. For a service that others call, give metrics a port of their own.

## Bad

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - number: 8080
    name: http
    metrics: /metrics  # info: [port-opened-for-metrics] "8080", "9090"
```

## Good

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-exporter, metrics: /metrics}
```

```policy
mesh: {mtls: STRICT, prometheus: outside}
```

```yaml
ports:
  - {number: 9100, name: http-metrics, metrics: /metrics}
```

## See

- https://istio.io/latest/docs/reference/config/security/peer_authentication/
- https://istio.io/latest/docs/ops/integrations/prometheus/

## Shown by

- `tests/stories/test_s6_metrics.py::test_the_only_port_is_opened_whole`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import is_for_metrics, routed_targets, spare_port
from meshguard.model import HTTP_LIKE, candidate_ports
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find metrics on the only port of an application, which no route uses and which is opened for them."""
    facts, service = case.facts, case.service
    if facts.mtls != "STRICT" or facts.mesh.prometheus != "outside" or candidate_ports(service):
        return
    routed = routed_targets(service, facts)
    for port in service.ports:
        is_opened = port.protocol in HTTP_LIKE and not port.bypass_mesh and port.target not in routed
        if port.metrics is not None and is_opened and not is_for_metrics(port):
            yield Finding(
                port.at / "metrics",
                f"container port '{port.target}' takes plaintext from every pod, so that Prometheus can read"
                f" '{port.metrics}'; where others call it, give metrics a port of their own, such as"
                f" {spare_port(service, port.metrics)}",
            )


RULE = Rule("port-opened-for-metrics", Severity.INFO, __doc__, check)
