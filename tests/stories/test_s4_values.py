"""S4, as values: what is rendered for an HTTPS port serves the gateway, callers in the mesh and pods outside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest

from meshguard.diagnostic import ROOT
from meshguard.engine import judge
from meshguard.model import build
from meshguard.policy import Facts, Identity
from meshguard.rule import Callee, Case
from meshguard.targets.istio import TARGET
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Cluster, Lab, cluster, from_outside, through_gateway
from tests.mesh.world import Workload, world
from tests.stories.https_backend import (
    CALLER,
    GATEWAY,
    NAME,
    ORDERS,
    PUBLIC,
    by_gateway,
    case,
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
PLAIN = """
gateways: {public: {gateway: istio-ingress/public, hostTemplate: "{service}.example.com"}}
podLabels: {app: "{service}"}
"""
VALUES = """
ports: [{{number: 8443, name: https, tls: {{{tls}}}, bypassMesh: {bypassed}}}]
externalRouting: {{port: https}}
"""


TUNNEL = "  tunnel: {{gateway: {}/tunnel, hostTemplate: orders.tunnel.example.com, tls: passthrough}}\n"


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
def deployed(lab: Lab, text: str, facts: Facts, *gateways: str) -> Iterator[Cluster]:
    """Run what is rendered of values, with a caller, and further gateways."""
    service = service_of(text, facts)
    rendered = TARGET.render(service, facts)
    assert TARGET.verify(rendered, facts) == ()
    caller = Workload("caller", "callers", 0, (), {"app": "caller"})
    with cluster(
        lab, world(facts, [(service, facts, rendered)], [caller]), (GATEWAY, *gateways, CALLER, ORDERS)
    ) as on:
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


# Where the pods of a gateway that passes TLS through run, and where TLS is added for the one beside it.
BESIDE = {
    "in one namespace": ("istio-ingress", "gateway", {"double-tls"}, "WRONG_VERSION_NUMBER"),
    "for everybody": ("edge", "service", {"double-tls"}, "WRONG_VERSION_NUMBER"),
    "apart": ("edge", "gateway", set(), "200"),
    "with the service": ("shop", "gateway", set(), "200"),
}


@pytest.mark.parametrize(("namespace", "where", "found", "expected"), BESIDE.values(), ids=BESIDE)
def test_a_gateway_that_passes_tls_through_beside_one_that_opens_it(
    namespace: str, where: str, found: set[str], expected: str, lab: Lab
) -> None:
    text = POLICY.format(mode="STRICT", gateway="terminate", where=where, istio=lab.minor)
    facts = facts_of(text.replace("podLabels", f"{TUNNEL.format(namespace)}podLabels"), SHOP)
    both = values().replace("{port: https}", "{port: https, visibility: [public, tunnel]}")
    tunnel = f"gateway-tunnel.{namespace}"

    assert errors(both, facts) == found
    with deployed(lab, both, facts, tunnel) as on:
        assert by_gateway(on) == "200"
        assert through_passthrough(on, tunnel, "orders.tunnel.example.com") == expected


NEXT = Identity("orders-next", "checkout", "shop", "prod")


@pytest.mark.parametrize(
    ("section", "missing", "expected"),
    [("", {"backend-tls-missing"}, "503 UC"), ("externalRouting: {}", set(), "200")],
)
def test_another_service_behind_the_gateway_speaks_for_itself(
    section: str, missing: set[str], expected: str, lab: Lab
) -> None:
    text = values().replace("{port: https}", "{pathConfiguration: [{path: /, backends: [{service: orders-next}]}]}")
    other = f"{values().partition('externalRouting')[0]}{section}"
    facts, others = (facts_of(PLAIN, who) for who in (SHOP, NEXT))
    pair = [(service_of(text, facts), facts), (service_of(other, others), others)]
    around = world(facts, [(service, own, TARGET.render(service, own)) for service, own in reversed(pair)])

    def callee(_: str) -> Callee:
        return Callee(service_of(other, others), tree(other))

    case_of = Case(pair[0][0], facts)
    known, unknown = (
        {found.rule for found in judge(one, tree(text), RULES).diagnostics}
        for one in (case_of._replace(callee=callee), case_of)
    )
    assert (known, unknown) == (missing, {"backend-tls-not-known"})
    with cluster(lab, around, (GATEWAY, ORDERS, "orders-next.shop")) as on:
        assert by_gateway(on) == expected


@pytest.mark.parametrize("root", ["istio-system", "istio-ingress"])
def test_what_else_the_service_says_holds_at_its_gateway_too(root: str, lab: Lab) -> None:
    text = POLICY.format(mode="STRICT", gateway="terminate", where="gateway", istio=lab.minor)
    facts = facts_of(text.replace("mtls: STRICT", f"mtls: STRICT, rootNamespace: {root}"), SHOP)
    several = f"""
ports: [{{number: 8443, name: https, tls: {{serverName: {NAME}}}}}, {{number: 8080, name: http}}]
resilience: {{outlierDetection: {{consecutiveErrors: 1, ejectionTime: 60s, maxEjectionPercent: 100}}}}
externalRouting: {{port: https, pathConfiguration: [{{path: /}}, {{path: /plain, port: http}}]}}
"""

    with deployed(lab, several, facts) as on:
        assert from_inside(on) == "200 over mTLS"
        assert from_outside(on, (on.workload(ORDERS).pod, 8080), Ask(PUBLIC)).status == 0  # still STRICT
        assert by_gateway(on) == "200"
        for path, port in {"/": 8443, "/plain": 8080}.items():
            assert failing(on, path) == (503, port)
            assert failing(on, path) == (503, None)  # the only pod is left out


def failing(on: Cluster, path: str) -> tuple[int, int | None]:
    """Give what a caller outside gets where the application fails, and the port that it reached."""
    headers = {**case(), "x-answers": "503"}
    answer = through_gateway(on, GATEWAY, Ask(PUBLIC, path, headers=headers))
    return answer.status, next((seen.port for seen in on.backs.seen[headers["x-case"]]), None)


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
