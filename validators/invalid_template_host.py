"""The host that a gateway's template makes for the service is no host name.

## Why

A host name has labels of letters, digits and dashes, at most 63 each and 253 in all. The words of a `hostTemplate`
come from names of directories, teams and environments, which may have underscores, dots and capitals, or be long.
Istio refuses such a host (run on 1.27 and 1.31), and no resolver knows it.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.{team}.example.com"}
services:
  - {values: values.yaml, name: orders_api, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:  # error: [invalid-template-host] "orders_api.checkout.example.com", "public"
  pathConfiguration:
    - path: /orders
```

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{team}-{service}.example.com"}
services:
  - {values: values.yaml, name: orders-of-the-second-generation, team: checkout-and-payments-and-refunds}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  visibility: public  # error: [invalid-template-host] "63"
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.{team}.example.com"}
services:
  - {values: values.yaml, name: orders_api, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders-api.example.com]
```

## See

- https://www.rfc-editor.org/rfc/rfc1123#section-2

## Shown by

- `tests/mesh/test_hosts.py::test_what_is_no_host_name_is_refused`
"""

import re
from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import exposures
from meshguard.rule import Case, Rule

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"


def check(case: Case) -> Iterator[Finding]:
    """Find hosts from templates that are no host names."""
    routing = case.service.external
    for exposure in exposures(routing, case.facts) if routing is not None and not routing.hosts else ():
        for host in exposure.hosts:
            fault = _fault(host)
            if fault is not None:
                yield Finding(
                    exposure.at,
                    f"gateway '{exposure.name}' makes the host '{host}' for this service, which nobody can resolve:"
                    f" {fault}; write 'hosts' with another one",
                    on_key=exposure.at == case.service.at / "externalRouting",
                )


def _fault(host: str) -> str | None:
    if not re.fullmatch(rf"(?:{_LABEL}\.)+{_LABEL}", host):
        return "a host has lower-case letters, digits and dashes between its dots"
    if max(map(len, host.split("."))) > 63:
        return "what stands between two dots may have 63 characters"
    return "a host may have 253 characters" if len(host) > 253 else None


RULE = Rule("invalid-template-host", Severity.ERROR, __doc__, check)
