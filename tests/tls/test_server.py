"""Who stands behind a port: sidecars that are injected or not, ports that they see or not, protocols."""

from typing import Any

import pytest

from meshguard.tls.server import Server, is_captured, servers
from tests.tls.given import world
from tests.tls.matrix import authentication, istio, kubernetes

MARK = "security.istio.io/tlsMode"


def service(*ports: dict[str, Any], name: str = "a", created: str = "", **fields: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "a"}, "ports": list(ports) or [{"name": "http", "port": 80}], **fields}
    return kubernetes("Service", "shop", name, spec, **({"creationTimestamp": created} if created else {}))


def deployment(
    labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    metadata = {"labels": {"app": "a", **(labels or {})}, "annotations": annotations or {}}
    template = {"metadata": metadata, "spec": {"containers": [{"name": "app"}], **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"template": template},
    }


def space(**labels: str) -> dict[str, Any]:
    named = {key.replace("__", "-").replace("_", "."): value for key, value in labels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": named}}


REVISION = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio.io/rev": "x"}}}
AMBIENT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio.io/dataplane-mode": "ambient"}},
}
ENABLED, SILENT = space(istio__injection="enabled"), space()
INJECT, PROXY = "sidecar.istio.io/inject", {"name": "istio-proxy"}


def behind(*objects: dict[str, Any], port: int = 0, subset: dict[str, str] | None = None) -> tuple[Server, ...]:
    found = world(objects)
    (first, *_) = found.services["shop"]
    return servers(found, first, first.ports[port], subset)


@pytest.mark.parametrize(
    ("namespace", "pods", "kind"),
    [
        (ENABLED, deployment(), "sidecar"),
        (REVISION, deployment(), "sidecar"),
        (SILENT, deployment(), "none"),
        (space(istio__injection="disabled"), deployment(), "none"),
        (space(istio__injection="disabled"), deployment({INJECT: "true"}), "none"),
        (ENABLED, deployment({INJECT: "false"}), "none"),
        (ENABLED, deployment(annotations={INJECT: "false"}), "none"),
        (ENABLED, deployment({INJECT: "true"}, {INJECT: "false"}), "sidecar"),
        (ENABLED, deployment({INJECT: "maybe"}), "sidecar"),
        (SILENT, deployment({INJECT: "true"}), "sidecar"),
        (SILENT, deployment({"istio.io/rev": "x"}), "sidecar"),
        (SILENT, deployment(annotations={INJECT: "true"}), "none"),
        (ENABLED, deployment(hostNetwork=True), "none"),
        (SILENT, deployment(containers=[{"name": "app"}, PROXY]), "sidecar"),
        (SILENT, deployment(initContainers=[PROXY]), "sidecar"),
        (SILENT, deployment(containers=[PROXY]), "gateway"),
        (SILENT, deployment(containers=[{"name": "x"}, {**PROXY, "args": ["proxy", "router"]}]), "gateway"),
        (ENABLED, deployment(annotations={"inject.istio.io/templates": "gateway"}), "gateway"),
        (AMBIENT, deployment(), "ambient"),
        (AMBIENT, deployment({INJECT: "false"}), "ambient"),
        (AMBIENT, deployment({INJECT: "true"}), "sidecar"),
        (SILENT, deployment({INJECT: "false", "istio.io/dataplane-mode": "ambient"}), "ambient"),
    ],
)
def test_whether_there_is_a_sidecar(namespace: dict[str, Any], pods: dict[str, Any], kind: str) -> None:
    (found,) = behind(service(), namespace, pods)

    assert (found.kind, found.assumed) == (kind, ())
    assert found.is_marked is (kind == "sidecar")


def test_pods_of_a_cluster_have_it_now_or_never() -> None:
    pod = {**kubernetes("Pod", "shop", "a", {"containers": [{"name": "app"}]}, labels={"app": "a"}), "status": {}}

    assert [found.kind for found in behind(service(), ENABLED, pod)] == ["none"]
    assert [found.kind for found in behind(service(), pod)] == ["none"]


def test_pods_that_a_gateway_selects_are_gateways() -> None:
    gateway = istio("networking", "Gateway", "other", "g", {"selector": {"app": "a"}})
    everywhere = istio("networking", "Gateway", "other", "h", {})

    assert [found.kind for found in behind(service(), ENABLED, deployment(), gateway, everywhere)] == ["gateway"]


def test_kube_system_has_no_sidecars() -> None:
    objects = [service(), deployment()]
    for one in objects:
        one["metadata"]["namespace"] = "kube-system"
    found = world(objects)
    (own,) = found.services["kube-system"]

    assert [one.kind for one in servers(found, own, own.ports[0])] == ["none"]


def test_an_unknown_namespace_is_taken_to_have_sidecars() -> None:
    assumed = "the Namespace 'shop' is not among the objects, so that its pods are taken to have a sidecar"

    assert [found.assumed for found in behind(service(), deployment())] == [(assumed,)]
    assert [found.assumed for found in behind(service(), deployment({INJECT: "true"}))] == [()]


@pytest.mark.parametrize(
    ("annotations", "captured"),
    [
        ({}, True),
        ({"excludeInboundPorts": "80"}, False),
        ({"excludeInboundPorts": " 443 , 80 "}, False),
        ({"excludeInboundPorts": "8080"}, True),
        ({"excludeInboundPorts": "http,*"}, True),
        ({"includeInboundPorts": "*"}, True),
        ({"includeInboundPorts": "*", "excludeInboundPorts": "80"}, False),
        ({"includeInboundPorts": "80", "excludeInboundPorts": "80"}, True),
        ({"includeInboundPorts": "443"}, False),
        ({"includeInboundPorts": ""}, False),
    ],
)
def test_ports_that_the_sidecar_sees(annotations: dict[str, str], captured: bool) -> None:  # noqa: FBT001 - a case
    named = {f"traffic.sidecar.istio.io/{key}": value for key, value in annotations.items()}

    assert is_captured(named, 80) is captured
    (found,) = behind(service(), ENABLED, deployment(annotations=named))
    assert (found.kind, found.is_marked) == ("sidecar" if captured else "excluded", True)


@pytest.mark.parametrize("port", [15020, 15021, 15090])
def test_ports_of_the_proxy_itself(port: int) -> None:
    assert not is_captured({}, port)


def test_the_mark_may_be_taken_off_and_put_on() -> None:
    assert [found.is_marked for found in behind(service(), ENABLED, deployment({MARK: "disabled"}))] == [False]
    (found,) = behind(service(), SILENT, deployment({MARK: "istio"}))
    assert (found.kind, found.is_marked, found.accepted and found.accepted.mode) == ("none", True, "PERMISSIVE")


NAMED = deployment(containers=[{"name": "app", "ports": [{"name": "web", "containerPort": 8080}]}])


@pytest.mark.parametrize(("target", "number"), [({}, 80), ({"targetPort": 9}, 9), ({"targetPort": "web"}, 8080)])
def test_container_ports(target: dict[str, Any], number: int) -> None:
    assert [found.port for found in behind(service({"port": 80, **target}), ENABLED, NAMED)] == [number]


def test_nobody_listens_on_a_name_that_pods_lack() -> None:
    (found,) = behind(service({"port": 80, "targetPort": "x"}), ENABLED, NAMED)

    assert (found.kind, found.port) == ("nobody", None)
    assert found.assumed == ("the pods behind it have no container port named 'x', so that nobody answers",)


@pytest.mark.parametrize(
    ("port", "listener", "speaks"),
    [
        ({"port": 80, "name": "http"}, "http", "plaintext"),
        ({"port": 80, "name": "https"}, "tcp", "TLS"),
        ({"port": 80, "name": "tcp"}, "tcp", ""),
        ({"port": 80}, "auto", ""),
    ],
)
def test_what_is_spoken(port: dict[str, Any], listener: str, speaks: str) -> None:
    (found,) = behind(service(port), ENABLED, deployment())

    assert (found.listener, found.speaks) == (listener, speaks)


def test_of_two_services_of_one_port_the_older_says_what_is_spoken() -> None:
    old = service({"port": 80, "name": "tcp"}, name="old", created="2023-01-01T00:00:00Z")
    new = service({"port": 80, "name": "http"}, name="new", created="2024-01-01T00:00:00Z")
    found = world([new, old, ENABLED, deployment()])

    assert [servers(found, one, one.ports[0])[0].listener for one in found.services["shop"]] == ["tcp", "tcp"]


def test_a_sidecar_object_says_what_is_listened_to() -> None:
    ports = [{"port": {"number": 80, "protocol": "TCP", "name": "x"}}]
    sidecar = istio("networking", "Sidecar", "shop", "s", {"ingress": ports})
    found = behind(service({"port": 80, "name": "http"}), ENABLED, deployment(), sidecar)

    assert [one.listener for one in found] == ["tcp"]
    found = behind(service({"port": 81, "name": "http"}), ENABLED, deployment(), sidecar)
    assert [one.listener for one in found] == ["auto"]


def test_pods_that_behave_alike_are_one() -> None:
    other = deployment({"version": "v2"})
    other["metadata"]["name"] = "b"
    strict = authentication(
        "shop", "p", {"selector": {"matchLabels": {"version": "v2"}}, "mtls": {"mode": "STRICT"}}
    )

    (found,) = behind(service(), ENABLED, deployment(), other)
    assert [ref.name for ref in found.workloads] == ["a", "b"]
    one, two = behind(service(), ENABLED, deployment(), other, strict)
    assert [one.accepted and one.accepted.mode, two.accepted and two.accepted.mode] == ["PERMISSIVE", "STRICT"]
    assert [found.accepted for found in behind(service(), SILENT, deployment(), other, strict)] == [None]


def test_pods_of_a_subset() -> None:
    other = deployment({"version": "v2"}, {"traffic.sidecar.istio.io/includeInboundPorts": ""})
    other["metadata"]["name"] = "b"
    objects = (service(), ENABLED, deployment(), other)

    assert [found.kind for found in behind(*objects, subset={"version": "v2"})] == ["excluded"]
    assert behind(*objects, subset={"version": "v3"}) == ()


def test_a_service_without_known_pods() -> None:
    exact = authentication("shop", "p", {"selector": {"matchLabels": {"app": "a"}}, "mtls": {"mode": "STRICT"}})
    more = authentication("shop", "q", {"selector": {"matchLabels": {"app": "a", "v": "1"}}})
    (found,) = behind(service({"port": 80, "targetPort": "web"}), exact, more)

    assert (found.kind, found.port, found.accepted and found.accepted.mode) == ("sidecar", None, "STRICT")
    assert found.assumed == (
        "no pods of it are known, so that they are taken to have the labels of its selector and no others",
        "the Namespace 'shop' is not among the objects, so that its pods are taken to have a sidecar",
        "the number of the container port 'web' is not known",
        "PeerAuthentication shop/q does not select them, though more labels may let it",
    )
    (found,) = behind(service(), SILENT)
    assert (found.kind, found.accepted, found.listener) == ("none", None, "")


def test_a_service_without_a_selector() -> None:
    (found,) = behind(service(selector={}), ENABLED, deployment())

    assert (found.kind, found.is_marked) == ("outside", False)
    assert found.assumed == ("it selects no pods, so that its addresses are taken to be outside of the mesh",)


def test_the_api_server_is_outside() -> None:
    api = kubernetes("Service", "default", "kubernetes", {"ports": [{"name": "https", "port": 443}]})
    facts = world([api])
    (known,) = facts.services["default"]
    (found,) = servers(facts, known, known.ports[0])

    assert (found.kind, found.assumed) == ("outside", ())


def entry(**spec: Any) -> dict[str, Any]:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8080}]
    return istio("networking", "ServiceEntry", "shop", "e", {"hosts": ["e.example"], "ports": ports, **spec})


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({}, ("outside", False, 8080)),
        ({"ports": {"http": 9}}, ("outside", False, 9)),
        ({"serviceAccount": "x"}, ("sidecar", True, 8080)),
        ({"labels": {MARK: "istio"}}, ("sidecar", True, 8080)),
        ({"serviceAccount": "x", "labels": {MARK: "disabled"}}, ("outside", False, 8080)),
    ],
)
def test_addresses_of_an_entry(endpoint: dict[str, Any], expected: tuple[str, bool, int]) -> None:
    (found,) = behind(entry(resolution="STATIC", endpoints=[{"address": "10.0.0.1", **endpoint}]))

    assert (found.kind, found.is_marked, found.port) == expected


def test_an_entry_without_addresses() -> None:
    (found,) = behind(entry())

    assert (found.kind, found.port) == ("outside", 80)
    assert behind(entry(resolution="DNS"), subset={"a": "b"}) == ()
    assert len(behind(entry(resolution="NONE"), subset={"a": "b"})) == 1


def test_an_entry_that_selects_pods_and_machines() -> None:
    machine = istio("networking", "WorkloadEntry", "shop", "m", {"labels": {"app": "a"}, "serviceAccount": "x"})
    other = istio("networking", "WorkloadEntry", "shop", "o", {"labels": {"app": "b"}})
    objects = (entry(workloadSelector={"labels": {"app": "a"}}), ENABLED, deployment(), machine, other)

    pods, machines = behind(*objects)
    assert [(found.kind, [ref.kind for ref in found.workloads]) for found in (pods, machines)] == [
        ("sidecar", ["Deployment"]),
        ("sidecar", ["WorkloadEntry"]),
    ]
    assert machines.assumed == ("a proxy of the mesh runs at its address, as its account or mark says",)
    assert behind(*objects, subset={"app": "c"}) == ()


def test_a_machine_goes_by_the_labels_of_its_object_first() -> None:
    spec = {"labels": {"app": "b", MARK: "disabled"}, "serviceAccount": "x"}
    machine = istio("networking", "WorkloadEntry", "shop", "m", spec, labels={"app": "a"})

    (found,) = behind(entry(workloadSelector={"labels": {"app": "a"}}), machine)
    assert (found.kind, found.workloads[0].name) == ("outside", "m")
