"""S6: Prometheus reads metrics of pods that want mutual TLS, as far as what is rendered or a finding says."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Severity
from meshguard.engine import judge
from meshguard.model import build
from meshguard.policy import Facts, Identity
from meshguard.rule import Case
from meshguard.targets.istio import TARGET
from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import (
    Cluster,
    Lab,
    cluster,
    from_outside,
    from_pod,
    through_gateway,
    through_gateway_tls,
)
from tests.mesh.world import ServicePort, Workload, world
from tests.targets.istio.given import facts_of, service_of
from tests.tree import tree
from validators import RULES

SHOP = Identity("orders", "checkout", "shop", "prod")
GATEWAY, CALLER, ORDERS = "gateway-public.istio-ingress", "caller.callers", "orders.shop"
POLICY = """
mesh: {{mtls: {mode}, prometheus: {prometheus}, istioVersion: "1.31"}}
gateways: {{public: {{gateway: istio-ingress/public, hostTemplate: "{{service}}.example.com", tls: {gateway}}}}}
podLabels: {{app: "{{service}}"}}
exemptions: [{{rule: bypasses-mesh, service: orders, reason: tests, approvedBy: tests, expires: 2031-01-01}}]
"""
OWN_PORT = """
ports: [{number: 8080, name: http}, {number: 9090, name: http-metrics, metrics: /metrics}]
externalRouting: {port: http}
"""
ROUTED_PORT = """
ports: [{number: 8080, name: http, metrics: /metrics}]
externalRouting: {port: http}
"""
EXCLUDED_PORT = """
ports: [{number: 8080, name: http}, {number: 9090, name: http-metrics, metrics: /metrics, bypassMesh: true}]
externalRouting: {port: http}
"""
AT_THE_ROOT = """
ports: [{number: 8080, name: http}, {number: 9000, name: http-admin, metrics: /}]
externalRouting:
  port: http
  pathConfiguration: [{path: /orders}, {path: /admin, port: http-admin}]
"""
CHOSEN = """
ports: [{number: 8080, name: http}, {number: 9090, name: http-metrics, metrics: /metrics}]
externalRouting: {port: http-metrics}
"""
WITH_CERTIFICATE = Speaks(None, identity="monitoring/prometheus", alpn=("http/1.1",))
IN_HTTP2 = Speaks(None, identity="monitoring/prometheus", alpn=("h2", "http/1.1"))
WITHOUT_CERTIFICATE = Speaks(None, alpn=("http/1.1",))
_cases = count()


def policy(prometheus: str, mode: str = "STRICT", gateway: str = "terminate") -> Facts:
    return facts_of(POLICY.format(prometheus=prometheus, mode=mode, gateway=gateway), SHOP)


def findings(text: str, facts: Facts) -> tuple[Diagnostic, ...]:
    node = tree(text)
    return judge(Case(build(node, ROOT, facts), facts), node, RULES).diagnostics


def errors(text: str, facts: Facts) -> set[str]:
    """Give the rules that find an error."""
    return {found.rule for found in findings(text, facts) if found.severity is Severity.ERROR}


def words(text: str, facts: Facts) -> dict[str, str]:
    """Give what is said, by rule."""
    return {found.rule: found.message for found in findings(text, facts)}


@contextmanager
def deployed(lab: Lab, text: str, facts: Facts) -> Iterator[Cluster]:
    """Run what is rendered of values."""
    service = service_of(text, facts)
    rendered = TARGET.render(service, facts)
    assert TARGET.verify(rendered, facts) == ()
    caller = Workload("caller", "callers", 0, (), {"app": "caller"})
    with cluster(lab, world(facts, [(service, facts, rendered)], [caller]), (GATEWAY, CALLER, ORDERS)) as on:
        yield on


def scraped(on: Cluster, port: int, speaks: Speaks | None = None) -> str:
    """Tell what a scraper of the pod's own address gets, and in which version the application was asked."""
    case = f"s6-{next(_cases)}"
    ask = Ask("orders:9090", "/metrics", headers={"x-case": case})
    answer = from_outside(on, (on.workload(ORDERS).pod, port), ask, speaks)
    seen = [f"{found.method} {found.version}" for found in on.backs.seen[case]]
    raw = ["TLS bytes"] if on.backs.seen.pop("TLS", None) else []
    return " ".join([str(answer.status), *seen, *raw])


def from_inside(on: Cluster, port: int) -> int:
    """Give what a caller in the mesh gets from the port."""
    return from_pod(on, CALLER, (on.workload(ORDERS).vip, port), Ask("orders.shop", "/metrics")).status


def from_the_internet(on: Cluster, path: str) -> tuple[int, set[int]]:
    """Give what the gateway answers to a path, and the ports that it reached."""
    case = f"s6-{next(_cases)}"
    answer = through_gateway(on, GATEWAY, Ask("orders.example.com", path, headers={"x-case": case}))
    return answer.status, {seen.port for seen in on.backs.seen[case]}


READ, NOTHING = "200 GET HTTP/1.1", "0"


def test_a_scraper_with_mesh_certificates_reads_a_declared_port(lab: Lab) -> None:
    assert errors(OWN_PORT, policy("sidecar")) == set()
    with deployed(lab, OWN_PORT, policy("sidecar")) as on:
        assert scraped(on, 9090, WITH_CERTIFICATE) == READ
        assert scraped(on, 9090, IN_HTTP2) == READ  # the sidecar speaks HTTP/1.1 on to the application
        assert scraped(on, 9090) == NOTHING
        assert scraped(on, 9090, WITHOUT_CERTIFICATE) == NOTHING
        assert from_inside(on, 9090) == 200


def test_a_scraper_without_mesh_certificates_reads_a_port_of_its_own_in_plain_text(lab: Lab) -> None:
    assert errors(OWN_PORT, policy("outside")) == set()
    with deployed(lab, OWN_PORT, policy("outside")) as on:
        assert scraped(on, 9090) == READ
        assert scraped(on, 8080) == NOTHING
        assert from_inside(on, 9090) == 200


def test_the_only_port_is_opened_whole(lab: Lab) -> None:
    text = "ports: [{number: 8080, name: http, metrics: /metrics}]"

    assert "takes plaintext from every pod" in words(text, policy("outside"))["port-opened-for-metrics"]
    with deployed(lab, text, policy("outside")) as on:
        answer = from_outside(on, (on.workload(ORDERS).pod, 8080), Ask("orders", "/orders"))
        assert answer.status == 200


def test_metrics_of_a_port_of_their_own_are_not_reachable_from_outside(lab: Lab) -> None:
    with deployed(lab, OWN_PORT, policy("outside")) as on:
        assert from_the_internet(on, "/metrics") == (200, {8080})


# What applications may take for /metrics: as it is, encoded, with dot segments, repeated or encoded slashes, in
# another case, with parameters of a segment, climbing up to it, and what is below it.
SPELLINGS = (
    *(
        "/metrics",
        "/metrics/",
        "/metrics/x",
        "/metrics?x=1",
        "//metrics",
        "///metrics//",
        "/\\metrics",
        "/metrics\\",
    ),
    *("/%6detrics", "/metric%73", "/./metrics", "/%2e/metrics", "/x/../metrics", "/x/%2e%2e/metrics"),
    *("/METRICS", "/Metrics/x", "/metrics;x", "/metrics;x=1/y", "/;/metrics", "/;x/metrics"),
    *("/x/..;/metrics", "/x/y/..;a=b/%2e%2e;/metrics/x", "/x/..%2fmetrics", "/x%2F..%2fmetrics"),
    *("/metrics%2f", "/metrics%2Fx", "/%2fmetrics", "/%2F/metrics", "http://orders.example.com/metrics"),
)


def test_metrics_of_a_routed_port_are_not_reachable_from_outside(lab: Lab) -> None:
    assert errors(ROUTED_PORT, policy("outside")) == {"metrics-on-routed-port"}
    assert errors(ROUTED_PORT, policy("sidecar")) == set()
    with deployed(lab, ROUTED_PORT, policy("sidecar")) as on:
        assert scraped(on, 8080, WITH_CERTIFICATE) == READ
        assert {path: from_the_internet(on, path) for path in SPELLINGS} == dict.fromkeys(SPELLINGS, (404, set()))
        for path in ("/metricsx", "/metrics.json", "/x/metrics", "/metric", "/x;/y"):
            assert from_the_internet(on, path) == (200, {8080})


# Items by which requests from outside might come to /metrics of the application: the paths that are cut, one not.
REWRITES = {
    "a prefix away": (
        "[{path: /api, rewritePath: /}]",
        ["/api/metrics", "/api//METRICS", "/api/metrics;x"],
        "/api/x",
    ),
    "onto it": ("[{path: /m, pathType: Exact, rewritePath: /metrics}, {path: /x}]", ["/m", "/m?x=1"], "/x"),
    "of everything": ("[{path: /, rewritePath: /v2}, {path: /ops, rewritePath: /}]", ["/ops/metrics"], "/metrics"),
    "with conditions": ("[{path: /, methods: [GET]}]", ["/metrics", "/Metrics"], "/x"),
    "beside what is listed": (
        "[{path: /a, rewritePath: /}]\n  unlistedPaths: allow",
        ["/metrics", "/a/metrics", "/a;x/metrics"],
        "/b",
    ),
}


@pytest.mark.parametrize(("items", "hidden", "served"), REWRITES.values(), ids=REWRITES)
def test_nor_by_way_of_a_rewrite(items: str, hidden: list[str], served: str, lab: Lab) -> None:
    text = f"{ROUTED_PORT}  pathConfiguration: {items}\n"
    text = text.replace("externalRouting: {port: http}", "externalRouting:\n  port: http")

    with deployed(lab, text, policy("sidecar")) as on:
        assert {path: from_the_internet(on, path) for path in hidden} == dict.fromkeys(hidden, (404, set()))
        assert from_the_internet(on, served) == (200, {8080})


BEHIND_A_PROXY = """
ports: [{number: 8080, name: http, metrics: /metrics}, {number: 9090, name: http-metrics, metrics: /metrics}]
internalRouting:
  port: http
  forwardedHosts: [www.example.com, "*.shop.example.com"]
  pathConfiguration: [{path: /ops, rewritePath: /}]
"""


def test_nor_by_way_of_a_proxy_that_forwards_the_host(lab: Lab) -> None:
    paths = ("/metrics", "//METRICS", "/metrics;x", "/ops/metrics", "/metricsx", "/orders")

    assert errors(BEHIND_A_PROXY, policy("sidecar")) == set()
    with deployed(lab, BEHIND_A_PROXY, policy("sidecar")) as on:

        def answers(host: str, port: int) -> list[int]:
            to = (on.workload(ORDERS).vip, port)
            return [from_pod(on, CALLER, to, Ask(host, path)).status for path in paths]

        for host in ("www.example.com", "www.example.com:8080", "WWW.example.com", "a.b.shop.example.com:80"):
            assert answers(host, 8080) == [404, 404, 404, 404, 200, 200]
        assert answers("www.example.com", 9090) == [404, 404, 404, 200, 200, 200]
        assert answers("orders.shop.svc.cluster.local", 8080) == [200] * len(paths)
        assert scraped(on, 8080, WITH_CERTIFICATE) == READ


def test_metrics_at_the_root_of_a_port_leave_nothing_of_it_outside(lab: Lab) -> None:
    assert errors(AT_THE_ROOT, policy("sidecar")) == {"metrics-hide-everything"}
    with deployed(lab, AT_THE_ROOT, policy("sidecar")) as on:
        answers = [from_the_internet(on, path) for path in ("/orders", "/admin", "/admin/x")]
        assert answers == [(200, {8080}), (404, set()), (404, set())]


def test_beside_the_metrics_of_their_port_everything_is_reachable(lab: Lab) -> None:
    assert errors(CHOSEN, policy("sidecar")) == {"metrics-port-exposed"}
    with deployed(lab, CHOSEN, policy("sidecar")) as on:
        answers = [from_the_internet(on, path) for path in ("/metrics", "/orders", "/debug")]
        assert answers == [(404, set()), (200, {9090}), (200, {9090})]


def test_an_excluded_port_is_read_in_plain_text(lab: Lab) -> None:
    assert errors(EXCLUDED_PORT, policy("outside")) == set()
    assert "no sidecar sees port" in words(EXCLUDED_PORT, policy("sidecar"))["uncertain-scrape"]
    with deployed(lab, EXCLUDED_PORT, policy("outside")) as on:
        assert scraped(on, 9090) == READ
        assert scraped(on, 9090, WITH_CERTIFICATE) == f"{NOTHING} TLS bytes"
        assert scraped(on, 8080) == NOTHING
        assert from_inside(on, 9090) == 200


@pytest.mark.parametrize("mode", ["STRICT", "PERMISSIVE"])
def test_a_gateway_that_passes_tls_through_hides_nothing(mode: str, lab: Lab) -> None:
    text = "ports: [{number: 8443, name: https, metrics: /metrics}]\nexternalRouting: {port: https}"
    facts = policy("outside", mode, gateway="passthrough")
    ask = Ask("orders.example.com", "/metrics", headers={"x-case": "passed"})

    assert errors(text, facts) == {"metrics-behind-passthrough"}
    with deployed(lab, text, facts) as on:
        assert through_gateway_tls(on, GATEWAY, ask, Speaks("orders.example.com")).status == 200
        assert [seen.path for seen in on.backs.seen["passed"]] == ["/metrics"]


@pytest.mark.parametrize("bypassed", ["false", "true"])
def test_metrics_of_an_https_port_that_takes_any_caller_in(bypassed: str, lab: Lab) -> None:
    """A gateway speaks TLS to it, or no sidecar sees it: the application gets the scraper's TLS as it is."""
    text = f"""
ports: [{{number: 8443, name: https, metrics: /metrics, bypassMesh: {bypassed}, tls: {{serverName: backend}}}}]
externalRouting: {{port: https}}
"""

    assert words(text, policy("sidecar")) == {}
    with deployed(lab, text, policy("sidecar")) as on:
        for speaks in (WITH_CERTIFICATE, IN_HTTP2, WITHOUT_CERTIFICATE):
            assert scraped(on, 8443, speaks) == READ
        assert from_the_internet(on, "/metrics") == (404, set())
        assert from_the_internet(on, "/orders") == (200, {8443})


# What Prometheus gets of a declared port that speaks HTTP/2 to the application, with and without mesh certificates.
IN_HTTP2_ONLY = {"sidecar": ["0", "200 GET HTTP/2", "200 GET HTTP/2"], "outside": ["200 GET HTTP/2", "0", "0"]}


@pytest.mark.parametrize("name", ["http2-metrics", "grpc"])
@pytest.mark.parametrize("prometheus", IN_HTTP2_ONLY)
def test_a_port_whose_application_is_spoken_to_in_http2(prometheus: str, name: str, lab: Lab) -> None:
    text = OWN_PORT.replace("http-metrics", name)

    assert errors(text, policy(prometheus)) == set()
    with deployed(lab, text, policy(prometheus)) as on:
        found = [scraped(on, 9090, speaks) for speaks in (None, WITH_CERTIFICATE, IN_HTTP2)]
        assert found == IN_HTTP2_ONLY[prometheus]


def test_merging_is_asked_for_by_annotations() -> None:
    facts = policy("merged")

    assert errors(OWN_PORT, facts) == set()
    assert TARGET.render(service_of(OWN_PORT, facts), facts).chart_facts[-3:] == (
        'pod annotation prometheus.io/scrape: "true"',
        'pod annotation prometheus.io/port: "9090"',
        "pod annotation prometheus.io/path: /metrics",
    )


# What the pod answers in plain text, with a mesh certificate (HTTP/1.1, HTTP/2) and over TLS without one. A port
# that is not declared HTTP hands HTTP/2 on as it came, which most applications do not speak; TLS that is not the
# mesh's is reset, or reaches the application as it is.
REPORTED = {
    ("HTTP", "STRICT"): [NOTHING, READ, READ, NOTHING],
    ("HTTP", "PERMISSIVE"): [READ, NOTHING, NOTHING, NOTHING],
    ("HTTP", "DISABLE"): [READ, NOTHING, NOTHING, NOTHING],
    ("TCP", "STRICT"): [NOTHING, READ, "200 GET HTTP/2", NOTHING],
    ("TCP", "PERMISSIVE"): [READ, "0 TLS bytes", "0 TLS bytes", "0 TLS bytes"],
    ("TCP", "DISABLE"): [READ, "0 TLS bytes", "0 TLS bytes", "0 TLS bytes"],
    ("undeclared", "STRICT"): [NOTHING, READ, "200 GET HTTP/2", NOTHING],
    ("undeclared", "PERMISSIVE"): [READ, "0 TLS bytes", "0 TLS bytes", "0 TLS bytes"],
    ("undeclared", "DISABLE"): [READ, "0 TLS bytes", "0 TLS bytes", "0 TLS bytes"],
}


@pytest.mark.parametrize(("protocol", "mode"), REPORTED)
def test_what_the_reporters_saw(protocol: str, mode: str, lab: Lab) -> None:
    port = ServicePort(9090, f"{protocol.lower()}-metrics", protocol, 9090)
    orders = Workload("orders", "shop", 0, (port,), {"app": "orders"})
    around = world(policy("sidecar", mode), (), [orders])
    if protocol == "undeclared":
        kept = tuple(text for text in around.documents if '"kind": "Service"' not in text)
        around = around._replace(documents=kept)

    with cluster(lab, around, [ORDERS]) as on:
        speaks = (None, WITH_CERTIFICATE, IN_HTTP2, WITHOUT_CERTIFICATE)
        assert [scraped(on, 9090, each) for each in speaks] == REPORTED[protocol, mode]


def test_a_finding_says_why_not_and_what_to_do() -> None:
    tcp = OWN_PORT.replace("http-metrics", "tcp-metrics")

    assert errors(tcp, policy("sidecar")) == {"metrics-not-http"}
    assert "a port of their own" in words(ROUTED_PORT, policy("outside"))["metrics-on-routed-port"]
    assert "refused" in words(OWN_PORT, policy("sidecar", "PERMISSIVE"))["uncertain-scrape"]
