"""Metrics are to be scraped from a port that does not serve them over HTTP.

## Why

Prometheus asks over HTTP. On a port declared TCP, TLS, MONGO, MYSQL or REDIS the sidecar passes bytes on: with mesh
certificates it negotiates HTTP/2 and hands that to an application that speaks HTTP/1.1, so the scrape ends in EOF
(prometheus/prometheus#9068; run on Istio 1.27 and 1.31), and UDP is no way to ask at all.

On an HTTPS port a Prometheus without mesh certificates can scrape (`mesh.prometheus: outside`): it speaks TLS to
the application. With mesh certificates it can where the mode is not STRICT; under STRICT the sidecar opens that TLS
and the application gets plain HTTP. It does not on a port that a gateway speaks TLS to, which takes any caller in
therefore, nor on one past the sidecar. With metrics merging the agent in the pod asks over plain HTTP.

## Bad

```yaml
ports:
  - number: 9102
    name: tcp-metrics
    metrics: /metrics  # error: [metrics-not-http] "tcp-metrics", "TCP"
```

```policy
mesh: {prometheus: merged}
```

```yaml
ports:
  - number: 9102
    name: https-metrics
    metrics: /metrics  # error: [metrics-not-http] "https-metrics", "merged"
```

## Good

```policy
mesh: {prometheus: outside}
```

```yaml
ports:
  - {number: 9102, name: http-metrics, metrics: /metrics}
  - {number: 8443, name: https-metrics, metrics: /metrics}
```

```policy
mesh: {mtls: STRICT, prometheus: sidecar}
gateways: {public: {gateway: istio-ingress/public}}
```

```yaml
ports:
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}, metrics: /metrics}
externalRouting:
  hosts: [orders.example.com]
  port: https
```

## See

- https://istio.io/latest/docs/ops/integrations/prometheus/#tls-settings
- https://github.com/prometheus/prometheus/issues/9068
- https://github.com/istio/istio/issues/29045

## Shown by

- `tests/stories/test_s6_metrics.py::test_what_the_reporters_saw`
- `tests/mesh/test_https_ports.py::test_metrics_over_https`
- `tests/stories/test_s6_metrics.py::test_metrics_of_an_https_port_that_takes_any_caller_in`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import open_targets
from meshguard.model import HTTP_LIKE, Port
from meshguard.policy import Facts
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports with metrics whose protocol does not carry them."""
    is_open = open_targets(case.service, case.facts)
    for port in case.service.ports:
        if port.metrics is not None and port.protocol not in HTTP_LIKE:
            yield from _judged(port, case.facts, opens=case.facts.mtls == "STRICT" and port.target not in is_open)


def _judged(port: Port, facts: Facts, *, opens: bool) -> Iterator[Finding]:
    at = port.at / "metrics"
    if port.protocol != "HTTPS":
        yield Finding(
            at,
            f"'{port.metrics}' is scraped over HTTP, and port '{port.name}' is {port.protocol}, so scrapes fail;"
            " declare it HTTP (name: http-metrics)",
        )
    elif facts.mesh.prometheus == "merged" or (facts.mesh.prometheus == "sidecar" and opens):
        yield Finding(
            at,
            f"'{port.metrics}' would be asked for in plain HTTP, as Prometheus is '{facts.mesh.prometheus}' here,"
            f" and port '{port.name}' wants TLS; serve metrics on a plain port (name: http-metrics)",
        )


RULE = Rule("metrics-not-http", Severity.ERROR, __doc__, check)
