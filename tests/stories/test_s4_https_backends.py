"""S4: applications that terminate TLS themselves, behind a gateway: the reporters' manifests on a real Envoy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from meshguard.policy import Facts
from tests.mesh.backends import Tls
from tests.mesh.cluster import Cluster, Lab, cluster
from tests.mesh.world import ServicePort, Workload, document, world
from tests.stories.https_backend import (
    CALLER,
    GATEWAY,
    NAME,
    ORDERS,
    PUBLIC,
    by_gateway,
    from_inside,
    in_plain,
    without_sidecar,
)
from tests.targets.istio.given import facts_of

PORT = ServicePort(8443, "https", "HTTPS", 8443, Tls("system", NAME))
LABELS = {"app": "orders"}
POLICY = """
mesh: {{rootNamespace: {root}, mtls: {mode}}}
gateways: {{public: {{gateway: istio-ingress/public, hostTemplate: "orders.example.com"}}}}
"""


def facts(mode: str = "PERMISSIVE", root: str = "istio-system") -> Facts:
    return facts_of(POLICY.format(mode=mode, root=root))


def rule(namespace: str, tls: Mapping[str, object], export_to: str = "*") -> str:
    """Give a DestinationRule for the application."""
    policy = {"tls": {"caCertificates": "system", **tls} if tls["mode"] == "SIMPLE" else tls}
    spec = {"host": "orders.shop.svc.cluster.local", "trafficPolicy": policy, "exportTo": [export_to]}
    return document("networking.istio.io/v1", "DestinationRule", "orders", namespace, spec=spec)


SIMPLE = {"mode": "SIMPLE", "sni": NAME, "subjectAltNames": [NAME]}


def on_port(mode: str) -> str:
    """Give a PeerAuthentication for the one container port."""
    spec = {"selector": {"matchLabels": LABELS}, "portLevelMtls": {"8443": {"mode": mode}}}
    return document("security.istio.io/v1", "PeerAuthentication", "orders", "shop", spec=spec)


ROUTES = document(
    "networking.istio.io/v1",
    "VirtualService",
    "orders",
    "shop",
    spec={
        "hosts": [PUBLIC],
        "gateways": ["istio-ingress/public"],
        "http": [{"route": [{"destination": {"host": "orders.shop.svc.cluster.local", "port": {"number": 8443}}}]}],
    },
)


@contextmanager
def running(
    lab: Lab, known: Facts, *documents: str, port: ServicePort = PORT, sidecar: bool = True
) -> Iterator[Cluster]:
    """Run a gateway, a caller and the application, from raw manifests."""
    pods = [
        Workload("orders", "shop", 0, (port,), LABELS, sidecar),
        Workload("caller", "callers", 0, (), {"app": "caller"}),
    ]
    around = world(known, (), pods, (ROUTES, *documents))
    with cluster(lab, around, (GATEWAY, CALLER, *([ORDERS] if sidecar else []))) as found:
        yield found


STRICT, PERMISSIVE, DISABLE = "STRICT", "PERMISSIVE", "DISABLE"
NOWHERE, SERVICE, PRIVATE = (), (rule("shop", SIMPLE),), (rule("istio-ingress", SIMPLE, "."),)
SHARED = (rule("istio-ingress", SIMPLE),)  # where the namespace of the gateway is the root namespace

# What is seen: no mesh certificate; the application's 400 to what it cannot read; plain HTTP to an https port.
OUTSIDE = {"200": "200", "refused": "503 URX,UF", "plain HTTP": "503 UC"}
INSIDE = {"double TLS": "WRONG_VERSION_NUMBER", "refused": "closed"}
# Where the DestinationRule SIMPLE stands, what the pods accept; what callers outside and inside get.
CELLS = {
    "no rule, permissive": (facts(PERMISSIVE), NOWHERE, "plain HTTP", "200 over mTLS"),
    "no rule, strict": (facts(STRICT), NOWHERE, "plain HTTP", "200 over mTLS"),
    "of the service, permissive": (facts(PERMISSIVE), SERVICE, "200", "double TLS"),
    "of the service, disable": (facts(DISABLE), SERVICE, "200", "double TLS"),
    "of the service, strict": (facts(STRICT), SERVICE, "refused", "refused"),
    "of the root namespace, permissive": (facts(PERMISSIVE, "istio-ingress"), SHARED, "200", "double TLS"),
    "of the root namespace, disable": (facts(DISABLE, "istio-ingress"), SHARED, "200", "double TLS"),
    "of the root namespace, strict": (facts(STRICT, "istio-ingress"), SHARED, "refused", "refused"),
    "of the gateway, permissive": (facts(PERMISSIVE), PRIVATE, "200", "200 over mTLS"),
    "of the gateway, strict": (facts(STRICT), PRIVATE, "refused", "200 over mTLS"),
    "of the gateway, port permissive": (facts(STRICT), (*PRIVATE, on_port(PERMISSIVE)), "200", "200 over mTLS"),
    "of the gateway, port disable": (facts(STRICT), (*PRIVATE, on_port(DISABLE)), "200", "200 without mTLS"),
}


@pytest.mark.parametrize(("known", "documents", "outside", "inside"), CELLS.values(), ids=CELLS)
def test_every_place_of_the_rule(
    known: Facts, documents: tuple[str, ...], outside: str, inside: str, lab: Lab
) -> None:
    with running(lab, known, *documents) as on:
        assert from_inside(on) == INSIDE.get(inside, inside)
        assert by_gateway(on) == OUTSIDE[outside]


# Without a sidecar: what a rule in the gateway's namespace says of names, and what the gateway makes of it.
NAMES = {
    "no rule": (None, "503 UC"),
    "sni": ({"sni": NAME}, "200"),
    "no name at all": ({}, "503 URX,UF"),  # the public host is sent and verified, and is not on the certificate
    "subjectAltNames": ({"subjectAltNames": [NAME]}, "200"),
    "both": ({"sni": NAME, "subjectAltNames": [NAME]}, "200"),
    "sni of another": ({"sni": "other.example.com"}, "200"),  # the chain is verified, the name is not
    "both of another": ({"sni": NAME, "subjectAltNames": ["other.example.com"]}, "503 URX,UF"),
}


@pytest.mark.parametrize(("names", "expected"), NAMES.values(), ids=NAMES)
def test_what_a_rule_says_of_names(names: Mapping[str, object] | None, expected: str, lab: Lab) -> None:
    said = () if names is None else (rule("istio-ingress", {"mode": "SIMPLE", **names}, "."),)

    with running(lab, facts(), *said, sidecar=False) as on:
        assert by_gateway(on) == expected
        assert without_sidecar(on) == "200"


# The reporters' port that the sidecar leaves alone: through the gateway, https and plain HTTP in the mesh.
EXCLUDED = {
    "no rule, permissive": (PERMISSIVE, NOWHERE, "503 URX,UF", "closed", "no answer"),
    "of the service, permissive": (PERMISSIVE, SERVICE, "200", "WRONG_VERSION_NUMBER", "200"),
    "of the service, strict": (STRICT, SERVICE, "200", "WRONG_VERSION_NUMBER", "200"),
    "disable": (STRICT, (rule("shop", {"mode": "DISABLE"}),), "503 UC", "200 past the sidecar", "no answer"),
}


@pytest.mark.parametrize(("mode", "documents", "outside", "https", "plain"), EXCLUDED.values(), ids=EXCLUDED)
def test_an_excluded_port(
    mode: str, documents: tuple[str, ...], outside: str, https: str, plain: str, lab: Lab
) -> None:
    with running(lab, facts(mode), *documents, port=PORT._replace(captured=False)) as on:
        assert (from_inside(on), by_gateway(on), in_plain(on)) == (https, outside, plain)
        assert without_sidecar(on) == "200"
