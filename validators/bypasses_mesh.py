"""A port is taken out of the mesh.

## Why

The pod's sidecar does not see the traffic of an excluded port: no mutual TLS, no authorization policy, no metrics
of its own. Callers in the mesh must send plaintext to it, which meshguard renders (their own sidecars still apply
timeouts and retries), and whoever reaches the pod reaches the application (run on Istio 1.27 and 1.31).

Only an exemption of the policy lifts this rule, so that the platform team knows every such port.

## Bad

```yaml
ports:
  - number: 7800
    name: tcp-cluster
    bypassMesh: true  # error: [bypasses-mesh] "tcp-cluster"
```

## Good

```yaml
ports:
  - number: 7800
    name: tcp-cluster
    bypassMesh: false
```

## See

- https://istio.io/latest/docs/reference/config/annotations/#SidecarTrafficExcludeInboundPorts

## Shown by

- `tests/mesh/test_ports.py::test_what_callers_do_at_a_port_past_the_sidecar`
- `tests/stories/test_s4_https_backends.py::test_an_excluded_port`
- `tests/stories/test_s4_values.py::test_the_rendered_form_serves_everyone`
- `tests/stories/test_s6_metrics.py::test_an_excluded_port_is_read_in_plain_text`
"""

from collections.abc import Iterator

from meshguard.diagnostic import Finding, Severity
from meshguard.rule import Case, Rule


def check(case: Case) -> Iterator[Finding]:
    """Find ports with `bypassMesh`."""
    for port in case.service.ports:
        if port.bypass_mesh:
            yield Finding(
                port.at / "bypassMesh",
                f"port '{port.name}' bypasses the mesh: no mutual TLS, authorization or metrics;"
                " remove 'bypassMesh', or ask the platform team for an exemption",
            )


RULE = Rule("bypasses-mesh", Severity.ERROR, __doc__, check, locked=True)
