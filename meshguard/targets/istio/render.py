"""A service and its facts in, its objects as YAML out: Python has decided everything, the templates place it."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from os.path import dirname, join
from typing import TYPE_CHECKING

from meshguard.diagnostic import ROOT
from meshguard.model import Service
from meshguard.needed import namespace_of, service_name
from meshguard.policy import Facts
from meshguard.targets import Manifest, Rendered
from meshguard.targets.istio.chart import chart_facts
from meshguard.targets.istio.destination_rule import gateway_rules, service_rule, upstream_rules
from meshguard.targets.istio.objects import Object
from meshguard.targets.istio.peer_authentication import peer_authentication
from meshguard.targets.istio.scalar import scalar
from meshguard.targets.istio.service_entry import service_entries
from meshguard.targets.istio.virtual_service import gateway_virtual_service, mesh_virtual_service

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment

_TEMPLATES = join(dirname(__file__), "templates")
# The order in which it is safe to apply: who is let in, what is known, how it is called, who is sent where.
_KINDS = ("PeerAuthentication", "ServiceEntry", "DestinationRule", "VirtualService")


def render(service: Service, facts: Facts) -> Rendered:
    """Render every object of a service that was judged safe; raise UserError where a fact is missing."""
    service_name(facts)
    namespace = namespace_of(facts)
    found = sorted(objects(service, facts), key=_order)
    return Rendered(
        tuple(_manifest(thing, namespace) for thing in found),
        chart_facts(service, facts),
    )


def objects(service: Service, facts: Facts) -> Iterator[Object]:
    """Give every object that the service needs, with all decisions taken."""
    single: tuple[Callable[[Service, Facts], Object | None], ...] = (
        gateway_virtual_service,
        mesh_virtual_service,
        service_rule,
        peer_authentication,
    )
    for build in single:
        thing = build(service, facts)
        if thing is not None:
            yield thing
    yield from gateway_rules(service, facts)
    yield from upstream_rules(service, facts)
    yield from service_entries(service, facts)


def _order(thing: Object) -> tuple[int, str, str]:
    return _KINDS.index(type(thing).__name__), thing.head.namespace, thing.head.name


def _manifest(thing: Object, namespace: str) -> Manifest:
    kind = type(thing).__name__
    cause = thing.head.causes[0]
    return Manifest(
        kind=kind,
        namespace=thing.head.namespace,
        name=thing.head.name,
        scope="service" if thing.head.namespace == namespace else "platform",
        text=_text(kind, thing),
        at=ROOT if cause.policy else cause.at,
    )


def _text(kind: str, thing: Object) -> str:
    name = f"{kind}.yaml.j2"
    try:
        return _environment(cached=True).get_template(name).render(object=thing, kind=kind)
    except OSError:  # the cache cannot be written
        return _environment(cached=False).get_template(name).render(object=thing, kind=kind)


@cache
def _environment(*, cached: bool) -> "Environment":
    """Give the templates: no value is executed, and nothing that is missing is silently empty."""
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415 - validating needs no templates
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - the same

    made = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # the output is YAML, and every scalar passes the encoder
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=_bytecode_cache() if cached else None,
    )
    made.filters["scalar"] = scalar
    return made


def _bytecode_cache() -> "BytecodeCache | None":
    """Keep compiled templates beside the bytecode of the template engine, where the launcher has that kept.

    To compile them takes half of the time of a run. Nowhere else are they kept: what is read here is executed.
    """
    if sys.pycache_prefix is None or sys.dont_write_bytecode:
        return None
    import jinja2  # noqa: PLC0415 - validating needs no templates

    directory = join(sys.pycache_prefix, dirname(jinja2.__file__).lstrip("/"), "templates")
    os.makedirs(directory, exist_ok=True)
    return jinja2.FileSystemBytecodeCache(directory)
