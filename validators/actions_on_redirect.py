"""A redirect is also to be rewritten, split, mirrored or sent to a port.

## Why

The gateway answers a redirect itself: no request goes on. Istio's webhook refuses a redirect beside a rewrite or
backends; request headers and a port have no effect (run on Envoy 1.40). What was meant does not happen. Response
headers do hold for the answer; of `cors` it carries nothing, so a page of another origin cannot follow it.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /old
      pathType: Exact
      rewritePath: /older  # error: [actions-on-redirect] "rewritePath", "requestHeaders"
      requestHeaders: {set: {x-old: "1"}}
      redirect: {path: /new}
    - path: /new
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /old
      pathType: Exact
      methods: [GET]
      redirect: {path: /new}
      responseHeaders: {set: {cache-control: max-age=60}}
    - path: /new
      rewritePath: /v2
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect

## Shown by

- `tests/mesh/test_redirects.py::test_istio_refuses_a_redirect_that_is_also_something_else`
- `tests/mesh/test_redirects.py::test_the_gateway_answers_a_redirect_itself`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.rule import Case, Rule, once

_FIELDS = ("rewritePath", "backends", "mirror", "requestHeaders", "port")


def check(case: Case) -> Iterator[Finding]:
    """Find items with a redirect and with something to do with a request that goes on."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    routing = case.service.external
    for route in (routing.routes or ()) if routing is not None else ():
        found = [field for field in _FIELDS if field in route.written]
        if route.redirect is not None and found:
            yield Finding(
                route.written[found[0]],
                f"{quoted(found)} cannot stand beside 'redirect', which the gateway answers itself without calling"
                " a service; keep one of them",
                on_key=True,
            )


RULE = Rule("actions-on-redirect", Severity.ERROR, __doc__, check)
