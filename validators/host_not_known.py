"""The host of a service cannot be told here, because a word of the gateway's template is not known.

## Why

A `hostTemplate` such as `{service}.{env}.example.com` needs facts of the service. Without `--env`, or for a file
that several environments share, the environment is not known, and hosts cannot be judged. `render` refuses until
the word is known, and says how to give it.

## Bad

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.{env}.example.com"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:  # info: [host-not-known] "{service}.{env}.example.com", "{env}"
  pathConfiguration:
    - path: /orders
```

## Good

```policy
gateways:
  public: {gateway: istio-ingress/public, hostTemplate: "{service}.{env}.example.com"}
```

```yaml
ports:
  - {number: 8080, name: http}
externalRouting:
  hosts: [orders.example.com]
```

## See

- https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService

## Shown by

Nothing of the mesh is claimed: the template and the facts that it lacks are the policy's.
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.exposure import exposures
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find gateways whose template of hosts cannot be filled."""
    routing = case.service.external
    for exposure in exposures(routing, case.facts) if routing is not None else ():
        if exposure.gateway is not None and exposure.missing:
            words = ", ".join("{" + word + "}" for word in exposure.missing)
            yield Finding(
                exposure.at,
                f"the host is '{exposure.gateway.host_template}', and {words} is not known here, so the host is not"
                " judged; name the environment, or write 'hosts'",
                on_key=exposure.at == case.service.at / "externalRouting",
            )


RULE = Rule("host-not-known", Severity.INFO, __doc__, check)
