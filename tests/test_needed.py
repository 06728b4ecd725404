import pytest

from meshguard.diagnostic import ROOT, UserError, ValuePath
from meshguard.model import build
from meshguard.needed import Reach, namespace_of, pod_labels, reach, service_name
from meshguard.policy import Facts, Identity, build_policy, facts_for
from tests.tree import tree

PUBLIC = 'gateways: {public: {gateway: ingress/public, hostTemplate: "{service}.{env}.example.com"}}'
AT = ValuePath(("ports", 0, "tls"))


def facts(policy: str = "version: 1", **identity: str) -> Facts:
    return facts_for(build_policy(tree(policy)), Identity(**identity), "2030-01-01")


def reached(section: str, known: Facts) -> tuple[Reach, ...]:
    routing = build(tree(f"externalRouting: {section}"), ROOT, known).external
    assert routing is not None
    return reach(routing, known)


def test_what_is_known_is_given() -> None:
    known = facts(PUBLIC, service="orders", env="prod", namespace="checkout-prod")

    assert service_name(known) == "orders"
    assert namespace_of(known) == "checkout-prod"
    assert reached("{}", known) == (Reach(known.gateways["public"], ("orders.prod.example.com",)),)


def test_labels_are_filled_and_sorted() -> None:
    known = facts('podLabels: {b: "{service}", a: fixed}', service="orders")

    assert list(pod_labels(AT, known).items()) == [("a", "fixed"), ("b", "orders")]


def test_a_service_without_a_name() -> None:
    with pytest.raises(UserError) as refused:
        service_name(facts())

    assert str(refused.value) == (
        "the service has no name; give it as `helm meshguard render NAME`, or in the policy:\n"
        "\n"
        "  services:\n"
        "    - values: services/{service}/values.yaml\n"
        '      name: "{service}"'
    )


@pytest.mark.parametrize("name", ["orders_api", "Orders", "1orders", "orders-", "o" * 64, "orders.shop"])
def test_a_name_that_no_service_can_have(name: str) -> None:
    with pytest.raises(UserError) as refused:
        service_name(facts(service=name))

    assert str(refused.value) == (
        f"'{name}' cannot be the name of a Service; write lower-case letters, digits and dashes, a letter first"
    )


@pytest.mark.parametrize("namespace", ["Shop", "shop_", "-shop", "../shop", "s" * 64, "shop.prod", "\x1b[2J"])
def test_a_namespace_that_no_cluster_has(namespace: str) -> None:
    with pytest.raises(UserError) as refused:
        namespace_of(facts(namespace=namespace))

    assert str(refused.value) == (
        f"'{namespace}' cannot be a namespace; write lower-case letters, digits and dashes"
    )


def test_a_service_without_a_namespace() -> None:
    with pytest.raises(UserError) as refused:
        namespace_of(facts())

    assert str(refused.value) == (
        "the namespace of the service is not known; say it with `-n NAMESPACE` or `--env ENV`, or in the"
        " policy:\n"
        "\n"
        "  services:\n"
        "    - values: services/{service}/values.yaml\n"
        "      environments:\n"
        "        prod: {namespace: my-namespace, cluster: my-cluster}"
    )


GATEWAY_LINES = """

  gateways:
    public:
      gateway: istio-ingress/public
      hostTemplate: "{service}.example.com\""""


TWO = "gateways: {a: {gateway: x/a}, b: {gateway: x/b}}"
NO_GATEWAY = "'externalRouting' needs a gateway, and the policy has none; nothing is made up, so it needs:"
NO_GATEWAYS = NO_GATEWAY.replace("' needs a gateway", ".visibility' names gateway 'nowhere'")
UNKNOWN = "'externalRouting.visibility' names gateway 'nowhere', which the policy does not have; it has a, b"
NO_DEFAULT = (
    "'externalRouting' has no `visibility` and no gateway is the default; write one of a, b,"
    " or `default: true` at one of them in the policy"
)
NO_HOST = (
    "'externalRouting' has no host: gateway 'a' has no hostTemplate, and nothing is made up;"
    " write `hosts` in the values, or in the policy:"
    '\n\n  gateways:\n    a:\n      gateway: x/y\n      hostTemplate: "{service}.example.com"'
)


@pytest.mark.parametrize(
    ("section", "policy", "message"),
    [
        ("{}", "version: 1", NO_GATEWAY + GATEWAY_LINES),
        ("{visibility: nowhere}", "version: 1", NO_GATEWAYS + GATEWAY_LINES.replace("public:", "nowhere:")),
        ("{visibility: nowhere}", TWO, UNKNOWN),
        ("{}", TWO, NO_DEFAULT),
        ("{}", "gateways: {a: {gateway: x/y}}", NO_HOST),
    ],
)
def test_a_section_that_no_gateway_serves(section: str, policy: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        reached(section, facts(policy))

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("word", "said", "line"),
    [
        ("service", "NAME", '      name: "{service}"'),
        ("team", "--team TEAM", '      team: "{team}"'),
        ("env", "--env ENV", "        prod: {namespace: my-namespace, cluster: my-cluster}"),
        ("namespace", "-n NAMESPACE", "        prod: {namespace: my-namespace, cluster: my-cluster}"),
        (
            "cluster",
            "--env ENV, of an environment with a cluster",
            "        prod: {namespace: my-namespace, cluster: my-cluster}",
        ),
    ],
)
def test_a_word_that_is_not_known(word: str, said: str, line: str) -> None:
    known = facts(
        f'{{gateways: {{a: {{gateway: x/a, hostTemplate: "{{{word}}}.x"}}}}, podLabels: {{l: "{{{word}}}"}}}}'
    )
    with pytest.raises(UserError) as of_host:
        reached("{}", known)
    with pytest.raises(UserError) as of_label:
        pod_labels(AT, known)

    unknown = f"{{{word}}}, which is not known; say it with `{said}`, or in the policy:"
    lines = str(of_host.value).split("\n")
    assert lines[0] == f"the hostTemplate '{{{word}}}.x' of gateway 'a' needs {unknown}"
    assert lines[-1] == line
    assert str(of_label.value).split("\n")[0] == f"the podLabels '{{{word}}}' need {unknown}"


def test_the_lines_for_a_team() -> None:
    with pytest.raises(UserError) as refused:
        reached("{}", facts('gateways: {a: {gateway: x/a, hostTemplate: "{team}.x"}}'))

    assert str(refused.value).split("\n")[2:] == [
        "  services:",
        "    - values: teams/{team}/{service}/values.yaml",
        '      name: "{service}"',
        '      team: "{team}"',
    ]


def test_labels_that_nobody_said() -> None:
    with pytest.raises(UserError) as refused:
        pod_labels(AT, facts(service="orders"))

    assert str(refused.value) == (
        "'ports[0].tls' needs a setting for its pods alone, and their labels are not known; the policy needs:\n"
        "\n"
        '  podLabels: {app.kubernetes.io/name: "{service}"}'
    )
