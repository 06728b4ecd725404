"""Rendering as a whole: what it refuses, in which order it gives objects, and where it keeps compiled templates."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshguard.diagnostic import UserError, ValuePath
from meshguard.policy import Identity
from meshguard.targets.istio import TARGET
from meshguard.targets.istio.names import object_name
from meshguard.targets.istio.render import _environment, render
from tests.targets.istio.given import ORDERS, POLICY, facts_of, rendered_of, service_of

VALUES = """
ports: [{number: 8443, name: https, tls: {serverName: orders.internal.example.com}}, {number: 80, name: http}]
externalRouting: {port: https}
internalRouting: {}
resilience: {loadBalancing: random}
upstreams: [{host: api.example.com, ports: [{number: 80, protocol: HTTP, originateTLS: {}}]}]
"""


def test_order_is_one_in_which_it_is_safe_to_apply() -> None:
    assert [(found.kind, found.namespace, found.name, found.scope) for found in rendered_of(VALUES).manifests] == [
        ("PeerAuthentication", "checkout-prod", "orders", "service"),
        ("ServiceEntry", "checkout-prod", "orders.api.example.com", "service"),
        ("DestinationRule", "checkout-prod", "orders", "service"),
        ("DestinationRule", "checkout-prod", "orders.api.example.com", "service"),
        ("DestinationRule", "istio-ingress", "orders.checkout-prod", "platform"),
        ("VirtualService", "checkout-prod", "orders", "service"),
        ("VirtualService", "checkout-prod", "orders.mesh", "service"),
    ]


def test_rendering_again_gives_the_same() -> None:
    assert rendered_of(VALUES) == rendered_of(VALUES)


def test_objects_name_the_value_path_where_the_contract_stands() -> None:
    facts = facts_of()
    at = ValuePath(("umbrella", "web\nservice"))
    values = '{umbrella: {"web\\nservice": {ports: [{number: 80, name: http}], externalRouting: {}}}}'
    rendered = TARGET.render(service_of(values, facts, at), facts)

    assert [found.at for found in rendered.manifests] == [at / "externalRouting"]
    assert rendered.manifests[0].text.split("\n")[0] == '# "umbrella[\\"web\\nservice\\"].externalRouting"'
    assert TARGET.verify(rendered, facts) == ()


def test_policy_default_has_no_value_path() -> None:
    rendered = rendered_of("ports: [{number: 80, name: http}]", "defaults: {resilience: {loadBalancing: random}}")

    assert [(found.kind, found.at) for found in rendered.manifests] == [("DestinationRule", ())]


def test_a_port_past_the_sidecar_asks_nothing_of_it_and_needs_no_labels_of_pods() -> None:
    values = "ports: [{number: 8443, name: https, tls: {insecureSkipVerify: true}, bypassMesh: true}]"
    policy = "gateways: {public: {gateway: istio-ingress/public, hostTemplate: orders.example.com}}"
    rendered = rendered_of(f"{values}\nexternalRouting: {{}}", policy)

    assert [(found.kind, found.namespace) for found in rendered.manifests] == [
        ("DestinationRule", "checkout-prod"),
        ("DestinationRule", "istio-ingress"),
        ("VirtualService", "checkout-prod"),
    ]


def test_nothing_asked_for_is_nothing_rendered() -> None:
    rendered = rendered_of("ports: [{number: 80, name: http}]")

    assert rendered.manifests == ()
    assert rendered.chart_facts == ("Service port 80: name: http, targetPort: 80, appProtocol: http",)


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        (ORDERS._replace(service=None), "the service has no name"),
        (ORDERS._replace(namespace=None), "the namespace of the service is not known"),
    ],
)
def test_nothing_is_rendered_without_name_and_namespace(identity: Identity, message: str) -> None:
    with pytest.raises(UserError, match=message):
        rendered_of("ports: [{number: 80, name: http}]", POLICY, identity)


def test_labels_are_needed_for_single_ports() -> None:
    with pytest.raises(UserError, match=r"'ports\[0\].tls' needs a setting for its pods alone"):
        rendered_of(VALUES, POLICY.partition("podLabels")[0])


NO_CERTIFICATE = (
    "'ports[0]' terminates TLS itself and a gateway routes to it; write the name on its certificate:"
    " `tls: {serverName: ...}`"
)


@pytest.mark.parametrize(
    ("values", "policy", "message"),
    [
        (
            "ports: [{number: 80, name: http}, {number: 81, name: http-b}]\nexternalRouting: {}",
            POLICY,
            "'externalRouting' does not say which port its requests go to; write `port` with a port's name",
        ),
        (
            "ports: [{number: 80, name: http}]\nexternalRouting: {hosts: [a.example.com]}",
            "gateways: {sni: {gateway: istio-ingress/sni, tls: passthrough}}",
            "'externalRouting' does not say which port a passthrough gateway hands connections to",
        ),
        (
            "ports: [{number: 443, name: https}]\nexternalRouting: {}",
            POLICY,
            NO_CERTIFICATE,
        ),
    ],
)
def test_what_a_rule_would_have_found_is_refused(values: str, policy: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        rendered_of(values, policy)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("orders",), "orders"),
        (("orders", "mesh"), "orders.mesh"),
        (("orders", "*.example.com"), "orders.wildcard.example.com"),
        (("o" * 60, "ab"), f"{'o' * 60}.ab"),
        (("o" * 60, "abc"), f"{'o' * 54}-f11f07f5"),
        (("o" * 53, "example.com"), f"{'o' * 53}-2b36f2e8"),
    ],
)
def test_names_fit_a_label(parts: tuple[str, ...], expected: str) -> None:
    assert object_name(*parts) == expected


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let Python keep its bytecode in a directory of its own, as the launcher does."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "pyc"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    _environment.cache_clear()
    yield tmp_path / "pyc"
    _environment.cache_clear()


def test_compiled_templates_are_kept_beside_the_bytecode(own_cache: Path) -> None:
    facts = facts_of()
    first = render(service_of(VALUES, facts), facts)
    kept = sorted(path.relative_to(own_cache) for path in own_cache.rglob("__jinja2_*.cache"))
    _environment.cache_clear()

    assert render(service_of(VALUES, facts), facts) == first
    assert len(kept) == 6
    assert all(path.parts[-3:-1] == ("jinja2", "templates") for path in kept)


def test_a_cache_that_cannot_be_written_is_done_without(own_cache: Path) -> None:
    own_cache.write_text("in the way of a directory")

    assert rendered_of(VALUES).manifests[0].kind == "PeerAuthentication"


def test_nothing_is_kept_where_python_keeps_nothing_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", None)
    _environment.cache_clear()

    assert _environment(cached=True).bytecode_cache is None
    _environment.cache_clear()
