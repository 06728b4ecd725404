"""A redirect has a timeout or retries.

## Why

The gateway answers a redirect itself: no request goes on to the service, so there is nothing to wait for and
nothing to repeat. Istio drops both without a word (run on 1.27 and 1.31). Settings of the section are not meant for
its redirects and are no fault.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  pathConfiguration:
    - path: /old
      pathType: Exact
      timeout: 5s  # error: [settings-on-redirect] "timeout"
      redirect: {path: /new}
    - path: /new
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
  timeout: 5s
  retryOn: connect-failure
  pathConfiguration:
    - path: /old
      pathType: Exact
      redirect: {path: /new}
    - path: /new
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect

## Shown by

- `tests/mesh/test_redirects.py::test_the_gateway_answers_a_redirect_itself`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import RETRY_FIELDS, sections
from meshguard.rule import Case, Rule

_FIELDS = ("timeout", "streaming", *RETRY_FIELDS)


def check(case: Case) -> Iterator[Finding]:
    """Find items that are answered by the gateway, with settings for requests that go on."""
    for routing in sections(case.service):
        for route in routing.routes or ():
            found = [field for field in _FIELDS if field in route.written] if route.redirect is not None else []
            if found:
                yield Finding(
                    route.written[found[0]],
                    f"{quoted(found)} has no effect on a redirect, which the gateway answers itself; take it out",
                )


RULE = Rule("settings-on-redirect", Severity.ERROR, __doc__, check)
