"""A host outside of the cluster is called that the team's list does not have.

## Why

A declared host is opened for the namespace: where the mesh lets only declared hosts out (`REGISTRY_ONLY`), the
list is what keeps data from leaving to anywhere. So `egress` of the team in the policy lists each host by itself;
an entry does not cover the hosts below it. A wildcard host opens everything below it and needs the wildcard in the
list. A team that the policy does not know may call nothing outside; without `teams` this is not judged.

Only an exemption of the policy lifts this rule.

## Bad

```policy
teams:
  checkout: {egress: [api.stripe.com]}
  catalog: {namespaces: [shop]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.stripe.com
  - host: files.stripe.com  # error: [egress-not-owned] "files.stripe.com", "api.stripe.com"
  - host: eu.api.stripe.com  # error: [egress-not-owned] "eu.api.stripe.com"
  - host: "*.stripe.com"  # error: [egress-not-owned] "*.stripe.com"
  - host: api.strip.com  # error: [egress-not-owned] "api.strip.com", "if 'api.stripe.com' is meant"
  - host: catalog.shop  # error: [egress-not-owned] "service: catalog.shop"
```

## Good

```policy
teams:
  checkout: {egress: [api.stripe.com, "*.s3.amazonaws.com"]}
services:
  - {values: values.yaml, name: orders, team: checkout}
```

```yaml
ports:
  - {number: 8080, name: http}
upstreams:
  - host: api.stripe.com
  - host: "*.s3.amazonaws.com"
  - host: invoices.s3.amazonaws.com
```

## See

- https://istio.io/latest/docs/tasks/traffic-management/egress/egress-control/
- https://github.com/istio/istio.io/issues/2766

## Shown by

- `tests/mesh/test_upstreams.py::test_only_declared_hosts_are_let_out`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity, quoted
from meshguard.policy import Facts, in_cluster, may_call
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find hosts outside that are not in the team's `egress`; a name of the cluster's own is none of them."""
    team = case.facts.team
    for upstream in case.service.upstreams if team is not None else ():
        host = upstream.host
        if team is None or host is None or may_call(team, host) or in_cluster(host, case.facts):
            continue
        harm = "it opens every host below it" if host[:1] == "*" else "it opens a way out for data"
        yield Finding(
            upstream.at / "host",
            f"'{host}' is not among the hosts outside that team '{team.name}' may call ({quoted(team.egress, 5)}):"
            f" {harm}; {_right(host, case.facts)}ask the platform team to add it to 'egress' as it stands here",
        )


def _right(host: str, facts: Facts) -> str:
    """Name what may be meant: a service in the mesh, or a host of the list that is nearly called so."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake pays for it

    teams = facts.policy.teams or {}
    namespaces = {facts.identity.namespace, *(name for team in teams.values() for name in team.namespaces or ())}
    if host.count(".") == 1 and host.partition(".")[2] in namespaces:
        return f"if it is in the mesh, write service: {host}, else "
    close = get_close_matches(host, facts.team.egress if facts.team else (), 1, _ALIKE)
    return f"if '{close[0]}' is meant, write that, else " if close and host[:1] != "*" else ""


_ALIKE = 0.9  # how much two hosts have in common before one may be meant by the other


RULE = Rule("egress-not-owned", Severity.ERROR, __doc__, check, locked=True)
