"""A source of randomness in, a small mesh out: Services, pods, policies and rules that meet in every way."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from tests.tls.matrix import ROOT, authentication, istio, kubernetes

NAMESPACES = ("a", "b")
MODES = ("UNSET", "DISABLE", "PERMISSIVE", "STRICT")
PORTS = {  # name, number and what it is called in the pod: the protocols that Istio tells apart
    "http": (80, 8080),
    "grpc-x": (81, 8081),
    "tcp": (82, 8082),
    "https": (443, 8443),
    "web": (84, 8084),
    "udp-x": (85, 8085),
    "mysql": (86, 8086),
}
MARK = "security.istio.io/tlsMode"


class Pod(NamedTuple):
    """One pod and its address."""

    name: str
    namespace: str
    labels: dict[str, str]
    address: str
    has_sidecar: bool


class Mesh(NamedTuple):
    """Everything made up; `objects` are what the API server holds."""

    objects: list[dict[str, Any]]
    pods: list[Pod]
    auto_mtls: bool


def make(random: Random) -> Mesh:
    """Make a mesh up."""
    pods: list[Pod] = []
    objects: list[dict[str, Any]] = []
    for namespace in (*NAMESPACES, ROOT):
        labels = {"istio-injection": "enabled"}
        objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    for namespace in NAMESPACES:
        for name in ("s0", "s1"):
            own = [_pod(random, namespace, name, len(pods) + index) for index in range(random.choice((1, 1, 2)))]
            pods += own
            objects += _service(random, namespace, name, own)
            objects += [_pod_object(pod) for pod in own]
            if random.random() < 0.2:  # a second Service for the same pods
                objects += _service(random, namespace, f"{name}-too", own, app=name)
    objects += [_authentication(random, index) for index in range(random.choice((0, 1, 2, 4)))]
    objects += [_rule(random, index) for index in range(random.choice((0, 1, 2, 4)))]
    objects += [_entry(random, index) for index in range(random.choice((0, 0, 1, 2)))]
    return Mesh(objects, pods, random.random() < 0.85)


def _age(random: Random) -> dict[str, str]:
    return {"creationTimestamp": f"2024-01-0{random.randint(1, 3)}T00:00:00Z"}


def _pod(random: Random, namespace: str, app: str, number: int) -> Pod:
    has_sidecar = random.random() < 0.8
    labels = {"app": app, "version": random.choice(("v1", "v2"))}
    labels |= {MARK: "istio" if random.random() < 0.95 else "disabled"} if has_sidecar else {}
    return Pod(f"{app}-{number}", namespace, labels, f"10.1.0.{number + 1}", has_sidecar)


def _pod_object(pod: Pod) -> dict[str, Any]:
    ports = [{"name": name[:15], "containerPort": target} for name, (_, target) in PORTS.items()]
    containers = [{"name": "app", "ports": ports}, *([{"name": "istio-proxy"}] if pod.has_sidecar else [])]
    made = kubernetes("Pod", pod.namespace, pod.name, {"containers": containers}, labels=pod.labels)
    return {**made, "status": {"podIP": pod.address, "phase": "Running"}}


def _service(random: Random, namespace: str, name: str, pods: list[Pod], app: str = "") -> Iterator[dict[str, Any]]:
    chosen = random.sample(list(PORTS), random.randint(1, 4))
    spec: dict[str, Any] = {"selector": {"app": app or name}, "ports": [_port(random, port) for port in chosen]}
    spec["clusterIP"] = "None" if random.random() < 0.2 else f"10.2.0.{random.randint(1, 250)}"
    more: dict[str, Any] = _age(random)
    if random.random() < 0.1:
        more["annotations"] = {"networking.istio.io/exportTo": random.choice((".", "a", "b", "*", "a,b"))}
    yield kubernetes("Service", namespace, name, spec, **more)
    slices = [{"name": port["name"], "port": PORTS[_plain(port["name"])][1]} for port in spec["ports"]]
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": slices,
        "endpoints": [_endpoint(pod) for pod in pods],
    }


def _endpoint(pod: Pod) -> dict[str, Any]:
    reference = {"kind": "Pod", "name": pod.name, "namespace": pod.namespace}
    return {"addresses": [pod.address], "conditions": {"ready": True}, "targetRef": reference}


def _plain(name: str) -> str:
    return name.removeprefix("tcp-of-")


def _port(random: Random, name: str) -> dict[str, Any]:
    number, target = PORTS[name]
    called = f"tcp-of-{name}" if random.random() < 0.1 else name
    found: dict[str, Any] = {"name": called, "port": number, "targetPort": random.choice((target, name))}
    if random.random() < 0.1:
        found["appProtocol"] = random.choice(("http", "tcp", "kubernetes.io/h2c", "kubernetes.io/wss", "odd"))
    return found


def _authentication(random: Random, index: int) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if random.random() < 0.9:
        spec["mtls"] = {"mode": random.choice(MODES)}
    if random.random() < 0.6:
        spec["selector"] = {"matchLabels": _labels(random)}
        if random.random() < 0.6:
            numbers = random.sample([number for pair in PORTS.values() for number in pair], 4)
            spec["portLevelMtls"] = {str(number): {"mode": random.choice(MODES)} for number in numbers}
    namespace = random.choice((*NAMESPACES, *NAMESPACES, ROOT))
    made = authentication(namespace, f"p{index}", spec)
    made["metadata"] |= _age(random)
    return made


def _labels(random: Random) -> dict[str, str]:
    return random.choice(({"app": "s0"}, {"app": "s1"}, {"version": "v1"}, {"app": "s0", "version": "v2"}))


def _rule(random: Random, index: int) -> dict[str, Any]:
    hosts = [f"{name}.{namespace}.svc.cluster.local" for name in ("s0", "s1") for namespace in NAMESPACES]
    hosts += ["*.a.svc.cluster.local", "*.local", "*", "*.svc.cluster.local", "e0.example", "*.example"]
    spec: dict[str, Any] = {"host": random.choice(hosts[:1] * 4 + hosts)}
    if random.random() < 0.9:
        spec["trafficPolicy"] = _policy(random)
    if random.random() < 0.2:
        spec["workloadSelector"] = {"matchLabels": _labels(random)}
        spec |= random.choice(({}, {"exportTo": ["."]}))
    elif random.random() < 0.5:
        spec["exportTo"] = random.choice(([], ["."], ["*"], ["a"], ["b"], ["a", "b"], ["b", "elsewhere"]))
    if random.random() < 0.5:
        spec["subsets"] = [_subset(random, name) for name in random.sample(("v1", "v2"), random.randint(1, 2))]
    namespace = random.choice((*NAMESPACES, *NAMESPACES, ROOT))
    return istio("networking", "DestinationRule", namespace, f"r{index}", spec, **_age(random))


def _subset(random: Random, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "labels": {"version": name}}
    return {**found, "trafficPolicy": _policy(random)} if random.random() < 0.7 else found


def _policy(random: Random) -> dict[str, Any]:
    found = _part(random)
    if random.random() < 0.5:
        numbers = [random.choice(list(PORTS.values()))[0] for _ in range(random.randint(1, 3))]
        found["portLevelSettings"] = [{"port": {"number": number}, **_part(random)} for number in numbers]
    return found


def _part(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"outlierDetection": {"interval": "10s"}}  # Istio refuses what says nothing
    if random.random() < 0.6:
        found["tls"] = random.choice(
            (
                {"mode": "DISABLE"},
                {"mode": "SIMPLE"},
                {"mode": "ISTIO_MUTUAL"},
                {"sni": "x.example"},
                {"mode": "SIMPLE", "credentialName": "c"},
                {"mode": "MUTUAL", "clientCertificate": "/c", "privateKey": "/k"},
            )
        )
    if random.random() < 0.3:
        found["loadBalancer"] = {"simple": random.choice(("PASSTHROUGH", "RANDOM"))}
    return found


def _entry(random: Random, index: int) -> dict[str, Any]:
    ports = [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": 8443}]
    ports.append({"number": 443, "name": "tls", "protocol": random.choice(("TLS", "HTTPS", "HTTP", "TCP"))})
    spec: dict[str, Any] = {
        "hosts": [f"e{index}.example"],
        "ports": ports,
        "resolution": random.choice(("STATIC", "DNS", "NONE")),
    }
    if random.random() < 0.5:
        spec["location"] = random.choice(("MESH_INTERNAL", "MESH_EXTERNAL"))
    if spec["resolution"] == "STATIC":
        spec["endpoints"] = [_address(random)]
    if random.random() < 0.3:
        spec["exportTo"] = random.choice((["."], ["*"], ["a"]))
    return istio("networking", "ServiceEntry", random.choice(NAMESPACES), f"e{index}", spec, **_age(random))


def _address(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"address": "10.3.0.1"}
    return found | random.choice(({}, {"labels": {MARK: "istio", "app": "s0"}}, {"serviceAccount": "x"}))
