"""What Kubernetes' own code says of what charts/webservice makes of ports: where it refuses, so does a rule."""

import json
import random
from typing import Any

import pytest

from meshguard.diagnostic import ROOT
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.model import build
from meshguard.policy import Identity, Policy, facts_for
from meshguard.rule import Case
from tests.charts.conftest import OLD_NAME, Helm
from tests.charts.kubernetes import Kubernetes, Verdict, admit
from validators.duplicate_port import check

pytestmark = pytest.mark.helm

HTTP = {"number": 8080, "name": "http"}


def service(*ports: dict[str, Any], **more: Any) -> dict[str, Any]:
    header = {"name": "orders", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": header, "spec": {"ports": list(ports)}, **more}


def found_by_rule(ports: list[dict[str, Any]]) -> bool:
    """Tell whether duplicate-port has something to say of these ports."""
    facts = facts_for(Policy(), Identity(), "2030-01-01")
    node = load(json.dumps({"ports": ports}).encode(), "values.yaml", NEWEST_4).node
    return any(check(Case(build(node, ROOT, facts), facts)))


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        ({"number": 8080, "name": "grpc"}, "spec.ports[1]: Duplicate value"),
        ({"number": 9000, "name": "http"}, "spec.ports[1].name: Duplicate value"),
        ({"number": 9000, "name": "grpc"}, None),
    ],
)
def test_ports_with_one_name_or_one_number_are_refused(
    helm: Helm, second: dict[str, Any], fault: str | None
) -> None:
    rendered = helm.render_unchecked({"ports": [HTTP, second]})["Service"]
    said = admit(helm.kubernetes, rendered).refused

    assert [each[: len(fault or "")] for each in said] == ([] if fault is None else [fault])


def test_one_number_may_stand_once_for_each_transport(helm: Helm) -> None:
    dns = [{"number": 53, "name": "udp-dns"}, {"number": 53, "name": "tcp-dns"}]

    assert admit(helm.kubernetes, helm.render_unchecked({"ports": dns})["Service"]) == Verdict()


def test_the_rule_finds_what_kubernetes_refuses_and_nothing_else(helm: Helm) -> None:
    chance = random.Random(20300131)
    names = ("http", "http-admin", "grpc", "tcp-dns", "udp-dns", "udp-a")
    lists = [
        [
            {
                "number": chance.choice((53, 54, 8080)),
                "name": chance.choice(names),
                "targetPort": chance.choice((53, 8080)),
            }
            for _ in range(chance.randint(2, 3))
        ]
        for _ in range(40)
    ]
    refused = [
        any(admit(helm.kubernetes, found).refused for found in helm.render_unchecked({"ports": ports}).values())
        for ports in lists
    ]

    assert refused == [found_by_rule(ports) for ports in lists]
    assert {True, False} == set(refused)


@pytest.mark.parametrize(("name", "admitted"), [("http-" + "a" * 10, True), ("http-" + "a" * 11, False)])
def test_the_longest_name_of_a_port(helm: Helm, name: str, admitted: bool) -> None:  # noqa: FBT001 - a table
    ports = [{"number": 8080, "name": name}]
    if not admitted:
        with pytest.raises(RuntimeError, match="maxLength"):
            helm.render_unchecked({"ports": ports})
    container = {"name": "orders", "image": "orders:1", "ports": [{"name": name, "containerPort": 8080}]}
    labels = {"app": "orders"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    fault = "spec.template.spec.containers[0].ports[0].name: Invalid value"
    said = admit(helm.kubernetes, deployment).refused

    assert [each[: len(fault)] for each in said] == ([] if admitted else [fault])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, "nothing is known here of /v1, Kind=Pod"),
        (service({"port": 80, "protcol": 1}), 'strict decoding error: unknown field "spec.ports[0].protcol"'),
        (service({"port": 80}, metadata={"name": "a.b", "namespace": "shop"}), "metadata.name: Invalid value"),
        (service({"port": 70000}), "spec.ports[0].port: Invalid value"),
    ],
)
def test_it_can_refuse(kubernetes: Kubernetes, wanted: Any, said: str) -> None:
    assert admit(kubernetes, wanted).refused[0].startswith(said)


def test_it_can_warn(kubernetes: Kubernetes) -> None:
    near = {"ports": [{"port": 80}], "trafficDistribution": "PreferClose"}

    assert admit(kubernetes, service(spec=near)) == Verdict(warnings=(OLD_NAME,))
