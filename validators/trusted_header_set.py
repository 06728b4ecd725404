"""A request header is written that proxies and services take the proxy's word for.

## Why

Envoy obeys `x-envoy-*` headers of a request. Run on Envoy 1.40: with `x-envoy-retry-on: 5xx` and
`x-envoy-max-retries: 4` set by a route that has no retries, a POST that was answered with 503 was sent five times;
no rule on retries or timeouts sees that. `x-forwarded-for` and `x-forwarded-client-cert` say who the caller is:
with a fixed value every caller is the same one, to rate limits, logs and authorization (run: the caller's address
is gone).

Taking such headers away is harmless, and so are `x-forwarded-proto`, `-host`, `-port` and `-prefix`, which tell the
service how it is seen from outside.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      requestHeaders:
        set:
          x-envoy-retry-on: 5xx  # error: [trusted-header-set] "x-envoy-retry-on"
        add:
          X-Forwarded-For: 10.0.0.1  # error: [trusted-header-set] "X-Forwarded-For"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /orders
      rewritePath: /
      requestHeaders:
        set: {x-forwarded-prefix: /orders, x-forwarded-proto: https}
        remove: [x-envoy-attempt-count, x-forwarded-client-cert]
      responseHeaders: {remove: [x-envoy-upstream-service-time]}
```

## See

- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#http-headers-consumed
- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers

## Shown by

- `tests/mesh/test_headers.py::test_envoy_obeys_its_own_headers_and_believes_those_of_proxies`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.headers import every_change
from meshguard.rule import Case, Rule

_CALLER = frozenset({"x-forwarded-for", "x-forwarded-client-cert"})


def check(case: Case) -> Iterator[Finding]:
    """Find headers for the proxy, or about the caller, that are set or added."""
    for change in every_change(case.service):
        if change.side == "response" or change.kind == "remove":
            continue
        if change.name.startswith("x-envoy-"):
            harm = "is an order to proxies: it changes retries or timeouts unseen; say those by their own keys"
        elif change.name in _CALLER:
            harm = "says who the caller is: with a fixed value every caller is the same one; leave it to the proxy"
        else:
            continue
        yield Finding(change.at, f"header '{change.written}' {harm}", on_key=True)


RULE = Rule("trusted-header-set", Severity.ERROR, __doc__, check)
