"""One host outside is listed twice.

## Why

Each host becomes one object of the service's namespace, named after the host. Two items for one host make two
objects of one name: the one that is applied last takes the other's place, with its ports, addresses and TLS. One
item can say it all. (Objects of two names would be put together in one namespace, and of those in two namespaces
one would count: run on Istio 1.27 and 1.31; istio/istio#51466.)

A wildcard and a host below it are two hosts.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.stripe.com
  - host: api.stripe.com  # error: [duplicate-upstream] "api.stripe.com"
    ports: [{number: 80, protocol: HTTP, originateTLS: {port: 443}}]
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.stripe.com
    ports:
      - {number: 443, protocol: TLS}
      - {number: 80, protocol: HTTP, originateTLS: {port: 443}}
  - host: "*.stripe.com"
  - {service: catalog, port: 8080}
  - {service: catalog, port: 9000}
```

## See

- https://istio.io/latest/docs/reference/config/networking/service-entry/
- https://github.com/istio/istio/issues/51466

## Shown by

- `tests/mesh/test_upstreams.py::test_two_entries_of_one_host`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import Upstream
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find items with the host of an earlier one."""
    seen: dict[str, Upstream] = {}
    for upstream in case.service.upstreams:
        if upstream.host is None:
            continue
        first = seen.setdefault(upstream.host, upstream)
        if first is not upstream:
            yield Finding(
                upstream.at / "host",
                f"'{upstream.host}' is listed twice, and only one of the two holds, so the other's ports or TLS are"
                " lost; put all its ports into one item",
                related=(Related(first.at / "host", "the first one"),),
            )


RULE = Rule("duplicate-upstream", Severity.ERROR, __doc__, check)
