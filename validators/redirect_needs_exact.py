"""A redirect stands on a path that takes more than one path.

## Why

A redirect has one target. From a Prefix `/old` also `/old/orders/7` would be sent to `/new`, and the rest of the
path is lost (run on Istio 1.31: the new path replaces the whole one); of a regular expression likewise. Every link
below the old path lands on one page.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /old
      redirect: {path: /new}  # error: [redirect-needs-exact] "/old"
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
      redirect: {path: /new}
    - path: /new
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRedirect

## Shown by

- `tests/mesh/test_redirects.py::test_the_gateway_answers_a_redirect_itself`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find redirects on a Prefix or a Regex."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    routing = case.service.external
    for route in (routing.routes or ()) if routing is not None else ():
        if route.redirect is not None and route.path_type != "Exact":
            what = "also everything below" if route.path_type == "Prefix" else "everything that matches"
            yield Finding(
                route.redirect.at,
                f"a redirect of the {route.path_type} '{route.path}' sends {what} it to the same place and drops"
                " the rest of the path; write pathType: Exact, with an item for each old path",
                on_key=True,
            )


RULE = Rule("redirect-needs-exact", Severity.ERROR, __doc__, check)
