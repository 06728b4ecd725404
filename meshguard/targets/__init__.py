"""What a target is: a service in, rendered objects out."""

from collections.abc import Callable
from typing import NamedTuple

from meshguard.diagnostic import Finding, ValuePath
from meshguard.model import Service
from meshguard.policy import Facts


class Manifest(NamedTuple):
    """One rendered object. `text` is one YAML document, and its data is what `-o json` prints.

    `scope` is `service`, or `platform` where the object stands in a namespace that is not the service's. `at` is
    the value that asked for it.
    """

    kind: str
    namespace: str
    name: str
    scope: str
    text: str
    at: ValuePath


class Rendered(NamedTuple):
    """Everything rendered for one service, in the order in which it is safe to apply.

    `chart_facts` are single lines: what the chart or the platform must set itself, because no object of the mesh
    can say it.
    """

    manifests: tuple[Manifest, ...]
    chart_facts: tuple[str, ...] = ()


class Target(NamedTuple):
    """One product that values are rendered for.

    `render` raises UserError where a fact is missing. `verify` parses what was rendered and gives a finding, at
    the value that asked for the object, for everything that may not be emitted. What the target cannot express
    exactly is said by rules in `validators/`.
    """

    name: str
    render: Callable[[Service, Facts], Rendered]
    verify: Callable[[Rendered, Facts], tuple[Finding, ...]]
