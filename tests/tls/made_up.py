"""A source of randomness in, a small mesh out: Services, pods, policies and rules that meet in every way."""

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
ANNOTATIONS = (".", "a", "b", "*", "a,b", "elsewhere, b", ".,elsewhere", "*,a", "")
EXPORTS: tuple[list[str], ...] = ([], ["."], ["*"], ["a"], ["b"], ["a", "b"], ["b", "elsewhere"])
SHARED = "s1.a.svc.cluster.local"  # the name of a Service, which ServiceEntries may have too
ENTRIES = ("e0.example", "e1.example", SHARED)  # the hosts of ServiceEntries
RESOLUTIONS = ("STATIC", "STATIC", "DNS", "NONE")
MARK = "security.istio.io/tlsMode"


class Mesh(NamedTuple):
    """Everything made up: the objects of people, and what stands in MeshConfig.

    `exports` are the defaults for Services, VirtualServices and DestinationRules.
    """

    objects: list[dict[str, Any]]
    auto_mtls: bool
    outbound_traffic: str
    root_namespace: str
    exports: tuple[tuple[str, ...], ...]


def make(random: Random) -> Mesh:
    """Make a mesh up."""
    objects: list[dict[str, Any]] = []
    for namespace in (*NAMESPACES, ROOT):
        labels = {"istio-injection": "enabled"}
        objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
    for namespace in NAMESPACES:
        for name in ("s0", "s1"):
            objects += [_pod(random, namespace, name, index) for index in range(random.choice((0, 1, 1, 1, 2, 2)))]
            objects.append(_service(random, namespace, name))
            if random.random() < 0.2:  # a second Service for the same pods
                objects.append(_service(random, namespace, f"{name}-too", app=name))
    for many, one in (
        ((0, 1, 2, 4), _authentication),
        ((0, 1, 2, 4), _rule),
        ((0, 0, 1, 2, 3), _entry),
        ((0, 0, 1, 3), _machine),
        ((0, 0, 0, 1, 2), _sidecar),
        ((0, 0, 1), _alias),
        ((0, 0, 1, 2), _routes),
    ):
        objects += [one(random, index) for index in range(random.choice(many))]
    outbound = random.choice(("ALLOW_ANY", "ALLOW_ANY", "REGISTRY_ONLY"))
    root = random.choice((ROOT, ROOT, ROOT, "a"))
    exports = tuple(random.choice(((), (), (), ("*",), (".",), ("b",), ("a", "."))) for _ in range(3))
    return Mesh(objects, random.random() < 0.85, outbound, root, exports)


def _age(random: Random) -> dict[str, str]:
    return {"creationTimestamp": f"2024-01-0{random.randint(1, 3)}T00:00:00Z"}


def _pod(random: Random, namespace: str, app: str, index: int) -> dict[str, Any]:
    """Make a pod, with a sidecar or without; some lack a named port, or have it under another number."""
    has_sidecar = random.random() < 0.8
    labels = {"app": app, "version": random.choice(("v1", "v2"))}
    labels |= {MARK: "istio" if random.random() < 0.95 else "disabled"} if has_sidecar else {}
    ports = [
        {"name": name, "containerPort": random.choice((target, target, target, target + 100))}
        for name, (_, target) in PORTS.items()
        if random.random() < 0.95
    ]
    containers = [{"name": "app", "ports": ports}, *([{"name": "istio-proxy"}] if has_sidecar else [])]
    more: dict[str, Any] = {"labels": labels}
    if random.random() < 0.1:
        more["annotations"] = {"traffic.sidecar.istio.io/excludeInboundPorts": "8080, 8443"}
    made = kubernetes("Pod", namespace, f"{app}-{index}", {"containers": containers}, **more)
    return {**made, "status": {"phase": "Running"}}


def _service(random: Random, namespace: str, name: str, app: str = "") -> dict[str, Any]:
    chosen = random.sample(list(PORTS), random.randint(1, 4))
    spec: dict[str, Any] = {"selector": {"app": app or name}, "ports": [_port(random, port) for port in chosen]}
    if random.random() < (0.5 if f"{name}.{namespace}.svc.cluster.local" == SHARED else 0.2):
        spec["clusterIP"] = "None"
    more: dict[str, Any] = _age(random)
    if random.random() < 0.15:
        is_shared = f"{name}.{namespace}.svc.cluster.local" == SHARED
        hidden = () if is_shared else ("~", "~,b", "~, a", "*,~", "~,.")
        more["annotations"] = {"networking.istio.io/exportTo": random.choice((*ANNOTATIONS, *hidden))}
    return kubernetes("Service", namespace, name, spec, **more)


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
        spec["exportTo"] = random.choice(EXPORTS)
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
    ports: list[dict[str, Any]] = []
    if random.random() < 0.8:
        ports.append({"number": 80, "name": "http", "protocol": random.choice(("HTTP", "HTTP", "TCP"))})
        ports[0] |= random.choice(({"targetPort": 8443}, {"targetPort": 8443}, {}))
    if random.random() < 0.8 or not ports:
        ports.append({"number": 443, "name": "tls", "protocol": random.choice(("TLS", "HTTPS", "HTTP", "TCP"))})
    namespace, host = random.choice(NAMESPACES), random.choice(("e0.example", SHARED, *ENTRIES))
    spec: dict[str, Any] = {
        "hosts": [host],
        "ports": ports,
        "resolution": random.choice(RESOLUTIONS),
    }
    if random.random() < 0.5:
        spec["location"] = random.choice(("MESH_INTERNAL", "MESH_EXTERNAL"))
    if spec["resolution"] == "STATIC" and random.random() < 0.6:
        spec["endpoints"] = [_address(random, index)]
    elif spec["resolution"] == "STATIC" and random.random() < 0.6:
        spec["workloadSelector"] = {"labels": random.choice(({"app": "s0"}, {"app": "vm"}))}
    if random.random() < 0.3:
        spec["exportTo"] = random.choice((["."], ["*"], ["a"], ["b", "elsewhere"], ["~"]))
    created = _age(random)["creationTimestamp"].replace("00Z", f"0{index}Z")  # of two of one age either may count
    return istio("networking", "ServiceEntry", namespace, f"e{index}", spec, creationTimestamp=created)


def _address(random: Random, index: int) -> dict[str, Any]:
    found: dict[str, Any] = {"address": f"10.3.0.{index + 1}"}
    return found | random.choice(({}, {"labels": {MARK: "istio", "app": "s0"}}, {"serviceAccount": "x"}))


def _machine(random: Random, index: int) -> dict[str, Any]:
    """Make a WorkloadEntry."""
    spec = {
        **_address(random, index + 100),
        **random.choice(({}, {"ports": {"http": 8080}})),
    }
    spec["labels"] = {**spec.get("labels", {}), "app": random.choice(("s0", "vm"))}
    return istio("networking", "WorkloadEntry", random.choice(NAMESPACES), f"vm{index}", spec, **_age(random))


def _sidecar(random: Random, index: int) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    if random.random() < 0.8:
        hosts = (
            "./*",
            "a/*",
            "*/*",
            "*/*.example",
            "b/s0.b.svc.cluster.local",
            "~/*",
            f"{ROOT}/*",
            "*/s1.a.svc.cluster.local",
            "b/*.example",
            "./e0.example",
            "*/*.a.svc.cluster.local",
        )
        spec["egress"] = [{"hosts": random.sample(hosts, random.randint(1, 2))}]
        if random.random() < 0.2:
            port = {"number": random.choice((80, 84, 443)), "name": "p", "protocol": "TCP"}
            spec["egress"].insert(0, {"hosts": ["*/*"], "port": port})
    if random.random() < 0.3:
        spec["outboundTrafficPolicy"] = random.choice(({}, {"mode": "ALLOW_ANY"}, {"mode": "REGISTRY_ONLY"}))
    if random.random() < 0.3 or not spec:
        port = {
            "number": random.choice((8080, 8443)),
            "name": "in",
            "protocol": random.choice(("HTTP", "TCP", "HTTPS")),
        }
        spec["ingress"] = [{"port": port, "defaultEndpoint": "127.0.0.1:8080"}]
    namespace = random.choice((*NAMESPACES, *NAMESPACES, ROOT))
    if namespace != ROOT and (random.random() < 0.4 or "ingress" in spec):
        spec["workloadSelector"] = {"labels": _labels(random)}
    if namespace == ROOT and spec.pop("ingress", None):
        spec["egress"] = [{"hosts": ["./*"]}]
    return istio("networking", "Sidecar", namespace, f"sc{index}", spec, **_age(random))


def _alias(random: Random, index: int) -> dict[str, Any]:
    """Make another name for a Service, or for a host outside."""
    ports = [{"name": "http", "port": 80}, {"name": "tcp", "port": 82}]
    target = random.choice(("s0.a.svc.cluster.local", "e0.example", "db.example"))
    spec = {"type": "ExternalName", "externalName": target, "ports": ports}
    return kubernetes("Service", random.choice(NAMESPACES), f"alias{index}", spec, **_age(random))


def _routes(random: Random, index: int) -> dict[str, Any]:
    hosts = ("s0.a.svc.cluster.local", "s1.b.svc.cluster.local", "e0.example")
    destination: dict[str, Any] = {"host": random.choice(hosts)}
    destination |= random.choice(({}, {"subset": "v1"}, {"port": {"number": 80}}))
    spec: dict[str, Any] = {
        "hosts": [random.choice((*hosts, "www.example"))],
        "http": [{"route": [{"destination": destination}]}],
    }
    if random.random() < 0.3:
        spec["exportTo"] = random.choice((["."], ["*"], ["a"], ["b", "elsewhere"]))
    return istio("networking", "VirtualService", random.choice(NAMESPACES), f"v{index}", spec, **_age(random))
