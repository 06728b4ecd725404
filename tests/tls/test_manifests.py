"""What becomes of objects: facts, and a remark with a place for each that the API would refuse."""

import json
from typing import Any

import pytest

from meshguard.tls.facts import Settings
from tests.tls.given import NEWEST, understood, world
from tests.tls.matrix import istio, kubernetes
from tests.tls.refused import REFUSED

SERVICE = {"selector": {"app": "a"}, "ports": [{"port": 80}]}


def spec(kind: str, **fields: Any) -> str:
    group = "security" if kind == "PeerAuthentication" else "networking"
    is_istio = kind not in {"Service", "Pod", "Deployment"}
    made = istio(group, kind, "shop", "x", fields) if is_istio else kubernetes(kind, "shop", "x", fields)
    return json.dumps(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{apiVersion: v1, kind: Service}", "this Service is left out: metadata.name is missing"),
        ("{apiVersion: v1, kind: Service, metadata: []}", "this Service is left out: metadata must be a map"),
        ("{apiVersion: v1, kind: Pod, metadata: {name: 1}}", "this Pod is left out: metadata.name must be text"),
        (spec("Service", ports=1), "Service 'shop/x' is left out: spec.ports must be a list"),
        (spec("Service", ports=[{}]), "Service 'shop/x' is left out: spec.ports[0].port is missing"),
        (
            spec("Service", ports=[{"port": "80"}]),
            "Service 'shop/x' is left out: spec.ports[0].port must be a whole number",
        ),
        (
            spec("Service", ports=[{"port": True}]),
            "Service 'shop/x' is left out: spec.ports[0].port must be a whole number",
        ),
        (
            spec("Service", ports=[{"port": 70000}]),
            "Service 'shop/x' is left out: spec.ports[0].port is 70000, and port numbers are 1 to 65535",
        ),
        (
            spec("Service", ports=[{"port": 80, "protocol": "tcp"}]),
            "Service 'shop/x' is left out: spec.ports[0].protocol 'tcp' must be one of TCP, UDP, SCTP",
        ),
        (
            spec("Service", selector={"app": True}),
            "Service 'shop/x' is left out: spec.selector.app must be text",
        ),
        (spec("Pod", hostNetwork="yes"), "Pod 'shop/x' is left out: spec.hostNetwork must be true or false"),
        (
            spec("PeerAuthentication", mtls={"mode": "strict"}),
            (
                "PeerAuthentication 'shop/x' is left out: spec.mtls.mode 'strict' must be one of UNSET, DISABLE,"
                " PERMISSIVE, STRICT"
            ),
        ),
        (
            spec("PeerAuthentication", portLevelMtls={"http": {"mode": "STRICT"}}),
            "PeerAuthentication 'shop/x' is left out: 'http' in spec.portLevelMtls is no port number",
        ),
        (
            spec("PeerAuthentication", portLevelMtls={"0": {"mode": "STRICT"}}),
            "PeerAuthentication 'shop/x' is left out: spec.portLevelMtls.0 is 0, and port numbers are 1 to 65535",
        ),
        (spec("DestinationRule"), "DestinationRule 'shop/x' is left out: spec.host is missing"),
        (
            spec("DestinationRule", host="a", trafficPolicy={"tls": {"mode": "MTLS"}}),
            (
                "DestinationRule 'shop/x' is left out: spec.trafficPolicy.tls.mode 'MTLS' must be one of DISABLE,"
                " SIMPLE, MUTUAL, ISTIO_MUTUAL"
            ),
        ),
        (
            spec("DestinationRule", host="a", exportTo="*"),
            "DestinationRule 'shop/x' is left out: spec.exportTo must be a list",
        ),
        (
            spec("ServiceEntry", hosts=["a"], resolution="dns"),
            (
                "ServiceEntry 'shop/x' is left out: spec.resolution 'dns' must be one of NONE, STATIC, DNS,"
                " DNS_ROUND_ROBIN, DYNAMIC_DNS"
            ),
        ),
    ],
)
def test_what_the_api_would_refuse(text: str, message: str) -> None:
    found = understood(text)

    assert [(remark.message, remark.is_error) for remark in found.remarks] == [(message, True)]


@pytest.mark.parametrize("said", REFUSED)
def test_what_the_webhook_would_refuse(said: str) -> None:
    (remark,) = understood(json.dumps(REFUSED[said])).remarks

    assert remark.is_error
    assert remark.message.endswith(f" 'shop/x' is left out: {said.strip()}")


def test_the_place_of_a_remark() -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec:
  host: a
  trafficPolicy:
    tls: {mode: None}
"""
    (remark,) = understood(text).remarks

    assert remark.span == ("mesh.yaml", 8, 17, 8, 21)


@pytest.mark.parametrize(
    "text",
    [
        "{apiVersion: v1, kind: Secret}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-ca-root-cert}, data: {mesh: 1}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: other}, data: {mesh: 1}}",
        "{apiVersion: x.example/v1, kind: Service, metadata: {name: a}, spec: {ports: 1}}",
        "{apiVersion: x.example/v1, kind: Odd, metadata: {name: a}, spec: {template: {spec: {containers: 1}}}}",
        "{apiVersion: x.example/v1, kind: Odd, metadata: {name: a}, spec: 1}",
    ],
)
def test_what_does_not_matter_may_be_as_it_likes(text: str) -> None:
    found = understood(text.replace("istio-ca-root-cert", "else"))

    assert found.remarks == ()
    assert found.world.workloads == {}


def test_objects_without_a_namespace_stand_in_the_given_one() -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}"
    found = understood(text, namespace="shop").world

    assert [service.host for service in found.services["shop"]] == ["a.shop.svc.cluster.local"]


def test_a_namespace_stands_in_none() -> None:
    text = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}"
    found = understood(text).world.namespaces["shop"]

    assert (found.ref.namespace, found.labels) == ("", {"istio-injection": "enabled"})


def test_of_two_the_last_counts() -> None:
    one = kubernetes("Service", "shop", "a", SERVICE)
    two = kubernetes("Service", "shop", "a", {**SERVICE, "ports": [{"port": 81}]})
    found = understood(f"{json.dumps(one)}\n---\n{json.dumps(two)}")

    assert [service.ports[0].number for service in found.world.services["shop"]] == [81]
    assert [(remark.span.line, remark.message, remark.is_error) for remark in found.remarks] == [
        (3, "Service 'shop/a' is also at mesh.yaml:1: the last one counts", False)
    ]


def test_two_of_what_does_not_matter_are_nobodys_business() -> None:
    one = json.dumps(kubernetes("Secret", "shop", "a", {}))

    assert understood(f"{one}\n---\n{one}").remarks == ()


@pytest.mark.parametrize(
    ("group", "kind", "words"),
    [
        ("authentication.istio.io", "Policy", "does not count since Istio 1.6; write a PeerAuthentication"),
        ("authentication.istio.io", "MeshPolicy", "does not count since Istio 1.6; write a PeerAuthentication"),
        ("gateway.networking.k8s.io", "BackendTLSPolicy", "makes rules for TLS too, which are not judged here"),
    ],
)
def test_what_looks_as_if_it_counted(group: str, kind: str, words: str) -> None:
    (remark,) = understood(f"{{apiVersion: {group}/v1, kind: {kind}, metadata: {{name: a}}}}").remarks

    assert (remark.message, remark.is_error) == (f"{kind} 'default/a' {words}", False)


RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: r}
spec:
  host: app
  trafficPolicy:
    portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE}}]
"""
POLICY = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: p}
spec:
  selector: {matchLabels: {any: thing}}
  portLevelMtls: {"80": {mode: STRICT}}
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE, []),
        (POLICY, []),
        # https://github.com/canonical/microk8s/issues/445: what should stand within spec stands beside it
        (
            f"{RULE}trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}",
            [(9, "'default/r' has no field 'trafficPolicy'")],
        ),
        (
            RULE.replace("port: {number", "port: {name: x, nummer"),
            [(8, "'spec.trafficPolicy.portLevelSettings.port.n")] * 2,
        ),
        (
            POLICY.replace("mode:", "mod:"),
            [(7, "'default/p' has no field 'spec.portLevelMtls.80.mod': the API refuses it")],
        ),
        (
            f"{POLICY}  a: 1\n  b: 1\n  c: 1\n  d: 1\n  e: 1\n  f: 1",
            [(line, "no field 'spec.") for line in range(8, 13)],
        ),
    ],
)
def test_fields_that_there_are_not(text: str, told: list[tuple[int, str]]) -> None:
    remarks = [remark for remark in understood(text).remarks if not remark.is_error]

    assert [remark.span.line for remark in remarks] == [line for line, _ in told]
    for remark, (_, words) in zip(remarks, told, strict=True):
        assert words in remark.message


CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: mesh}
data:
  mesh: |
    enableAutoMtls: false
    rootNamespace: mesh
    outboundTrafficPolicy: {mode: REGISTRY_ONLY}
    defaultDestinationRuleExportTo: ["."]
    defaultServiceExportTo: [".", "b"]
    defaultVirtualServiceExportTo: ["."]
"""
OF_CONFIG = NEWEST._replace(
    root_namespace="mesh",
    auto_mtls=False,
    outbound_traffic="REGISTRY_ONLY",
    rule_export=frozenset({"."}),
    service_export=frozenset({".", "b"}),
    route_export=frozenset({"."}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONFIG, OF_CONFIG),
        (CONFIG.replace("name: istio", "name: istio-canary"), OF_CONFIG),
        (CONFIG.replace("name: istio", "name: other"), NEWEST),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: istio}}", NEWEST),
        (
            (
                "{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator, metadata: {name: a},"
                " spec: {meshConfig: {enableAutoMtls: false}}}"
            ),
            NEWEST._replace(auto_mtls=False),
        ),
        (
            (
                "{apiVersion: sailoperator.io/v1, kind: Istio, metadata: {name: a},"
                " spec: {values: {meshConfig: {rootNamespace: x}}}}"
            ),
            NEWEST._replace(root_namespace="x"),
        ),
    ],
)
def test_settings_of_the_mesh(text: str, expected: Settings) -> None:
    assert world(text).settings == expected


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        ("a: [", "data.mesh cannot be read: "),
        ("enableAutoMtls: 1", "enableAutoMtls must be true or false"),
    ],
)
def test_settings_that_nobody_understands(mesh: str, words: str) -> None:
    (remark,) = understood(CONFIG.partition("    enable")[0] + f"    {mesh}\n").remarks

    assert remark.is_error
    assert remark.message.startswith(f"ConfigMap 'mesh/istio' is left out: {words}")


TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "app"}]}}


def workloads(*objects: dict[str, Any]) -> list[str]:
    found = world(objects).workloads.get("shop", ())
    return [f"{one.ref.kind}/{one.ref.name}" for one in found]


def of_apps(kind: str, name: str = "a", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", **fields.pop("metadata", {})}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": {"template": TEMPLATE, **fields}}


def pod(name: str = "a-0", phase: str = "Running", **labels: str) -> dict[str, Any]:
    made = kubernetes("Pod", "shop", name, {"containers": [{"name": "app"}]}, labels={"app": "a", **labels})
    return {**made, "status": {"phase": phase}}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"])
def test_what_makes_pods(kind: str) -> None:
    assert workloads(of_apps(kind)) == [f"{kind}/a"]


def test_what_makes_pods_in_other_projects() -> None:
    rollout = {**of_apps("Rollout"), "apiVersion": "argoproj.io/v1alpha1"}

    assert workloads(rollout) == ["Rollout/a"]


def test_what_makes_none() -> None:
    owned = {"ownerReferences": [{"kind": "Deployment", "name": "a"}]}

    assert workloads(of_apps("Deployment", replicas=0), of_apps("ReplicaSet", metadata=owned)) == []


def test_pods_stand_for_what_made_them() -> None:
    assert workloads(of_apps("Deployment"), pod()) == ["Pod/a-0"]
    assert workloads(of_apps("Deployment"), pod(app="b")) == ["Deployment/a", "Pod/a-0"]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_pods_that_are_over_serve_nothing(phase: str) -> None:
    assert workloads(pod(phase=phase)) == []


def test_a_pod_that_is_still_to_be_made_may_get_a_sidecar() -> None:
    found = world([kubernetes("Pod", "shop", "a", {"containers": []}, labels={"app": "b"}), pod("b")]).workloads[
        "shop"
    ]

    assert [one.is_pod for one in found] == [False, True]


def test_ports_have_names() -> None:
    ports = [{"containerPort": 1, "name": "a"}, {"containerPort": 2}]
    first = {"name": "init", "restartPolicy": "Always", "ports": [{"containerPort": 3, "name": "c"}]}
    containers = {"containers": [{"name": "app", "ports": ports}], "initContainers": [first]}

    assert world([kubernetes("Pod", "shop", "a", containers)]).workloads["shop"][0].ports == {"a": 1, "c": 3}
