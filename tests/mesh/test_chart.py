"""What charts/webservice deploys for the examples, and what is rendered for them: Istio has nothing to say."""

from pathlib import Path

import pytest

from tests.charts.test_webservice import EXPECTED
from tests.mesh.by_hand import NEXT
from tests.mesh.check import CALLER, FALSE_ALARMS
from tests.mesh.given import everything, rendered
from tests.mesh.istio import Call, Istio, Mesh, analyze, simulate
from tests.mesh.world import sidecar, world

DEPLOYED = {
    "example quickstart values.yaml": EXPECTED / "three-keys.yaml",
    "example shop teams/checkout/services/orders/values-prod.yaml": EXPECTED / "shop-prod.yaml",
}


def documents_of(name: str, chart: Path, istio: Istio) -> list[str]:
    """Give what the chart deploys (into the namespace `shop`), what is rendered, and the gateways before it."""
    (given,) = (found for found in everything() if found.name == name)
    facts = given.facts._replace(identity=given.facts.identity._replace(namespace="shop"))
    site = rendered(given._replace(facts=facts), istio.minor)
    assert site is not None
    others = [
        NEXT,
        NEXT._replace(name="orders-shadow", labels={"app": "orders-shadow"}),
    ]  # of the example, elsewhere
    return [
        *world(facts, (), others).documents,
        *chart.read_text().split("\n---\n"),
        *(manifest.text for manifest in site.rendered.manifests),
    ]


@pytest.mark.parametrize(("name", "chart"), DEPLOYED.items(), ids=("three keys", "shop"))
def test_the_analyzers_have_nothing_to_say(name: str, chart: Path, istio: Istio) -> None:
    found = analyze(istio, documents_of(name, chart, istio))

    assert [said for said in found if said.level != "Info" and said.code not in FALSE_ALARMS] == []


def test_the_analyzers_look_at_what_the_chart_deploys(istio: Istio) -> None:
    documents = documents_of(*next(iter(DEPLOYED.items())), istio)
    without = [text for text in documents if "\nkind: Service\n" not in text]

    assert len(without) == len(documents) - 1
    assert "IST0101" in {said.code for said in analyze(istio, without)}


def test_calls_reach_the_port_of_the_chart_as_http(istio: Istio) -> None:
    documents = documents_of(*next(iter(DEPLOYED.items())), istio)
    addressed = [text.replace("type: ClusterIP", "type: ClusterIP\n  clusterIP: 127.1.12.1") for text in documents]
    call = Call("127.1.12.1", 8080, "orders.shop")

    assert simulate(istio, addressed, sidecar(CALLER), Mesh(), [call]) == (
        "outbound|8080||orders.shop.svc.cluster.local",
    )
