"""A path is a regular expression, which the policy does not allow.

## Why

Every request is held against regular expressions one after the other, before any prefix, and one of them can take
paths that its author did not think of; an expression that Envoy refuses freezes the routes of the whole gateway. So
the platform team decides whether they may be used (`limits.regexPaths`, built in: deny). A Prefix takes whole
segments and all that is below; an item for each of a few paths says more than an expression for them.

## Bad

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /users/[0-9]+
      pathType: Regex  # error: [regex-denied] "/users/[0-9]+"
```

## Good

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /users
    - path: /users/me
      pathType: Exact
```

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /users/[0-9]+
      pathType: Regex
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#StringMatch
- https://github.com/istio/istio/issues/56807

## Shown by

- `tests/mesh/test_refused_by_envoy.py::test_istio_admits_it_and_envoy_does_not`
- `tests/mesh/test_paths.py::test_what_a_match_takes`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find regular expressions where the policy denies them."""
    if case.facts.limits.regex_paths == "allow":
        return
    for routing in sections(case.service):
        for route in routing.routes or ():
            if route.path_type == "Regex":
                yield Finding(
                    route.at / "pathType",
                    f"the policy denies regular expressions such as '{route.path}'; write a Prefix, which takes all"
                    " that is below it, or an item for each path",
                )


RULE = Rule("regex-denied", Severity.ERROR, __doc__, check)
