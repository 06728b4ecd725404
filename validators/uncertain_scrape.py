"""Whether Prometheus can scrape the metrics cannot be judged here.

## Why

Under mutual TLS in STRICT mode a scrape from outside the mesh is refused, one with mesh certificates works on a
port declared HTTP, and one of the merged metrics on 15020 always works. Which of them it is, only the platform team
knows: `mesh.prometheus` in the policy says `outside`, `sidecar` or `merged`.

With mesh certificates it is the other way round: where the namespace is not STRICT, a port declared HTTP resets TLS
that does not come from a sidecar, so Prometheus must ask this service in plain HTTP, and on a port past the sidecar
(`bypassMesh`) nobody there knows mesh certificates (run on Istio 1.27 and 1.31).

## Bad

```policy
mesh: {mtls: STRICT}
```

```yaml
ports:
  - {number: 8080, name: http}
  - {number: 9090, name: http-metrics, metrics: /metrics}  # info: [uncertain-scrape] "mesh.prometheus"
```

```policy
mesh: {mtls: PERMISSIVE, prometheus: sidecar}
```

```yaml
ports:
  - {number: 9090, name: http-metrics, metrics: /metrics}  # info: [uncertain-scrape] "PERMISSIVE"
```

```policy
mesh: {mtls: STRICT, prometheus: sidecar}
exemptions:
  - {rule: bypasses-mesh, service: orders, reason: old exporter, approvedBy: platform, expires: 2031-01-01}
services:
  - {values: values.yaml, name: orders}
```

```yaml
ports:
  - {number: 8080, name: http, metrics: /metrics}
  - {number: 9090, name: http-old, metrics: /metrics, bypassMesh: true}  # info: [uncertain-scrape] "http-old"
```

## Good

```policy
mesh: {mtls: STRICT, prometheus: sidecar}
```

```yaml
ports:
  - {number: 9090, name: http-metrics, metrics: /metrics}
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/#tls-settings
- https://github.com/istio/istio/issues/38720

## Shown by

- `tests/stories/test_s6_metrics.py::test_what_the_reporters_saw`
- `tests/stories/test_s6_metrics.py::test_a_scraper_with_mesh_certificates_reads_a_declared_port`
- `tests/stories/test_s6_metrics.py::test_an_excluded_port_is_read_in_plain_text`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import open_targets
from meshguard.model import HTTP_LIKE, Port
from meshguard.policy import Facts
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find the first metrics that the mode of the namespace, or their port, may keep from Prometheus."""
    if case.facts.policy.file is None:  # without a policy a run says once what it cannot judge
        return
    is_open = open_targets(case.service, case.facts)
    said = set()
    for port in case.service.ports:
        doubt = None if port.metrics is None else _doubt(port, case.facts, closed=port.target not in is_open)
        if doubt is not None and doubt not in said:
            said.add(doubt)
            yield Finding(
                port.at / "metrics", f"whether Prometheus can read '{port.metrics}' depends on how it asks: {doubt}"
            )


def _doubt(port: Port, facts: Facts, *, closed: bool) -> str | None:
    asks, mode = facts.mesh.prometheus, facts.mtls
    if asks is None and mode == "STRICT" and closed and port.protocol in {*HTTP_LIKE, "HTTPS"}:
        return (
            "under mutual TLS a scrape without mesh certificates is refused;"
            " the policy can say it with mesh.prometheus"
        )
    if asks != "sidecar" or port.protocol not in HTTP_LIKE:
        return None
    if port.bypass_mesh:
        return f"no sidecar sees port '{port.name}', so a plain scrape works and one with mesh certificates fails"
    if mode != "STRICT":
        return f"mutual TLS is {mode} here, so a scrape with mesh certificates is refused and a plain one works"
    return None


RULE = Rule("uncertain-scrape", Severity.INFO, __doc__, check)
