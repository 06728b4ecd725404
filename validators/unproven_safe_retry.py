"""A retry rests on the server's word that it did not process the call.

## Why

`unavailable`, `cancelled` and `resource-exhausted` usually mean that the server declined before it did anything, so
they count as safe. It is no proof: an application may return them half way through its work, and a proxy returns
`unavailable` for a connection that broke after the request was sent. For calls that must not happen twice, keep to
`connect-failure`, `refused-stream` and `reset-before-request`.

## Bad

```yaml
ports:
  - {number: 9000, name: grpc}
internalRouting:
  retryOn: connect-failure,unavailable  # info: [unproven-safe-retry] "unavailable"
```

## Good

```yaml
ports:
  - {number: 9000, name: grpc}
internalRouting:
  retryOn: connect-failure,refused-stream,reset-before-request
```

## See

- https://grpc.github.io/grpc/core/md_doc_statuscodes.html
- https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-grpc-on

## Shown by

- `tests/mesh/test_retries.py::test_grpc_is_repeated_by_its_states`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.model import (
    GRPC,
    GRPC_SAFE_CONDITIONS,
    IDEMPOTENT,
    Route,
    fires,
    protocols,
    retry_shares,
    treated_routes,
)
from meshguard.rule import Case, Rule, once


def check(case: Case) -> Iterator[Finding]:
    """Find such conditions in the values, where they reach gRPC or a method that is not idempotent."""
    yield from once(_findings(case))


def _findings(case: Case) -> Iterator[Finding]:
    for routing, route in treated_routes(case.service):
        conditions, at = route.treatment.retry.conditions
        tokens = [token for token in conditions if token in GRPC_SAFE_CONDITIONS]
        if at is not None and tokens and _reaches_post(route, protocols(case.service, routing, route)):
            yield Finding(
                at,
                f"{quoted(tokens)} usually means that the server declined the call, but that is no proof; what must"
                " not happen twice is retried on 'connect-failure' and 'refused-stream' only",
            )


def _reaches_post(route: Route, spoken: frozenset[str]) -> bool:
    retry = route.treatment.retry
    if retry.attempts.value == 0 or not fires("unavailable", spoken):
        return False
    if spoken & GRPC:
        return True
    literal = (share for share in retry_shares(route, grpc=False) if share.retry == retry)
    return any(not set(share.methods or route.methods or ("POST",)) <= set(IDEMPOTENT) for share in literal)


RULE = Rule("unproven-safe-retry", Severity.INFO, __doc__, check)
