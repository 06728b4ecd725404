"""Made-up services use everything that the contract has, so what is shown with them is shown of all of it."""

from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

from meshguard.node import plain
from tests.conftest import ROOT
from tests.mesh.generate import Site, sites
from tests.tree import tree

MAPS = {"headers", "queryParams", "set", "add", "pathOverrides"}  # whose keys are the team's own
EXAMPLE = ROOT / "examples" / "contract" / "values.yaml"
MORE = {  # what the example has in comments only
    "ports[].tls.clientCertificate",
    "ports[].tls.insecureSkipVerify",
    "resilience.sessionAffinity.cookie",
    "resilience.sessionAffinity.header",
    "resilience.sessionAffinity.ttl",
    "resilience.preferSameZone",
}


def fields(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from fields(item, f"{at}[]")
    elif isinstance(value, dict):
        for key, item in value.items():
            known = f"{at}.*" if at.rpartition(".")[2] in MAPS else f"{at}.{key}".lstrip(".")
            yield from fields(item, known)
    else:
        yield at


def made() -> tuple[Site, ...]:
    return tuple(site for seed in range(25) for site in sites(Random(seed), "1.31", 20))


def test_every_field_of_the_contract_is_used() -> None:
    wanted = set(fields(plain(tree(EXAMPLE.read_text())))) | MORE
    found = {field for site in made() for field in fields(yaml.safe_load(site.values))}

    assert sorted(wanted - found) == []


def test_services_are_the_same_for_a_seed() -> None:
    assert [site.values for site in sites(Random(7), "1.31", 5)] == [
        site.values for site in sites(Random(7), "1.31", 5)
    ]


def test_most_services_are_rendered_to_several_objects() -> None:
    counts = [len(site.rendered.manifests) for site in sites(Random(1), "1.27", 100)]

    assert sum(count >= 2 for count in counts) > 60
    assert {kind.kind for site in sites(Random(1), "1.27", 100) for kind in site.rendered.manifests} == {
        "DestinationRule",
        "PeerAuthentication",
        "ServiceEntry",
        "VirtualService",
    }
