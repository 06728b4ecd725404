"""A resource that istiod sends in, the same without what an Envoy that is not Istio's does not know or need out."""

from typing import Any

_OWN_TYPES = ("istio.", "io.istio.", "envoy.tcp.metadataexchange", "stats.")
_LEFT_OUT = frozenset({"sdsConfig", "tracing", "accessLog"})


def stripped(value: Any) -> Any:
    """Leave out Istio's own filters, where secrets come from, and what is traced and logged."""
    if isinstance(value, list):
        return [stripped(item) for item in value if not _is_own(item)]
    if not isinstance(value, dict):
        return value
    return {key: stripped(item) for key, item in value.items() if key not in _LEFT_OUT}


def _is_own(item: Any) -> bool:
    config = item.get("typedConfig", {}) if isinstance(item, dict) else {}
    kind = str(config.get("typeUrl") or config.get("@type", "")).rpartition("/")[2]
    return kind.startswith(_OWN_TYPES)
