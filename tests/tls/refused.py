"""Objects that Istio's webhook refuses, each with what is said of it."""

from collections.abc import Mapping
from typing import Any

from tests.tls.matrix import authentication, istio

_PORT = {"number": 80, "name": "http", "protocol": "HTTP"}
_AT = {"address": "10.0.0.1"}
_WILD = {"labels": {"app": "a*"}}
_WILDCARD = "has 'app: a*', and `*` stands for nothing there"


def _entry(**spec: Any) -> dict[str, Any]:
    given = {"hosts": ["e.example"], "ports": [_PORT], "resolution": "STATIC", **spec}
    return istio("networking", "ServiceEntry", "shop", "x", given)


REFUSED: Mapping[str, dict[str, Any]] = {
    "it has '*' in hosts": _entry(hosts=["*"], resolution="NONE"),
    "it has workloadSelector and endpoints, and may have one of them": _entry(
        workloadSelector={"labels": {"app": "a"}}, endpoints=[_AT]
    ),
    "it has endpoints, which resolution NONE does not allow": _entry(resolution="NONE", endpoints=[_AT]),
    "it has endpoints, of which DNS_ROUND_ROBIN allows one": _entry(
        resolution="DNS_ROUND_ROBIN", endpoints=[{"address": "a.example"}, {"address": "b.example"}]
    ),
    "it has two ports of one number or name": _entry(endpoints=[_AT], ports=[_PORT, {**_PORT, "number": 81}]),
    "it has two ports of one number or name ": _entry(endpoints=[_AT], ports=[_PORT, {**_PORT, "name": "other"}]),
    f"spec.workloadSelector.labels {_WILDCARD}": _entry(workloadSelector=_WILD),
    f"spec.selector.matchLabels {_WILDCARD}": authentication(
        "shop", "x", {"selector": {"matchLabels": _WILD["labels"]}, "mtls": {"mode": "STRICT"}}
    ),
    f"spec.workloadSelector.matchLabels {_WILDCARD}": istio(
        "networking",
        "DestinationRule",
        "shop",
        "x",
        {"host": "a", "workloadSelector": {"matchLabels": _WILD["labels"]}, "trafficPolicy": {"tls": {}}},
    ),
    f"spec.workloadSelector.labels {_WILDCARD} ": istio(
        "networking", "Sidecar", "shop", "x", {"workloadSelector": _WILD, "egress": [{"hosts": ["./*"]}]}
    ),
}
