"""S4: applications that terminate TLS themselves, behind a gateway: the reporters' manifests on a real Envoy."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from meshguard.policy import Facts
from meshguard.tls.client import GATEWAY as BY_GATEWAY
from meshguard.tls.client import SIDECAR, Client
from meshguard.tls.facts import Settings
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
from tests.tls.given import rows

INSIDER, GATEWAYS = Client(SIDECAR, "callers"), Client(BY_GATEWAY, "istio-ingress")
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


def foretold(on: Cluster, known: Facts, client: Client) -> str:
    """Give what `tls-check` says of the same manifests."""
    settings = Settings(known.mesh.istio_version, root_namespace=known.mesh.root_namespace)
    found = rows("\n---\n".join(on.world.documents), client, settings)
    (row,) = (row for row in found if row.host.startswith("orders."))
    return row.verdict.status


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
# What `tls-check` says before anything is deployed.
FORETOLD_OUTSIDE = {"200": "app TLS", "refused": "CONFLICT", "plain HTTP": "CONFLICT", "503 UC": "CONFLICT"}
FORETOLD_INSIDE = {
    "200 over mTLS": "OK",
    "200 without mTLS": "app TLS",
    "200 past the sidecar": "app TLS",
    "double TLS": "double TLS",
    "refused": "CONFLICT",
}
# Where the DestinationRule SIMPLE stands, what the pods accept; what callers outside and inside get.
CELLS = {
    "no rule, permissive": (facts(PERMISSIVE), NOWHERE, "plain HTTP", "200 over mTLS"),
    "no rule, strict": (facts(STRICT), NOWHERE, "plain HTTP", "200 over mTLS"),
    "no rule, disable": (facts(DISABLE), NOWHERE, "plain HTTP", "200 without mTLS"),
    "of the service, permissive": (facts(PERMISSIVE), SERVICE, "200", "double TLS"),
    "of the service, disable": (facts(DISABLE), SERVICE, "200", "double TLS"),
    "of the service, strict": (facts(STRICT), SERVICE, "refused", "refused"),
    "of the service, port permissive": (facts(STRICT), (*SERVICE, on_port(PERMISSIVE)), "200", "double TLS"),
    "of the root namespace, permissive": (facts(PERMISSIVE, "istio-ingress"), SHARED, "200", "double TLS"),
    "of the root namespace, disable": (facts(DISABLE, "istio-ingress"), SHARED, "200", "double TLS"),
    "of the root namespace, strict": (facts(STRICT, "istio-ingress"), SHARED, "refused", "refused"),
    "of the gateway, permissive": (facts(PERMISSIVE), PRIVATE, "200", "200 over mTLS"),
    "of the gateway, disable": (facts(DISABLE), PRIVATE, "200", "200 without mTLS"),
    "of the gateway, strict": (facts(STRICT), PRIVATE, "refused", "200 over mTLS"),
    "of the gateway, port permissive": (facts(STRICT), (*PRIVATE, on_port(PERMISSIVE)), "200", "200 over mTLS"),
    "of the gateway, port disable": (facts(STRICT), (*PRIVATE, on_port(DISABLE)), "200", "200 without mTLS"),
}


@pytest.mark.parametrize(("known", "documents", "outside", "inside"), CELLS.values(), ids=CELLS)
def test_every_place_of_the_rule(
    known: Facts, documents: tuple[str, ...], outside: str, inside: str, lab: Lab
) -> None:
    """A pod without a sidecar gets in where the port takes any caller, and plain HTTP works where TLS is added."""
    is_open = known.mtls != STRICT or any("portLevelMtls" in document for document in documents)

    with running(lab, known, *documents) as on:
        assert foretold(on, known, INSIDER) == FORETOLD_INSIDE[inside]
        assert foretold(on, known, GATEWAYS) == FORETOLD_OUTSIDE[outside]
        assert from_inside(on) == INSIDE.get(inside, inside)
        assert by_gateway(on) == OUTSIDE[outside]
        assert without_sidecar(on) == ("200" if is_open else "no answer")
        assert in_plain(on) == ("200" if inside == "double TLS" else "no answer")


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


# The reporters' port that the sidecar leaves alone: https and plain HTTP in the mesh, and through the gateway.
EXCLUDED = {
    "no rule, permissive": (PERMISSIVE, NOWHERE, "refused", "refused", "no answer"),
    "no rule, strict": (STRICT, NOWHERE, "refused", "refused", "no answer"),
    "no rule, disable": (DISABLE, NOWHERE, "200 past the sidecar", "503 UC", "no answer"),
    "of the service, permissive": (PERMISSIVE, SERVICE, "double TLS", "200", "200"),
    "of the service, strict": (STRICT, SERVICE, "double TLS", "200", "200"),
    "of the gateway, permissive": (PERMISSIVE, PRIVATE, "refused", "200", "no answer"),
    "of the gateway, strict": (STRICT, PRIVATE, "refused", "200", "no answer"),
    "disable, strict": (
        STRICT,
        (rule("shop", {"mode": "DISABLE"}),),
        "200 past the sidecar",
        "503 UC",
        "no answer",
    ),
}


@pytest.mark.parametrize(("mode", "documents", "https", "outside", "plain"), EXCLUDED.values(), ids=EXCLUDED)
def test_an_excluded_port(
    mode: str, documents: tuple[str, ...], https: str, outside: str, plain: str, lab: Lab
) -> None:
    with running(lab, facts(mode), *documents, port=PORT._replace(captured=False)) as on:
        assert foretold(on, facts(mode), INSIDER) == FORETOLD_INSIDE[https]
        assert foretold(on, facts(mode), GATEWAYS) == FORETOLD_OUTSIDE[outside]
        assert from_inside(on) == INSIDE.get(https, https)
        assert by_gateway(on) == OUTSIDE.get(outside, outside)
        assert in_plain(on) == plain
        assert without_sidecar(on) == "200"
