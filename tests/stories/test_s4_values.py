"""S4, as values: what is rendered for an HTTPS port serves the gateway, callers in the mesh and pods outside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest

from meshguard.diagnostic import ROOT
from meshguard.engine import judge
from meshguard.model import build
from meshguard.policy import Facts, Identity
from meshguard.rule import Case
from meshguard.targets.istio import TARGET
from tests.mesh.client import Speaks
from tests.mesh.cluster import Cluster, Lab, cluster
from tests.mesh.world import Workload, world
from tests.stories.https_backend import (
    CALLER,
    GATEWAY,
    NAME,
    ORDERS,
    by_gateway,
    from_inside,
    in_plain,
    through_passthrough,
    without_sidecar,
)
from tests.targets.istio.given import facts_of, service_of
from tests.tree import tree
from validators import RULES

SHOP = Identity("orders", "checkout", "shop", "prod")
MODES = ("STRICT", "PERMISSIVE", "DISABLE")
CERTIFICATES = {
    "public": f"serverName: {NAME}",
    "private": f"serverName: {NAME}, caCertificates: private-ca",
    "mutual": f"serverName: {NAME}, clientCertificate: client-cert",
    "not verified": "insecureSkipVerify: true",
}
POLICY = """
mesh: {{mtls: {mode}, istioVersion: "{istio}"}}
gateways:
  public:
    gateway: istio-ingress/public
    hostTemplate: orders.example.com
    tls: {gateway}
    tlsOriginationIn: {where}
podLabels: {{app: "{{service}}"}}
exemptions:
  - {{rule: bypasses-mesh, service: orders, reason: tests, approvedBy: tests, expires: 2031-01-01}}
  - {{rule: insecure-skip-verify, service: orders, reason: tests, approvedBy: tests, expires: 2031-01-01}}
"""
VALUES = """
ports: [{{number: 8443, name: https, tls: {{{tls}}}, bypassMesh: {bypassed}}}]
externalRouting: {{port: https}}
"""


def policy(mode: str, gateway: str = "terminate", where: str = "gateway", istio: str = "1.31") -> Facts:
    return facts_of(POLICY.format(mode=mode, gateway=gateway, where=where, istio=istio), SHOP)


def values(certificate: str = "public", *, bypassed: bool = False) -> str:
    return VALUES.format(tls=CERTIFICATES[certificate], bypassed=str(bypassed).lower())


def errors(text: str, facts: Facts) -> set[str]:
    """Give the rules that find an error."""
    node = tree(text)
    found = judge(Case(build(node, ROOT, facts), facts), node, RULES).diagnostics
    return {diagnostic.rule for diagnostic in found if diagnostic.severity.name == "ERROR"}


@contextmanager
def deployed(lab: Lab, text: str, facts: Facts) -> Iterator[Cluster]:
    """Run what is rendered of values, with a caller."""
    service = service_of(text, facts)
    rendered = TARGET.render(service, facts)
    assert TARGET.verify(rendered, facts) == ()
    caller = Workload("caller", "callers", 0, (), {"app": "caller"})
    with cluster(lab, world(facts, [(service, facts, rendered)], [caller]), (GATEWAY, CALLER, ORDERS)) as on:
        yield on


@pytest.mark.parametrize(("mode", "certificate", "pod"), [*product(MODES, CERTIFICATES, ("captured", "bypassed"))])
def test_the_rendered_form_serves_everyone(mode: str, certificate: str, pod: str, lab: Lab) -> None:
    bypassed = pod == "bypassed"
    facts, text = policy(mode, istio=lab.minor), values(certificate, bypassed=bypassed)
    speaks = Speaks(NAME, shows="client-cert" if certificate == "mutual" else None)
    kept = "past the sidecar" if bypassed else "without mTLS" if mode == "DISABLE" else "over mTLS"

    assert errors(text, facts) == set()
    with deployed(lab, text, facts) as on:
        assert from_inside(on, speaks) == f"200 {kept}"
        assert by_gateway(on) == "200"
        assert without_sidecar(on, speaks) == "200"
        assert in_plain(on) == "no answer"  # https is what the port speaks


@pytest.mark.parametrize(("mode", "pod"), list(product(MODES, ("captured", "bypassed"))))
def test_a_gateway_that_does_not_open_tls(mode: str, pod: str, lab: Lab) -> None:
    bypassed = pod == "bypassed"
    facts, text = policy(mode, "passthrough", istio=lab.minor), values(bypassed=bypassed)
    closed = mode == "STRICT" and not bypassed  # nobody outside the mesh was to be let in
    kept = "past the sidecar" if bypassed else "without mTLS" if mode == "DISABLE" else "over mTLS"

    assert errors(text, facts) == set()
    with deployed(lab, text, facts) as on:
        assert from_inside(on) == f"200 {kept}"
        assert through_passthrough(on) == "200"
        assert without_sidecar(on) == ("no answer" if closed else "200")


@pytest.mark.parametrize("mode", MODES)
def test_origination_for_everyone_breaks_https_in_the_mesh(mode: str, lab: Lab) -> None:
    facts, text = policy(mode, where="service", istio=lab.minor), values()

    assert errors(text, facts) == {"double-tls"}
    with deployed(lab, text, facts) as on:
        assert by_gateway(on) == "200"
        assert from_inside(on) == "WRONG_VERSION_NUMBER"
        assert in_plain(on) == "200"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("backend.internal.example.com", "200"),
        ("other.internal.example.com", "503 URX,UF"),
    ],
)
def test_the_name_on_the_certificate_is_verified(shown: str, expected: str, lab: Lab) -> None:
    facts = policy("STRICT", istio=lab.minor)
    service = service_of(values(), facts)
    rendered = TARGET.render(service, facts)
    around = world(facts, [(service, facts, rendered)])
    orders = around.workloads[ORDERS]
    port = orders.ports[0]
    assert port.tls is not None
    workloads = {
        **around.workloads,
        ORDERS: orders._replace(ports=(port._replace(tls=port.tls._replace(name=shown)),)),
    }

    with cluster(lab, around._replace(workloads=workloads), (GATEWAY, ORDERS)) as on:
        assert by_gateway(on) == expected


def test_what_a_gateway_needs_is_asked_for() -> None:
    bare = "ports: [{number: 8443, name: https}]\nexternalRouting: {port: https}"

    assert errors(bare, policy("STRICT")) == {"backend-tls-missing"}
    assert errors(values(), policy("STRICT", istio="1.18")) == {"alpn-defect"}
    assert errors(values(), policy("STRICT", istio="1.19")) == set()
