import pytest

from meshguard.diagnostic import Severity, Span
from meshguard.node import plain
from meshguard.policy import (
    Defaults,
    Environment,
    Exemption,
    Facts,
    Gateway,
    Identity,
    Limits,
    Mesh,
    Policy,
    ServiceEntry,
    Site,
    Team,
    build_policy,
    facts_for,
    fill,
    retry_tokens,
    template_words,
    version,
)
from tests.tree import tree

TODAY = "2030-01-01"


def policy(text: str) -> Policy:
    return build_policy(tree(text, ".meshguard.yaml"))


def facts(text: str, identity: Identity = Identity()) -> Facts:  # noqa: B008 - frozen
    return facts_for(policy(text), identity, TODAY)


def test_an_empty_policy_has_the_safe_defaults() -> None:
    assert policy("{}") == Policy(file=".meshguard.yaml")


def test_facts_of_the_mesh() -> None:
    text = (
        "mesh: {istioVersion: '1.30.2', mtls: DISABLE, namespaces: {legacy: {mtls: PERMISSIVE}},\n"
        "  outboundTraffic: REGISTRY_ONLY, rootNamespace: root, clusterDomain: k8s.example, prometheus: merged}\n"
    )

    assert policy(text).sites[""].mesh == Mesh(
        istio_version=(1, 30),
        version_span=Span(".meshguard.yaml", 1, 22, 1, 30),
        mtls="DISABLE",
        namespaces={"legacy": "PERMISSIVE"},
        outbound_traffic="REGISTRY_ONLY",
        root_namespace="root",
        cluster_domain="k8s.example",
        prometheus="merged",
    )
    assert facts(text).mtls == "DISABLE"
    assert facts(text, Identity(namespace="legacy")).mtls == "PERMISSIVE"


GATEWAYS = """
gateways:
  public: {gateway: ingress/public, workloadNamespace: pods, tls: passthrough, hostTemplate: "{service}.example",
    maxTimeout: 60s, tlsOriginationIn: service}
  internal: {gateway: ingress/internal, default: true}
clusters:
  dev: {mesh: {istioVersion: "1.28"}, gateways: {public: {maxTimeout: 5s}}}
"""


def test_a_cluster_is_laid_over_the_policys_own_mesh() -> None:
    public = Gateway(
        "public",
        "ingress/public",
        "pods",
        tls="passthrough",
        host_template="{service}.example",
        max_timeout=60_000,
        tls_origination_in="service",
    )
    internal = Gateway("internal", "ingress/internal", "ingress", default=True)

    here = facts(GATEWAYS)
    assert here.gateways == {"public": public, "internal": internal}
    assert here.default_gateway == internal

    dev = facts(GATEWAYS, Identity(cluster="dev"))
    assert dev.gateways == {"public": public._replace(max_timeout=5000), "internal": internal}
    assert dev.mesh.istio_version == (1, 28)
    assert dev.mesh.version_span == Span(".meshguard.yaml", 7, 30, 7, 36)

    assert facts(GATEWAYS, Identity(cluster="moon")).gateways == here.gateways


def test_an_only_gateway_is_the_default() -> None:
    one = facts("gateways: {a: {gateway: n/a}}")
    assert one.default_gateway == one.gateways["a"]
    assert facts("gateways: {a: {gateway: n/a}, b: {gateway: n/b}}").default_gateway is None
    assert facts("{}").default_gateway is None


def test_defaults_and_limits() -> None:
    said = policy(
        "defaults: {timeout: none, retryOn: '5xx, reset', retryAttempts: 1, retryMethods: any,\n"
        "  unlistedPaths: allow, resilience: {loadBalancing: random}}\n"
        "limits: {retryAttempts: 1, timeout: {min: 1s, max: 2s}, worstCaseRetryTime: 3s, paths: 4,\n"
        "  regexPaths: allow, corsWildcardOrigin: allow, maxEjectionPercent: 10, mirrorPercent: 5}\n"
    )

    resilience = said.defaults.resilience
    assert resilience is not None
    assert plain(resilience) == {"loadBalancing": "random"}
    assert said.defaults == Defaults(None, ("5xx", "reset"), 1, "any", "allow", resilience)
    assert said.limits == Limits(1, 1000, 2000, 3000, 4, "allow", "allow", 10, 5)
    assert policy("defaults: {timeout: 1s}").defaults == Defaults(1000)


def test_teams() -> None:
    text = "teams: {a: {namespaces: [ns], visibility: [public], domains: [d], egress: [e], deny: [mirror]}, b: {}}"
    full = Team("a", ("ns",), ("public",), ("d",), ("e",), ("mirror",))

    assert policy(text).teams == {"a": full, "b": Team("b")}
    assert facts(text, Identity(team="a")).team == full
    assert facts(text, Identity(team="stranger")).team == Team("stranger", visibility=())
    assert facts(text).team is None
    assert facts("{}", Identity(team="a")).team is None


def test_services() -> None:
    text = """
services:
  - values: a/{s}.yaml
    name: "{s}"
    team: t
    chart: c
    at: web
    environments: {prod: {values: [p.yaml], namespace: ns, cluster: x}, dev: {}}
  - values: b.yaml
"""

    assert policy(text).services == (
        ServiceEntry(
            "a/{s}.yaml", "{s}", "t", "c", "web", (Environment("prod", ("p.yaml",), "ns", "x"), Environment("dev"))
        ),
        ServiceEntry("b.yaml"),
    )


def test_rules_locks_and_exemptions() -> None:
    said = policy("""
rules: {a-rule: info, b-rule: none}
locked: [c-rule]
exemptions:
  - {rule: r, service: s, port: p, path: /x, reason: why, approvedBy: me, expires: 2030-01-31}
""")

    assert said.severities == {"a-rule": Severity.INFO, "b-rule": None}
    assert said.locked == {"c-rule"}
    assert said.exemptions == (
        Exemption("r", "s", "why", "me", "2030-01-31", Span(".meshguard.yaml", 5, 84, 5, 94), "p", "/x"),
    )


@pytest.mark.parametrize(("text", "number"), [("1.30", (1, 30)), ("1.9", (1, 9)), ("1.30.2", (1, 30))])
def test_versions_are_numbers(text: str, number: tuple[int, int]) -> None:
    assert version(text) == number


def test_templates_say_which_words_are_missing() -> None:
    words = template_words(Identity("orders", None, "ns", cluster=""))

    assert fill("{service}.{namespace}.example", words) == ("orders.ns.example", ())
    assert fill("{service}.{team}.{cluster}", words) == ("orders.{team}.{cluster}", ("team", "cluster"))


@pytest.mark.parametrize(
    ("written", "tokens"),
    [("5xx, reset", ("5xx", "reset")), (503, ("503",)), (["connect-failure", 503], ("connect-failure", "503"))],
)
def test_retry_tokens_in_all_forms(written: str | int | list[str | int], tokens: tuple[str, ...]) -> None:
    assert retry_tokens(written) == tokens  # type: ignore[arg-type] # a list of both is plain, too


def test_the_base_site_needs_no_words() -> None:
    assert Policy().sites == {"": Site(Mesh(), {})}
