"""Everything that the project renders anywhere is admitted by Istio, and its analyzers are silent."""

from pathlib import Path

import pytest

from tests.mesh.check import complaints, refusals
from tests.mesh.given import Given, everything, rendered
from tests.mesh.istio import Istio, admit, analyze


@pytest.mark.parametrize("given", everything(), ids=lambda given: given.name)
def test_example_is_admitted_without_a_word(given: Given, istio: Istio, tmp_path: Path) -> None:
    site = rendered(given, istio.minor)
    found = () if site is None else (*complaints(istio, (site,)), *refusals(istio, (site,), tmp_path))

    assert "\n\n".join(found) == ""


def test_most_examples_can_be_rendered() -> None:
    found = everything()

    assert sum(rendered(given, "1.31") is not None for given in found) > 0.6 * len(found)
    assert {"golden s1", "golden contract"} <= {given.name for given in found}


BAD = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: bad, namespace: shop}
spec:
  hosts: [orders.shop.svc.cluster.local]
  http:
    - route: [{destination: {host: orders.shop.svc.cluster.local}}]
      retries: {attempts: 1, retryOn: "5xx, reset"}
"""


def test_istio_refuses_what_is_wrong(istio: Istio) -> None:
    refused, warning = admit(istio, BAD)

    assert "retryOn" in refused
    assert warning == ""


def test_istio_warns_of_a_rule_that_nothing_reaches(istio: Istio) -> None:
    shadowed = BAD.replace("5xx, reset", "5xx") + BAD.partition("http:\n")[2].replace("5xx, reset", "5xx")
    refused, warning = admit(istio, shadowed)

    assert refused == ""
    assert "not used" in warning


def test_analyzers_know_the_services(istio: Istio) -> None:
    found = analyze(istio, [BAD.replace("5xx, reset", "5xx")])

    assert [(message.code, message.level) for message in found] == [("IST0101", "Error")]
