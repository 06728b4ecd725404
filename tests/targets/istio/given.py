"""Values and a policy as text in, the service, its facts and what is rendered of them out."""

from pathlib import Path

from meshguard.diagnostic import ROOT, ValuePath
from meshguard.model import Service, build
from meshguard.policy import Facts, Identity, build_policy, facts_for
from meshguard.schema import check, load_schema
from meshguard.targets import Rendered
from meshguard.targets.istio import TARGET
from tests.tree import tree

HERE = Path(__file__).parent
POLICY = (HERE / "policy.yaml").read_text()
ORDERS = Identity("orders", "checkout", "checkout-prod", "prod")


def facts_of(policy: str = POLICY, identity: Identity = ORDERS) -> Facts:
    node = tree(policy, ".meshguard.yaml")
    assert check(load_schema("policy"), node) == ()
    return facts_for(build_policy(node), identity, "2030-01-01")


def service_of(values: str, facts: Facts, at: ValuePath = ROOT) -> Service:
    node = tree(values)
    assert check(load_schema("values"), node, at) == ()
    return build(node, at, facts)


def rendered_of(values: str, policy: str = POLICY, identity: Identity = ORDERS) -> Rendered:
    facts = facts_of(policy, identity)
    return TARGET.render(service_of(values, facts), facts)


def texts_of(values: str, policy: str = POLICY) -> str:
    return "---\n".join(manifest.text for manifest in rendered_of(values, policy).manifests)
