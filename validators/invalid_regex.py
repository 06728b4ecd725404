r"""The proxy refuses a regular expression.

## Why

Envoy reads RE2 with single bytes: there is no look-ahead, no back-reference, no character beyond `\xFF`. It refuses
all routes of the gateway because of one such expression: the old ones stay, other services' changes never arrive,
and after a restart every host is 404. Istio's webhook stops most of them, but reads Go's RE2, and `\p{Letter}`,
`\x{1F600}` or a program of over 32,768 steps pass it (run on Istio 1.31 with Envoy 1.40). So expressions are
compiled here with the same library in the same mode.

That library is not there on every platform (none for Alpine and other musl systems). Where it is missing an
expression cannot be vouched for, and that is this error, too.

## Bad

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - path: /v1/(?!admin).*  # error: [invalid-regex] "/v1/(?!admin).*", "(?!"
      pathType: Regex
    - {path: '/\p{Letter}+', pathType: Regex}  # error: [invalid-regex] "\p{Letter}"
    - {path: '*.json', pathType: Regex}  # error: [invalid-regex] "*"
```

## Good

```policy
limits: {regexPaths: allow}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  pathConfiguration:
    - {path: '/v1/(?i)orders/(?P<id>[0-9]+)/.*?', pathType: Regex}
    - {path: '/v2/\d{1,9}', pathType: Regex}
```

## See

- https://github.com/google/re2/wiki/Syntax
- https://github.com/istio/istio/issues/56807

## Shown by

- `tests/mesh/test_refused_by_envoy.py::test_istio_admits_it_and_envoy_does_not`
- `tests/mesh/test_refused_by_envoy.py::test_one_expression_holds_up_the_routes_of_every_host`
- `tests/mesh/test_paths.py::test_istio_refuses_what_is_no_expression`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.model import sections
from meshguard.regex import is_checkable, refusal
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find expressions that RE2 refuses; where the policy denies all of them, another rule speaks."""
    if case.facts.limits.regex_paths == "deny":
        return
    for routing in sections(case.service):
        for route in routing.routes or ():
            message = _fault(route.path) if route.path_type == "Regex" else None
            if message is not None:
                yield Finding(route.at / "path", message)


def _fault(path: str) -> str | None:
    if not is_checkable():
        return (
            f"whether the proxy accepts the Regex '{path}' cannot be told here, because there is no RE2 for this"
            " platform; write a Prefix or an Exact path, or check on Linux with glibc or on macOS"
        )
    reason = refusal(path)
    if reason is None:
        return None
    return (
        f"the proxy refuses the Regex '{path}' ({reason}), and with it the routes of all services at the gateway;"
        " write it in RE2's syntax, or use a Prefix"
    )


RULE = Rule("invalid-regex", Severity.ERROR, __doc__, check)
