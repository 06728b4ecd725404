"""Istio's own configuration among the objects, as far as it decides on TLS: heads in, settings out."""

from meshguard.helm.loss import SourceError
from meshguard.tls import fields
from meshguard.tls.facts import Settings
from meshguard.tls.fields import Field, MalformedError, below
from meshguard.tls.head import Head
from meshguard.tls.reading import read_tree

_OPERATORS = {"install.istio.io": ("spec", "meshConfig"), "sailoperator.io": ("spec", "values", "meshConfig")}


def overlaid(head: Head, settings: Settings) -> Settings:
    """Give the settings as an object says them: Istio's ConfigMap, or what an operator makes it of."""
    if (head.group, head.ref.kind) == ("", "ConfigMap"):
        is_mesh = head.ref.name == "istio" or head.ref.name.startswith("istio-")
        text = below(head.body, "data", "mesh") if is_mesh else None
        return settings if text is None or text.node is None else _said(_tree(text), settings)
    at = _OPERATORS.get(head.group)
    return settings if at is None else _said(below(head.body, *at), settings)


def _tree(text: Field) -> Field:
    try:
        node, _ = read_tree(fields.text(text), text.span.file, text.span.line)
    except SourceError as error:
        raise MalformedError(f"{text.path} cannot be read: {error}", text.span) from None
    return fields.root(node)


def _said(mesh: Field, settings: Settings) -> Settings:
    auto = below(mesh, "enableAutoMtls")
    exports = fields.texts(below(mesh, "defaultDestinationRuleExportTo"))
    services = fields.texts(below(mesh, "defaultServiceExportTo"))
    routes = fields.texts(below(mesh, "defaultVirtualServiceExportTo"))
    return settings._replace(
        auto_mtls=settings.auto_mtls if auto.node is None else fields.flag(auto),
        root_namespace=fields.text(below(mesh, "rootNamespace")) or settings.root_namespace,
        outbound_traffic=fields.text(below(mesh, "outboundTrafficPolicy", "mode")) or settings.outbound_traffic,
        rule_export=frozenset(exports) or settings.rule_export,
        service_export=frozenset(services) or settings.service_export,
        route_export=frozenset(routes) or settings.route_export,
    )
