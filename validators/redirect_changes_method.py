"""A redirect for POST turns it into GET.

## Why

After 301 or 302 browsers (the Fetch standard says so), and most libraries, repeat a POST as a GET without its body;
only 307 and 308 keep both. What was posted is lost, and the new path is asked for something else. Seen behind a
gateway: `requests` does so; Python's `urllib.request` does so, and after 307 and 308 it follows no POST at all but
reports the code; `urllib3` by itself keeps the POST after all four.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /old
      pathType: Exact
      methods: [POST]
      redirect:
        path: /orders
        code: 301  # warning: [redirect-changes-method] "301", "308"
    - path: /orders
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: /old, pathType: Exact, methods: [POST], redirect: {path: /orders}}
    - {path: /older, pathType: Exact, methods: [POST], redirect: {path: /orders, code: 303}}
    - {path: /oldest, pathType: Exact, methods: [GET, HEAD], redirect: {path: /orders, code: 301}}
    - {path: /ancient, pathType: Exact, redirect: {path: /orders, code: 302}}
    - {path: /orders}
```

## See

- https://www.rfc-editor.org/rfc/rfc9110#name-301-moved-permanently
- https://fetch.spec.whatwg.org/#http-redirect-fetch

## Shown by

- `tests/mesh/test_redirects.py::test_a_post_is_repeated_as_a_get_or_as_it_was`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule, once

_KEEPING = {301: 308, 302: 307}


def check(case: Case) -> Iterator[Finding]:
    """Find redirects with 301 or 302 on items that say they are for POST."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    routing = case.service.external
    for route in (routing.routes or ()) if routing is not None else ():
        redirect = route.redirect
        if redirect is not None and "POST" in route.methods and redirect.code in _KEEPING:
            yield Finding(
                redirect.at / "code",
                f"after '{redirect.code}' most callers repeat a POST as a GET without its body;"
                f" write '{_KEEPING[redirect.code]}', which keeps both",
            )


RULE = Rule("redirect-changes-method", Severity.WARNING, __doc__, check)
