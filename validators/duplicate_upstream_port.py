"""A host outside has one port number twice.

## Why

Istio refuses an object whose ports repeat a number, whatever is spoken on them, and with it the whole host is
unknown to the mesh (run on 1.27 and 1.31). To speak plain HTTP on a port and have TLS added, one port with
`originateTLS` is enough.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - {number: 443, protocol: TLS}
      - {number: 443, protocol: HTTPS}  # error: [duplicate-upstream-port] "443"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.partner.example
    ports:
      - {number: 443, protocol: TLS}
      - {number: 8443, protocol: TLS}
```

## See

- https://istio.io/latest/docs/reference/config/networking/service-entry/#ServicePort

## Shown by

- `tests/mesh/test_upstreams.py::test_one_number_twice_is_refused`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Related, Severity
from meshguard.model import UpstreamPort
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports of a host with the number of an earlier one."""
    for upstream in case.service.upstreams:
        seen: dict[int, UpstreamPort] = {}
        for port in upstream.ports:
            first = seen.setdefault(port.number, port)
            if first is not port:
                yield Finding(
                    port.at / "number",
                    f"'{upstream.host}' has port '{port.number}' twice, so the mesh refuses it all; keep one",
                    related=(Related(first.at, "the first one"),),
                )


RULE = Rule("duplicate-upstream-port", Severity.ERROR, __doc__, check)
