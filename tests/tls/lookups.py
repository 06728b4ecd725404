"""Which DestinationRule a client obeys: small meshes of rules in, the one that counts out; one line a case."""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from tests.tls.matrix import ROOT, istio, kubernetes

HOST = "app.shop.svc.cluster.local"
PORT = 8080


class Lookup(NamedTuple):
    """Rules as `namespace host exportTo selector`, who calls (`namespace` or `namespace:app`), and which counts.

    Rules are named r0, r1, ... in their order, which is also that of their age. `-` stands for nothing.
    """

    name: str
    rules: tuple[str, ...]
    caller: str
    counts: str
    kind: str = "sidecar"


LOOKUPS = (
    Lookup("no rule", (), "web", "-"),
    Lookup("of another host", ("web other.shop.svc.cluster.local - -",), "web", "-"),
    Lookup("the client's own", (f"web {HOST} - -",), "web", "r0"),
    Lookup("the service's", (f"shop {HOST} - -",), "web", "r0"),
    Lookup("the root namespace's", (f"{ROOT} {HOST} - -",), "web", "r0"),
    Lookup("a third namespace's", (f"other {HOST} * -",), "web", "-"),
    Lookup("client before service", (f"shop {HOST} - -", f"web {HOST} - -"), "web", "r1"),
    Lookup("service before root", (f"{ROOT} {HOST} - -", f"shop {HOST} - -"), "web", "r1"),
    Lookup("client before root", (f"{ROOT} {HOST} - -", f"web {HOST} - -"), "web", "r1"),
    Lookup("wildcard of the client beats exact", (f"shop {HOST} - -", "web *.local - -"), "web", "r1"),
    Lookup("exact beats wildcard", ("shop *.local - -", f"shop {HOST} - -"), "web", "r1"),
    Lookup("longer wildcard", ("shop *.local - -", "shop *.shop.svc.cluster.local - -"), "web", "r1"),
    Lookup("everything", ("web * - -",), "web", "r0"),
    Lookup("private of the service", (f"shop {HOST} . -",), "web", "-"),
    Lookup("private of the service, for its own", (f"shop {HOST} . -",), "shop", "r0"),
    Lookup("private of the client", (f"web {HOST} . -",), "web", "r0"),
    Lookup("private exact lets an exported wildcard in", (f"shop {HOST} . -", "shop *.local - -"), "web", "r1"),
    Lookup("exact for another hides the wildcard", (f"shop {HOST} other -", "shop *.local - -"), "web", "-"),
    Lookup("and the root namespace comes next", (f"shop {HOST} other -", f"{ROOT} {HOST} - -"), "web", "r1"),
    Lookup("exported to the client", (f"shop {HOST} web -",), "web", "r0"),
    Lookup("the client's, for others only", (f"web {HOST} other -", f"shop {HOST} - -"), "web", "r1"),
    Lookup("for some pods, this one", (f"web {HOST} - me",), "web:me", "r0"),
    Lookup("for some pods, not this one", (f"web {HOST} - other", f"shop {HOST} - -"), "web:me", "-"),
    Lookup("for some pods, and for all", (f"web {HOST} - other", f"web {HOST} - -"), "web:me", "r1"),
    Lookup("for some pods comes first", (f"web {HOST} - -", f"web {HOST} - me"), "web:me", "r1"),
    Lookup("for two kinds of pods", (f"web {HOST} - me", f"web {HOST} - other"), "web:other", "r1"),
    Lookup("for some pods of the service", (f"shop {HOST} - me",), "web:me", "-"),
    Lookup("for all, private, beside for some", (f"web {HOST} - other", f"web {HOST} . -"), "web:me", "-"),
    Lookup("two of one host: the older", (f"shop {HOST} - -", f"shop {HOST} - -"), "web", "r0"),
    Lookup("two for different clients", (f"shop {HOST} other -", f"shop {HOST} web -"), "web", "r1"),
    Lookup("client in the root namespace, its own", (f"{ROOT} {HOST} - -", f"shop {HOST} - -"), ROOT, "r1"),
    Lookup("client in the root namespace, private", (f"{ROOT} {HOST} . -", f"shop {HOST} - -"), ROOT, "r0"),
    Lookup("gateway, its own", (f"gw {HOST} . -", f"shop {HOST} - -"), "gw", "r0", "gateway"),
    Lookup("gateway in the root namespace", (f"{ROOT} {HOST} - -", f"shop {HOST} - -"), ROOT, "r1", "gateway"),
    Lookup("gateway, for some pods", (f"gw {HOST} - me", f"shop {HOST} - -"), "gw:me", "r0", "gateway"),
    Lookup("a name with a dot is no short name", ("shop app.shop - -",), "web", "-"),
    Lookup("a name that ends early", ("shop app.shop.svc - -",), "web", "-"),
)


def objects(lookup: Lookup) -> list[dict[str, Any]]:
    """Give the rules and the service."""
    spec = {"selector": {"app": "app"}, "ports": [{"name": "http", "port": PORT}], "clusterIP": "10.2.0.1"}
    return [
        kubernetes("Service", "shop", "app", spec),
        *(_rule(index, text.split()) for index, text in enumerate(lookup.rules)),
    ]


def _rule(index: int, words: list[str]) -> dict[str, Any]:
    namespace, host, export_to, selector = words
    spec: dict[str, Any] = {"host": host, "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    spec |= {} if export_to == "-" else {"exportTo": [export_to]}
    spec |= {} if selector == "-" else {"workloadSelector": {"matchLabels": {"app": selector}}}
    created = f"2024-01-01T00:00:0{index}Z"
    return istio("networking", "DestinationRule", namespace, f"r{index}", spec, creationTimestamp=created)


PLACES = ("web", "shop", ROOT, "other")
EXPORTS = ("-", ".", "*", "web")


def pairs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give a host for each pair of rules that there can be, with the rules and what declares the host."""
    kinds = [*product(PLACES, ("a", "*"), EXPORTS, ("-",)), *product(PLACES, ("a",), ("-",), ("me",))]
    for index, pair in enumerate(product(kinds, kinds)):
        host = f"a.x{index}.example"
        ports = [{"number": PORT, "name": "http", "protocol": "HTTP"}]
        spec = {"hosts": [host], "ports": ports, "resolution": "NONE", "location": "MESH_INTERNAL"}
        rules = [
            _rule(age, [place, f"{first}.x{index}.example", export, selector])
            for age, (place, first, export, selector) in enumerate(pair)
        ]
        for rule in rules:
            rule["metadata"]["name"] += f"-{index}"
        yield host, [istio("networking", "ServiceEntry", "shop", f"e{index}", spec), *rules]
