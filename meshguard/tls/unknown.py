"""Fields that no object of its kind has, in what decides on TLS: an object in, their names and places out.

Source: `destination_rule.proto` and `peer_authentication.proto` of Istio's API 1.31.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from meshguard.diagnostic import Span
from meshguard.node import Node

_Fields: TypeAlias = "Mapping[str, _Fields] | None"  # by name, `*` for any; None: whatever there is

_OBJECT = {"apiVersion": None, "kind": None, "metadata": None, "status": None}
_SETTINGS: dict[str, _Fields] = {
    "loadBalancer": None,
    "connectionPool": None,
    "outlierDetection": None,
    "tls": {
        "mode": None,
        "clientCertificate": None,
        "privateKey": None,
        "caCertificates": None,
        "caCrl": None,
        "credentialName": None,
        "subjectAltNames": None,
        "sni": None,
        "insecureSkipVerify": None,
    },
}
_POLICY: _Fields = {
    **_SETTINGS,
    "portLevelSettings": {**_SETTINGS, "port": {"number": None}},
    "tunnel": None,
    "proxyProtocol": None,
    "retryBudget": None,
}
_KNOWN: Mapping[tuple[str, str], _Fields] = {
    ("security.istio.io", "PeerAuthentication"): {
        **_OBJECT,
        "spec": {
            "selector": {"matchLabels": None},
            "mtls": {"mode": None},
            "portLevelMtls": {"*": {"mode": None}},
        },
    },
    ("networking.istio.io", "DestinationRule"): {
        **_OBJECT,
        "spec": {
            "host": None,
            "trafficPolicy": _POLICY,
            "subsets": {"name": None, "labels": None, "trafficPolicy": _POLICY},
            "exportTo": None,
            "workloadSelector": {"matchLabels": None},
        },
    },
}


def unknown_fields(group: str, kind: str, node: Node) -> Iterator[tuple[str, Span]]:
    """Give the fields of an object that its kind does not have; items of a list are alike."""
    yield from _unknown(node, _KNOWN.get((group, kind)), "")


def _unknown(node: Node, known: _Fields, path: str) -> Iterator[tuple[str, Span]]:
    if known is None:
        return
    if isinstance(node.value, list):
        for item in node.value:
            yield from _unknown(item, known, path)
    for key, child in node.value.items() if isinstance(node.value, dict) else ():
        name = key if key in known else "*"
        if name in known:
            yield from _unknown(child, known[name], f"{path}{key}.")
        else:
            yield f"{path}{key}", child.key or child.span
