"""Paths, retries or timeouts are configured where the gateway passes TLS through.

## Why

A gateway with `tls: passthrough` sees the name in the TLS handshake and nothing else. HTTP rules on it do nothing
(istio/istio#24424): all paths are reachable, also those that `pathConfiguration` does not list, no timeout holds
and nothing is retried. Beside a gateway that opens TLS, it serves what that one refuses. Where the port does not
open TLS itself, unroutable-port or no-port-chosen says that the gateway is the wrong one.

## Bad

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 8443, name: https}
externalRouting:
  hosts: [orders.example.com]
  timeout: 5s
  pathConfiguration:  # error: [http-rules-on-passthrough] "pathConfiguration", "timeout", "edge"
    - path: /orders
```

## Good

```policy
gateways:
  edge: {gateway: istio-ingress/edge, tls: passthrough}
```

```yaml
ports:
  - {number: 8443, name: https}
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/ingress/ingress-sni-passthrough/
- https://github.com/istio/istio/issues/24424

## Shown by

- `tests/mesh/test_passthrough.py::test_http_rules_do_nothing_where_tls_is_passed_through`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.exposure import gateways, passthrough_port, tls_modes
from meshguard.model import RETRY_FIELDS
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find HTTP rules of an external section that a gateway of it cannot obey."""
    routing = case.service.external
    if routing is None:
        return
    modes = tls_modes(routing, case.facts)
    port = passthrough_port(case.service, routing)
    if "passthrough" not in modes or port is None or port.protocol not in {"HTTPS", "TLS"}:
        return
    fields = ("pathConfiguration", *(() if "terminate" in modes else ("timeout", *RETRY_FIELDS)))
    found = [field for field in fields if field in routing.written]
    if found:
        passing = quoted(gateway.name for gateway in gateways(case.service, case.facts, "passthrough"))
        yield Finding(
            routing.written[found[0]],
            f"gateway {passing} passes TLS through unopened, so {quoted(found)} has no effect there and all paths"
            " are reachable; leave it out, or take a gateway that opens TLS",
            on_key=True,
        )


RULE = Rule("http-rules-on-passthrough", Severity.ERROR, __doc__, check)
