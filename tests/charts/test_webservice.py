"""What charts/webservice makes of values: Kubernetes objects and nothing of the mesh's."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_helm_templates import HelmRunner

from tests.charts.conftest import CHART, Helm

pytestmark = pytest.mark.helm

EXPECTED = Path(__file__).parent / "expected"
EXAMPLES = CHART.parents[1] / "examples"
ORDERS = EXAMPLES / "shop" / "teams" / "checkout" / "services" / "orders"


def expected(name: str) -> Mapping[str, Any]:
    documents = yaml.safe_load_all((EXPECTED / name).read_text("utf-8"))
    return {document["kind"]: document for document in documents}


def pod(objects: Mapping[str, Any]) -> Any:
    return objects["Deployment"]["spec"]["template"]["spec"]


def container(objects: Mapping[str, Any]) -> Any:
    [only] = pod(objects)["containers"]
    return only


def annotations(objects: Mapping[str, Any]) -> Any:
    return objects["Deployment"]["spec"]["template"]["metadata"].get("annotations")


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ([EXAMPLES / "quickstart" / "values.yaml"], "three-keys.yaml"),
        ([ORDERS / "values.yaml", ORDERS / "values-prod.yaml"], "shop-prod.yaml"),
    ],
)
def test_the_examples_render_to_these_objects_on_every_helm(any_helm: Helm, files: list[Path], name: str) -> None:
    assert any_helm.render(None, *files) == expected(name)


def test_nothing_of_the_mesh_is_rendered(helm: Helm) -> None:
    objects = helm.render(None, ORDERS / "values.yaml", ORDERS / "values-dev.yaml")
    assert {found["apiVersion"] for found in objects.values()} == {"v1", "apps/v1", "policy/v1"}


PORTS = [
    pytest.param(
        [{"number": 80, "name": "http", "protocol": "HTTP"}],
        [("http", 80, 80, "TCP", "http")],
        [("http", 80, "TCP")],
        id="target is the number",
    ),
    pytest.param(
        [{"number": 80.0, "name": "http", "targetPort": 8080.0}],
        [("http", 80, 8080, "TCP", "http")],
        [("http", 8080, "TCP")],
        id="integral floats print as integers",
    ),
    pytest.param(
        [
            {"number": 80, "name": "http", "targetPort": 8080},
            {"number": 81, "name": "http-old", "targetPort": 8080},
        ],
        [("http", 80, 8080, "TCP", "http"), ("http-old", 81, 8080, "TCP", "http")],
        [("http", 8080, "TCP")],
        id="two ports share a target",
    ),
    pytest.param(
        [{"number": 53, "name": "udp-dns"}, {"number": 53, "name": "tcp-dns"}],
        [("udp-dns", 53, 53, "UDP", None), ("tcp-dns", 53, 53, "TCP", "tcp")],
        [("udp-dns", 53, "UDP"), ("tcp-dns", 53, "TCP")],
        id="two transports on one number",
    ),
    pytest.param(
        [
            {"number": 53, "name": "udp-dns", "targetPort": 5353},
            {"number": 54, "name": "tcp-dns", "targetPort": 5353},
        ],
        [("udp-dns", 53, 5353, "UDP", None), ("tcp-dns", 54, 5353, "TCP", "tcp")],
        [("udp-dns", 5353, "UDP"), ("tcp-dns", 5353, "TCP")],
        id="two transports on one target",
    ),
    pytest.param(
        [
            {"number": 9000, "name": "tls-x", "protocol": "HTTPS"},
            {"number": 9001, "name": "https-x", "protocol": "TLS"},
        ],
        [("tls-x", 9000, 9000, "TCP", "https"), ("https-x", 9001, 9001, "TCP", "tls")],
        [("tls-x", 9000, "TCP"), ("https-x", 9001, "TCP")],
        id="the protocol decides between https and tls",
    ),
]


@pytest.mark.parametrize(("ports", "service", "container_ports"), PORTS)
def test_ports(
    helm: Helm,
    ports: list[dict[str, Any]],
    service: list[tuple[Any, ...]],
    container_ports: list[tuple[Any, ...]],
) -> None:
    objects = helm.render({"ports": ports})
    fields = ("name", "port", "targetPort", "protocol", "appProtocol")
    assert [tuple(port.get(field) for field in fields) for port in objects["Service"]["spec"]["ports"]] == service
    listed = [(port["name"], port["containerPort"], port["protocol"]) for port in container(objects)["ports"]]
    assert listed == container_ports


PROTOCOLS = {
    "http": "http",
    "http2": "http2",
    "http2-x": "http2",
    "grpc": "grpc",
    "grpc-x": "grpc",
    "grpc-web": "grpc-web",
    "grpc-web-x": "grpc-web",
    "https": "https",
    "tls": "tls",
    "tcp": "tcp",
    "udp": None,
    "mongo": "mongo",
    "mysql": "mysql",
    "redis": "redis",
}


def test_every_protocol_is_told_as_the_mesh_understands_it(helm: Helm) -> None:
    ports = [{"number": 9000 + index, "name": name} for index, name in enumerate(PROTOCOLS)]
    objects = helm.render({"ports": ports})
    found = {port["name"]: port.get("appProtocol") for port in objects["Service"]["spec"]["ports"]}
    assert found == PROTOCOLS
    transports = {port["name"] for port in objects["Service"]["spec"]["ports"] if port["protocol"] == "UDP"}
    assert transports == {"udp"}


def test_a_said_protocol_stands_over_the_name_for_every_one_of_them(helm: Helm) -> None:
    protocols = ["HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "UDP", "MONGO", "MYSQL", "REDIS"]
    ports = [
        {"number": 9000 + index, "name": protocol.lower(), "protocol": protocol}
        for index, protocol in enumerate(protocols)
    ]
    found = [port.get("appProtocol") for port in helm.render({"ports": ports})["Service"]["spec"]["ports"]]
    assert found == [None if protocol == "UDP" else protocol.lower() for protocol in protocols]


HTTP = {"number": 8080, "name": "http"}
METRICS = {"number": 9090, "name": "http-metrics", "targetPort": 9091, "metrics": "/stats"}

ANNOTATIONS = [
    pytest.param({"ports": [HTTP]}, None, id="none"),
    pytest.param(
        {
            "ports": [
                {"number": 1, "name": "tcp-a", "targetPort": 7800, "bypassMesh": True},
                {"number": 2, "name": "tcp-b", "targetPort": 7801},
                {"number": 3, "name": "tcp-c", "targetPort": 7802, "bypassMesh": True},
                {"number": 4, "name": "tcp-d", "targetPort": 7800, "bypassMesh": True},
                {"number": 5, "name": "udp-e", "bypassMesh": True},
                {"number": 6, "name": "tcp-f", "bypassMesh": False},
            ]
        },
        {"traffic.sidecar.istio.io/excludeInboundPorts": "7800,7802"},
        id="target ports of bypassMesh, once, TCP alone",
    ),
    pytest.param(
        {"ports": [HTTP, METRICS]},
        {"prometheus.io/scrape": "true", "prometheus.io/port": "9091", "prometheus.io/path": "/stats"},
        id="metrics",
    ),
    pytest.param({"ports": [HTTP, METRICS], "prometheusAnnotations": False}, None, id="not by annotation"),
    pytest.param(
        {"ports": [HTTP, METRICS], "podAnnotations": {"example.com/number": "1000000"}},
        {
            "example.com/number": "1000000",
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9091",
            "prometheus.io/path": "/stats",
        },
        id="the team's own",
    ),
]


@pytest.mark.parametrize(("values", "wanted"), ANNOTATIONS)
def test_pod_annotations(helm: Helm, values: Any, wanted: Mapping[str, str] | None) -> None:
    assert annotations(helm.render(values)) == wanted


def test_annotations_announce_one_metrics_port_or_none(helm: Helm) -> None:
    ports = [METRICS, {"number": 9092, "name": "http-more", "metrics": "/more"}]
    with pytest.raises(RuntimeError, match="set prometheusAnnotations to false"):
        helm.render({"ports": ports})
    assert annotations(helm.render({"ports": ports, "prometheusAnnotations": False})) is None


GRPC = {"number": 9000, "name": "grpc"}
TLS_ADMIN = {"number": 9443, "name": "https-admin"}

PROBES = [
    pytest.param([HTTP], {"readiness": {}}, {"readinessProbe": {"tcpSocket": {"port": 8080}}}, id="default"),
    pytest.param([HTTP], {"readiness": None}, {}, id="none"),
    pytest.param([{"number": 53, "name": "udp-dns"}], {}, {}, id="UDP cannot be asked"),
    pytest.param([METRICS, HTTP], {}, {"readinessProbe": {"tcpSocket": {"port": 8080}}}, id="not the metrics port"),
    pytest.param(
        [METRICS, GRPC, HTTP],
        {"readiness": {"path": "/ready"}, "liveness": {"grpc": True}},
        {
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            "livenessProbe": {"grpc": {"port": 9000}},
        },
        id="each at the first port that speaks it",
    ),
    pytest.param(
        [HTTP, TLS_ADMIN, METRICS],
        {
            "readiness": {"path": "/ready", "port": "https-admin"},
            "startup": {"path": "/up", "port": "http-metrics"},
        },
        {
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 9443, "scheme": "HTTPS"}},
            "startupProbe": {"httpGet": {"path": "/up", "port": 9091}},
        },
        id="at a port by name",
    ),
    pytest.param(
        [HTTP],
        {
            "readiness": {
                "initialDelaySeconds": 0,
                "periodSeconds": 5,
                "timeoutSeconds": 2,
                "failureThreshold": 1000000,
            }
        },
        {
            "readinessProbe": {
                "tcpSocket": {"port": 8080},
                "periodSeconds": 5,
                "timeoutSeconds": 2,
                "failureThreshold": 1000000,
            }
        },
        id="times",
    ),
]


@pytest.mark.parametrize(("ports", "probes", "wanted"), PROBES)
def test_probes(helm: Helm, ports: Any, probes: Any, wanted: Mapping[str, Any]) -> None:
    found = container(helm.render({"ports": ports, "probes": probes}))
    assert {field: value for field, value in found.items() if field.endswith("Probe")} == wanted


@pytest.mark.parametrize(
    "probe", [{"path": "/ready", "port": "http-typo"}, {"grpc": True}, {"path": "/ready", "port": "tcp-x"}]
)
def test_a_probe_that_no_port_can_answer_is_refused(helm: Helm, probe: Any) -> None:
    ports = [HTTP, {"number": 9000, "name": "tcp-x"}]
    with pytest.raises(RuntimeError, match=r"probes\.liveness: no port of this service can answer it"):
        helm.render({"ports": ports, "probes": {"liveness": probe}})


def test_the_container_may_do_nothing_that_was_not_asked_for(helm: Helm) -> None:
    objects = helm.render()
    assert pod(objects)["automountServiceAccountToken"] is False
    assert pod(objects)["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_security_settings_that_differ_between_images(helm: Helm) -> None:
    users = {"runAsUser": 1000000, "runAsGroup": 10001, "fsGroup": 10002}
    objects = helm.render({"securityContext": {"readOnlyRootFilesystem": False, **users}})
    assert pod(objects)["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        **users,
    }
    assert container(objects)["securityContext"]["readOnlyRootFilesystem"] is False


@pytest.mark.parametrize(("target", "low"), [(443, True), (1023, True), (1024, False)])
def test_a_container_without_privileges_may_listen_below_1024(helm: Helm, target: int, low: bool) -> None:  # noqa: FBT001 - a table
    objects = helm.render({"ports": [{"number": 8080, "name": "http", "targetPort": target}]})
    sysctls = [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    assert pod(objects)["securityContext"].get("sysctls") == (sysctls if low else None)


IMAGES = [
    ({}, "registry.example.com/orders:1.0.0", "1.0.0"),
    ({"tag": "1.10"}, "registry.example.com/orders:1.10", "1.10"),
    ({"registry": "", "repository": "shop/orders", "tag": "v1_x.-"}, "shop/orders:v1_x.-", "v1_x"),
    (
        {"digest": "sha256:" + "a" * 64},
        "registry.example.com/orders@sha256:" + "a" * 64,
        None,
    ),
    (
        {"tag": "t" * 70, "digest": "sha256:" + "a" * 64},
        f"registry.example.com/orders:{'t' * 70}@sha256:" + "a" * 64,
        "t" * 63,
    ),
]


@pytest.mark.parametrize(("image", "wanted", "version"), IMAGES)
def test_image(helm: Helm, image: Any, wanted: str, version: str | None) -> None:
    objects = helm.render({"image": image})
    assert container(objects)["image"] == wanted
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels.get("app.kubernetes.io/version") == version
    assert objects["Service"]["metadata"]["labels"].get("app.kubernetes.io/version") == version


def test_environment_files_and_arguments(helm: Helm) -> None:
    values = {
        "image": {"pullPolicy": "Always", "pullSecrets": ["registry"]},
        "command": ["/app", "--port=8080"],
        "args": ["-v", "true", "1e6"],
        "env": {"B": "2", "A": "true", "C": "1e6", "D": ""},
        "envFromSecrets": ["orders-db"],
        "secretFiles": {"/etc/tls": "orders-tls", "/etc/a": "orders-a"},
        "writablePaths": ["/tmp", "/var/cache"],
    }
    objects = helm.render(values)
    assert pod(objects)["imagePullSecrets"] == [{"name": "registry"}]
    found = container(objects)
    assert {
        key: found[key] for key in ("imagePullPolicy", "command", "args", "env", "envFrom", "volumeMounts")
    } == {
        "imagePullPolicy": "Always",
        "command": ["/app", "--port=8080"],
        "args": ["-v", "true", "1e6"],
        "env": [
            {"name": "A", "value": "true"},
            {"name": "B", "value": "2"},
            {"name": "C", "value": "1e6"},
            {"name": "D", "value": ""},
        ],
        "envFrom": [{"secretRef": {"name": "orders-db"}}],
        "volumeMounts": [
            {"name": "writable-0", "mountPath": "/tmp"},
            {"name": "writable-1", "mountPath": "/var/cache"},
            {"name": "secret-0", "mountPath": "/etc/a", "readOnly": True},
            {"name": "secret-1", "mountPath": "/etc/tls", "readOnly": True},
        ],
    }
    assert pod(objects)["volumes"] == [
        {"name": "writable-0", "emptyDir": {}},
        {"name": "writable-1", "emptyDir": {}},
        {"name": "secret-0", "secret": {"secretName": "orders-a"}},
        {"name": "secret-1", "secret": {"secretName": "orders-tls"}},
    ]


def test_amounts(helm: Helm) -> None:
    resources = {"requests": {"cpu": 0.5, "memory": 268435456}, "limits": {"memory": "1Gi", "example.com/gpu": 1}}
    assert container(helm.render({"resources": resources}))["resources"] == {
        "requests": {"cpu": 0.5, "memory": 268435456},
        "limits": {"memory": "1Gi", "example.com/gpu": 1},
    }


@pytest.mark.parametrize(
    ("values", "replicas"),
    [({}, 2), ({"replicas": 0}, 0), ({"replicas": 1000000}, 1000000), ({"replicas": None}, None)],
)
def test_replicas(helm: Helm, values: Any, replicas: int | None) -> None:
    objects = helm.render(values)
    assert objects["Deployment"]["spec"].get("replicas") == replicas
    assert "HorizontalPodAutoscaler" not in objects


def test_an_autoscaler_owns_the_replicas(helm: Helm) -> None:
    objects = helm.render({"autoscaling": {"enabled": True, "maxReplicas": 5, "targetCPUPercent": 60}})
    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"]["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "orders"},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
            }
        ],
    }


def test_an_autoscaler_cannot_begin_above_its_end(helm: Helm) -> None:
    with pytest.raises(RuntimeError, match=r"autoscaling\.minReplicas 2 is more than maxReplicas 1"):
        helm.render({"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 1}})


@pytest.mark.parametrize("amount", [1, 1000000, "25%"])
def test_disruption_budget(helm: Helm, amount: int | str) -> None:
    objects = helm.render({"podDisruptionBudget": {"maxUnavailable": amount}})
    assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] == amount
    without = helm.render({"podDisruptionBudget": {"enabled": False, "maxUnavailable": amount}})
    assert "PodDisruptionBudget" not in without


@pytest.mark.parametrize(
    ("spread", "wanted"),
    [
        (
            {"zone": "DoNotSchedule"},
            [("kubernetes.io/hostname", "ScheduleAnyway"), ("topology.kubernetes.io/zone", "DoNotSchedule")],
        ),
        ({"node": "none"}, [("topology.kubernetes.io/zone", "ScheduleAnyway")]),
        ({"node": "none", "zone": "none"}, []),
    ],
)
def test_topology_spread(helm: Helm, spread: Any, wanted: list[tuple[str, str]]) -> None:
    found = pod(helm.render({"topologySpread": spread})).get("topologySpreadConstraints", [])
    assert [(constraint["topologyKey"], constraint["whenUnsatisfiable"]) for constraint in found] == wanted
    selectors = [constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] for constraint in found]
    assert selectors == ["orders"] * len(wanted)


def test_every_object_and_selector_has_the_name_of_the_service(helm: Helm) -> None:
    values = {"nameOverride": "payments", "autoscaling": {"enabled": True}, "podLabels": {"team": "checkout"}}
    objects = helm.render(values, name="umbrella.1")
    assert {(found["metadata"]["name"], found["metadata"]["namespace"]) for found in objects.values()} == {
        ("payments", "shop")
    }
    selector = {"app.kubernetes.io/name": "payments", "app.kubernetes.io/instance": "umbrella.1"}
    assert objects["Service"]["spec"]["selector"] == selector
    assert objects["Deployment"]["spec"]["selector"] == {"matchLabels": selector}
    assert objects["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": selector}
    assert objects["Deployment"]["spec"]["template"]["metadata"]["labels"] == {
        **selector,
        "app.kubernetes.io/version": "1.0.0",
        "team": "checkout",
    }
    assert pod(objects)["serviceAccountName"] == "payments"


def test_the_longest_name(helm: Helm) -> None:
    name = "a" * 63
    assert {found["metadata"]["name"] for found in helm.render({"nameOverride": name}).values()} == {name}


@pytest.mark.parametrize("name", ["shop.orders", "1orders"])
def test_a_release_name_that_no_service_can_have_is_refused_not_mended(helm: Helm, name: str) -> None:
    with pytest.raises(RuntimeError, match=f'the name "{name}" cannot be a Service'):
        helm.render(name=name)


def test_the_service_account_is_the_services_own(helm: Helm) -> None:
    objects = helm.render(
        {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}}}
    )
    assert objects["ServiceAccount"]["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"
    }
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("resilience", "wanted"),
    [({"preferSameZone": True}, "PreferClose"), ({"preferSameZone": False}, None), ({}, None)],
)
def test_callers_can_be_kept_in_their_zone(helm: Helm, resilience: Any, wanted: str | None) -> None:
    spec = helm.render({"resilience": resilience})["Service"]["spec"]
    assert spec.get("trafficDistribution") == wanted


def test_without_ports_there_is_nothing_to_call(helm: Helm) -> None:
    objects = helm.render({"ports": None})
    assert set(objects) == {"Deployment", "PodDisruptionBudget", "ServiceAccount"}
    assert {"ports", "readinessProbe"}.isdisjoint(container(objects))


def test_every_default_can_be_deleted(any_helm: Helm) -> None:
    keys = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    objects = any_helm.render(dict.fromkeys(keys))
    assert set(objects) == {"Deployment", "ServiceAccount"}
    assert container(objects) == {
        "name": "orders",
        "image": "orders:1.0.0",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def test_every_default_below_a_section_can_be_deleted(any_helm: Helm) -> None:
    sections = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    nulls = {key: dict.fromkeys(value) for key, value in sections.items() if isinstance(value, dict) and value}
    objects = any_helm.render(nulls)
    assert set(objects) == {"Deployment", "ServiceAccount", "Service"}
    assert container(objects)["image"] == "orders:1.0.0"
    assert container(objects)["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_parent_chart_can_carry_it_under_any_name(any_helm: Helm, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "webservice").symlink_to(CHART)
    dependency = {"name": "webservice", "version": "*", "alias": "api", "condition": "api.enabled"}
    chart = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(chart), "utf-8")
    values = {"global": {"any": "thing"}, "api": {"enabled": True, "nameOverride": "api"}}
    objects = any_helm.render(values, chart=parent)
    assert {found["metadata"]["name"] for found in objects.values()} == {"api"}


def test_the_notes_are_true(helm: Helm, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CHART, copy)
    notes = HelmRunner(env=dict(helm.environment)).notes(str(copy), "orders", namespace="shop")
    assert notes == (
        "orders in namespace shop\n"
        "  orders.shop:8080  HTTP\n"
        "\n"
        "This chart renders no routes, retries or TLS settings."
        " Check them and render the mesh's objects from the same values:\n"
        "  helm meshguard validate -n shop -f VALUES orders CHART\n"
        "  helm meshguard render -n shop -f VALUES orders CHART\n"
    )
