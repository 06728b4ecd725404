"""What is rendered is read again: each way in which it could be wrong is found, at the value that asked for it."""

from collections.abc import Callable

import pytest

from meshguard.diagnostic import Finding
from meshguard.policy import Facts
from meshguard.targets import Manifest, Rendered
from meshguard.targets.istio import TARGET
from tests.targets.istio.given import POLICY, facts_of, rendered_of

VALUES = """
ports:
  - {number: 8080, name: http}
  - {number: 8443, name: https, tls: {serverName: orders.internal.example.com}}
externalRouting:
  hosts: [orders.example.com]
  port: http
  pathConfiguration:
    - path: /a
      retryOn: connect-failure
      retryBackoff: 50ms
      backends: [{service: orders, weight: 95}, {service: orders-next, weight: 5}]
      cors: {allowOrigins: ["https://*.example.com"], allowMethods: ["*"]}
      requestHeaders: {set: {x-a: b}}
    - {path: "/v[0-9]+", pathType: Regex, retryAttempts: 0}
    - {path: /b, port: https}
internalRouting: {timeout: 2s}
resilience: {loadBalancing: random}
upstreams:
  - {host: legacy.example.com, ports: [{number: 80, protocol: HTTP, originateTLS: {}}]}
"""
PASSTHROUGH = """
gateways: {sni: {gateway: istio-ingress/sni, tls: passthrough}}
"""
UNSAFE = "is not safe to apply"


def faults_of(rendered: Rendered, facts: Facts) -> list[str]:
    return [found.message for found in TARGET.verify(rendered, facts)]


def changed(rendered: Rendered, kind: str, change: Callable[[str], str]) -> Rendered:
    """Change the text of the first manifest of a kind."""
    first = next(manifest for manifest in rendered.manifests if manifest.kind == kind)
    text = change(first.text)
    assert text != first.text
    return replaced(rendered, first, first._replace(text=text))


def replaced(rendered: Rendered, old: Manifest, new: Manifest) -> Rendered:
    return rendered._replace(manifests=tuple(new if found is old else found for found in rendered.manifests))


def test_what_is_rendered_is_safe() -> None:
    assert TARGET.verify(rendered_of(VALUES), facts_of()) == ()


def test_a_fault_is_at_the_value_that_asked() -> None:
    rendered = changed(rendered_of(VALUES), "ServiceEntry", lambda text: text.replace("DNS", "MAGIC"))
    entry = next(manifest for manifest in rendered.manifests if manifest.kind == "ServiceEntry")

    assert str(entry.at) == "upstreams[0]"
    assert TARGET.verify(rendered, facts_of())[0] == Finding(
        entry.at,
        "the rendered ServiceEntry 'orders.legacy.example.com' is not safe to apply:"
        " spec.resolution: 'MAGIC' is not one of ['DNS', 'NONE']",
    )


SHAPE = (
    ("VirtualService", "  hosts:", "  stray: true\n  hosts:", "stray"),
    ("VirtualService", "  gateways:", "  gateways: []\n  others:", "others"),
    ("VirtualService", "attempts: 0", "attempts: 0\n        retryOn: reset", "retryOn"),
    ("VirtualService", "retryOn: connect-failure", 'retryOn: "5xx, reset"', "5xx, reset"),
    ("VirtualService", "retryOn: connect-failure", "retryOn: 503", "503"),
    ("VirtualService", "timeout: 15s", "timeout: 0s", "0s"),
    ("VirtualService", "x-a: b", 'x-a: "%ENVIRONMENT(HOME)%"', "%ENVIRONMENT(HOME)%"),
    ("VirtualService", "x-a: b", 'x-a: "b\\n"', "its schema refuses it"),
    ("VirtualService", "prefix: /a/", "prefix: /a", "/a"),
    ("VirtualService", "number: 8080", "number: 0", "0"),
    ("VirtualService", "weight: 95", "weight: 950", "950"),
    ("VirtualService", "/v[0-9]+", "/v" + "x" * 12_000, "too long"),
    ("VirtualService", 'regex: "^https', 'regex: "https', "https"),
    ("DestinationRule", "mode: SIMPLE", "mode: ISTIO_MUTUAL", "ISTIO_MUTUAL"),
    ("DestinationRule", "          sni: legacy.example.com\n", "", "subjectAltNames"),
    (
        "DestinationRule",
        "caCertificates: system",
        "caCertificates: /etc/ca.crt",
        "tls.caCertificates: 'system' was expected",
    ),
    ("DestinationRule", "caCertificates: system", "caCertificates: system\n          credentialName: ca", "system"),
    ("DestinationRule", "number: 80\n", "number: 70000\n", "70000"),
    (
        "ServiceEntry",
        "location: MESH_EXTERNAL",
        "location: MESH_INTERNAL",
        "spec.location: 'MESH_EXTERNAL' was expected",
    ),
    ("ServiceEntry", "    - legacy.example.com", '    - "*.example.com"', "*.example.com"),
    ("ServiceEntry", "  location:", "  addresses: [198.51.100.0/24]\n  location:", "198.51.100.0/24"),
    ("ServiceEntry", '- "."', '- "*"', "spec.exportTo: ['.'] was expected"),
    ("PeerAuthentication", "mode: PERMISSIVE", "mode: DISABLE", "8443.mode: 'PERMISSIVE' was expected"),
    ("PeerAuthentication", "8443:", "port:", "port"),
    ("PeerAuthentication", "app.kubernetes.io/name: orders", "app.kubernetes.io/name: ''", "does not match"),
)


@pytest.mark.parametrize(("kind", "old", "new", "words"), SHAPE)
def test_shape_is_tight(kind: str, old: str, new: str, words: str) -> None:
    order = {"DestinationRule": "orders.legacy.example.com"}
    rendered = rendered_of(VALUES)
    first = next(
        manifest
        for manifest in rendered.manifests
        if (manifest.kind, manifest.name) == (kind, order.get(kind, "orders"))
        or (kind == "ServiceEntry" and manifest.kind == kind)
    )
    assert old in first.text
    found = faults_of(replaced(rendered, first, first._replace(text=first.text.replace(old, new, 1))), facts_of())

    assert UNSAFE in found[0]
    assert words in found[0]


FORWARDED = """
ports: [{number: 80, name: http, metrics: /metrics}]
internalRouting: {port: http, forwardedHosts: [shop.example.com]}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: 404", "status: 200", "404 was expected"),
        ("(?i)shop", "(?i).*shop", "does not match"),
        ("(?i)shop", "(?i)[^:]+|shop", "does not match"),
        ("          authority:", "          method:", "authority"),
        (
            "    - match:\n        - port: 80\n      route",
            "    - match:\n        - port: 80\n          authority: {regex: a}\n      route",
            "authority",
        ),
    ],
)
def test_the_hosts_that_metrics_are_hidden_from_are_those_that_are_forwarded(
    old: str, new: str, words: str
) -> None:
    rendered = rendered_of(FORWARDED, POLICY.replace("prometheus: outside", "prometheus: sidecar"))
    (mesh,) = (found for found in rendered.manifests if found.name == "orders.mesh")

    assert TARGET.verify(rendered, facts_of()) == ()
    assert old in mesh.text
    found = faults_of(replaced(rendered, mesh, mesh._replace(text=mesh.text.replace(old, new, 1))), facts_of())
    assert words in found[0]


@pytest.mark.parametrize("text", ["a: [", "", "- a", "a: b\n---\nkind: Secret\n", "\x00"])
def test_text_is_one_document(text: str) -> None:
    rendered = rendered_of(VALUES)
    first = rendered.manifests[0]

    assert faults_of(replaced(rendered, first, first._replace(text=text)), facts_of()) == [
        "the rendered PeerAuthentication 'orders' is not safe to apply: it is not one YAML document"
    ]


def test_object_is_the_one_that_is_listed() -> None:
    rendered = rendered_of(VALUES)
    first = rendered.manifests[0]

    assert faults_of(replaced(rendered, first, first._replace(name="other")), facts_of()) == [
        "the rendered PeerAuthentication 'other' is not safe to apply: its metadata is that of another object"
    ]


def test_two_objects_of_one_name() -> None:
    rendered = rendered_of(VALUES)
    twice = rendered._replace(manifests=(*rendered.manifests, rendered.manifests[0]))

    assert faults_of(twice, facts_of()) == [
        "the rendered PeerAuthentication 'orders' is not safe to apply: there is another one of that name"
    ]


OLD = POLICY.replace('"1.31"', '"1.22"')
RULES = (
    ("weight: 95", "weight: 90", "spec.http[2]: the weights sum to 95"),
    ("- orders.example.com", '- orders.example.com\n    - "*.example.com"', "'orders.example.com' is covered by"),
    ("istio-ingress/public", "istio-ingress/nowhere", "there is no gateway 'istio-ingress/nowhere'"),
    ("/v[0-9]+", r"/\p{Letter}", "does not know a class or code point of '/\\p{Letter}'"),
    ("/v[0-9]+", r"/\pX", "does not know a class or code point of '/\\pX'"),
    ("/v[0-9]+", r"/\x{1F600}", "does not know a class or code point of '/\\x{1F600}'"),
    ("networking.istio.io/v1", "networking.istio.io/v1beta1", "v1beta1 is not the API version of this mesh"),
)


@pytest.mark.parametrize(("old", "new", "words"), RULES)
def test_what_no_schema_can_say(old: str, new: str, words: str) -> None:
    rendered = changed(rendered_of(VALUES), "VirtualService", lambda text: text.replace(old, new, 1))
    found = faults_of(rendered, facts_of())

    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("text", [r"/\p{Lu}\p{^Greek}\PN\x{e9}\x41", r"/\\p{Letter}", r"/\d+"])
def test_classes_that_the_proxy_knows(text: str) -> None:
    rendered = changed(rendered_of(VALUES), "VirtualService", lambda found: found.replace("/v[0-9]+", text))

    assert faults_of(rendered, facts_of()) == []


def test_fields_that_came_later() -> None:
    rendered = changed(
        rendered_of(VALUES),
        "VirtualService",
        lambda text: text.replace("connect-failure\n", "reset-before-request\n"),
    )

    found = {message.rpartition(": ")[2] for message in faults_of(rendered, facts_of(OLD))}

    assert found == {
        "retries.backoff came with Istio 1.26",
        "reset-before-request came with Istio 1.23",
        "corsPolicy.unmatchedPreflights came with Istio 1.23",
        "a star in corsPolicy.allowMethods came with Istio 1.26",
    }


def test_sni_hosts_are_hosts() -> None:
    facts = facts_of(PASSTHROUGH)
    values = "ports: [{number: 8443, name: tls}]\nexternalRouting: {hosts: [a.example.com]}\n"
    rendered = changed(
        rendered_of(values, PASSTHROUGH),
        "VirtualService",
        lambda text: text.replace("            - a.", "            - b."),
    )

    assert faults_of(rendered, facts) == [
        "the rendered VirtualService 'orders' is not safe to apply: 'b.example.com' is no host of it"
    ]


def of_rule(rendered: Rendered, name: str, old: str, new: str) -> list[str]:
    rule = next(m for m in rendered.manifests if m.kind == "DestinationRule" and m.name == name)
    assert old in rule.text
    return faults_of(replaced(rendered, rule, rule._replace(text=rule.text.replace(old, new))), facts_of())


def test_ports_repeat_what_holds_for_the_host() -> None:
    found = of_rule(
        rendered_of(VALUES), "orders.checkout-prod", "        loadBalancer:\n          simple: RANDOM\n", ""
    )

    assert [message.rpartition(": ")[2] for message in found] == [
        "port 8443 does not repeat what holds for the host"
    ]


def test_ports_are_said_once() -> None:
    twice = """      - port:
          number: 80
        tls:
          mode: DISABLE
      - port:
"""
    found = of_rule(rendered_of(VALUES), "orders.legacy.example.com", "      - port:\n", twice)

    assert [message.rpartition(": ")[2] for message in found] == ["port 80 is there twice"]


def test_rules_for_hosts_outside_have_an_entry() -> None:
    rendered = rendered_of(VALUES)
    without = rendered._replace(manifests=tuple(m for m in rendered.manifests if m.kind != "ServiceEntry"))

    found = faults_of(without, facts_of())

    assert [message.rpartition(": ")[2] for message in found] == ["no ServiceEntry declares 'legacy.example.com'"]


def test_rules_for_hosts_outside_speak_of_declared_ports() -> None:
    found = of_rule(rendered_of(VALUES), "orders.legacy.example.com", "number: 80\n", "number: 443\n")

    assert [message.rpartition(": ")[2] for message in found] == ["its ServiceEntry does not declare port 443"]


def test_a_key_too_long_for_readers_is_a_finding() -> None:
    values = f"""
ports: [{{number: 8080, name: http}}]
externalRouting:
  pathConfiguration:
    - path: /
      queryParams:
        ? {"q" * 1100}
        : "1"
"""

    assert faults_of(rendered_of(values), facts_of()) == [
        "the rendered VirtualService 'orders' is not safe to apply: it is not one YAML document"
    ]


def test_a_range_beside_a_name_is_a_finding() -> None:
    values = """
ports: [{number: 8080, name: http}]
upstreams: [{host: db.example.com, ports: [{number: 5432, protocol: TCP}], addresses: [198.51.100.0/24]}]
"""
    found = TARGET.verify(rendered_of(values), facts_of())

    assert [str(finding.at) for finding in found] == ["upstreams[0]"]
    assert "'198.51.100.0/24' does not match" in found[0].message
