"""Whether Prometheus can scrape the metrics cannot be judged here.

## Why

Under mutual TLS in STRICT mode a scrape from outside the mesh is refused, one with mesh certificates works on a
port declared HTTP, and one of the merged metrics on 15020 always works. Which of them it is, only the platform team
knows: `mesh.prometheus` in the policy says `outside`, `sidecar` or `merged`.

With mesh certificates it is the other way round: where the namespace is not STRICT, a port declared HTTP resets TLS
that does not come from a sidecar, so Prometheus must ask this service in plain HTTP (run on Istio 1.27 and 1.31).

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
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import HTTP_LIKE
from meshguard.policy import Facts
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find the first metrics that the mode of the namespace may keep from Prometheus."""
    doubt = _doubt(case.facts)
    if doubt is None or case.facts.policy.file is None:  # without a policy a run says once what it cannot judge
        return
    for port in case.service.ports:
        if port.metrics is not None and port.protocol in HTTP_LIKE and not port.bypass_mesh:
            yield Finding(
                port.at / "metrics", f"whether Prometheus can read '{port.metrics}' depends on how it asks: {doubt}"
            )
            return


def _doubt(facts: Facts) -> str | None:
    if facts.mesh.prometheus is None and facts.mtls == "STRICT":
        return "under mutual TLS a plain scrape is refused; the policy can say it with mesh.prometheus"
    if facts.mesh.prometheus == "sidecar" and facts.mtls != "STRICT":
        return (
            f"mutual TLS is {facts.mtls} here, so a scrape with mesh certificates is refused and a plain one works"
        )
    return None


RULE = Rule("uncertain-scrape", Severity.INFO, __doc__, check)
