"""Metrics merging scrapes one port, and the service declares several.

## Why

With metrics merging (`mesh.prometheus: merged`) the annotation `prometheus.io/port` of the pod names the
application's one metrics port; the agent in the pod adds the proxy's metrics and serves both on 15020. The metrics
of every further port are never scraped, and nothing tells so. From Istio 1.31 on a chart can list several in
`prometheus.istio.io/scrape-targets` (run; 1.27 knows no such list): meshguard asks for the one that all read.

## Bad

```policy
mesh: {prometheus: merged}
```

```yaml
ports:
  - {number: 9090, name: http-metrics, metrics: /metrics}
  - {number: 9091, name: http-jobs, metrics: /metrics}  # warning: [several-metrics-ports] "http-jobs"
```

## Good

```policy
mesh: {prometheus: sidecar}
```

```yaml
ports:
  - {number: 9090, name: http-metrics, metrics: /metrics}
  - {number: 9091, name: http-jobs, metrics: /metrics}
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging

## Shown by

- `tests/mesh/test_metrics_merging.py::test_one_annotation_names_one_port`
- `tests/mesh/test_metrics_merging.py::test_only_newer_versions_know_a_list`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports with metrics behind the first one, where only one can be scraped."""
    if case.facts.mesh.prometheus != "merged":
        return
    scraped = [port for port in case.service.ports if port.metrics is not None]
    for port in scraped[1:]:
        yield Finding(
            port.at / "metrics",
            f"metrics merging scrapes port '{scraped[0].name}' only, so those of port '{port.name}' are lost;"
            " serve them on one port",
            related=(Related(scraped[0].at / "metrics", "this one is scraped"),),
        )


RULE = Rule("several-metrics-ports", Severity.WARNING, __doc__, check)
