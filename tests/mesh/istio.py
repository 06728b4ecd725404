"""Questions about a mesh in, the answers of Istio's own code out: one process for all questions of a session."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]


class Istio(NamedTuple):
    """The program of tests/mesh/lab, running. `version` is what its proxies say that they are."""

    version: str
    process: "subprocess.Popen[str]"
    log: Path

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


class Message(NamedTuple):
    """What an analyzer says, as `istioctl analyze` prints it."""

    code: str
    level: str
    text: str


class Proxy(NamedTuple):
    """An Envoy that asks istiod: `sidecar` of a pod, or `router` (a gateway)."""

    kind: str
    name: str
    namespace: str
    address: str
    labels: Mapping[str, str] = {}


class Mesh(NamedTuple):
    """What stands in MeshConfig. The export lists are those for objects that say none, empty for Istio's own."""

    outbound_traffic: str = "ALLOW_ANY"
    root_namespace: str = "istio-system"
    auto_mtls: bool = True
    service_export: tuple[str, ...] = ()
    route_export: tuple[str, ...] = ()
    rule_export: tuple[str, ...] = ()


class Resources(NamedTuple):
    """What istiod sends to one proxy, each list sorted by name."""

    listeners: tuple[Json, ...]
    routes: tuple[Json, ...]
    clusters: tuple[Json, ...]
    endpoints: tuple[Json, ...]


class Call(NamedTuple):
    """A call that the simulation follows: `protocol` http, http2 or tcp; `tls` plaintext, tls or mtls."""

    address: str
    port: int
    host: str = ""
    path: str = "/"
    protocol: str = "http"
    tls: str = "plaintext"
    sni: str = ""
    mode: str = "outbound"


@contextmanager
def running(binary: str, version: str, log: Path) -> Iterator[Istio]:
    """Start the program, and end it when no more is asked."""
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8"
        ) as process,
    ):
        yield Istio(version, process, log)
        assert process.stdin is not None
        process.stdin.close()


def admit(istio: Istio, document: str) -> tuple[str, str]:
    """Give why the webhook refuses an object, and what it warns of; empty where it says nothing."""
    verdict = _ask(istio, op="admit", documents=[document])["verdict"]
    return verdict.get("refused", ""), verdict.get("warning", "")


def unknown_field(istio: Istio, document: str) -> str:
    """Give what the early Istio's API says of a field that it does not have, and that the API server drops."""
    return str(_ask(istio, op="admit", documents=[document])["verdict"].get("unknown", ""))


def analyze(istio: Istio, documents: Sequence[str]) -> tuple[Message, ...]:
    """Give what the analyzers say of all documents together."""
    messages = _ask(istio, op="analyze", documents=list(documents)).get("messages", [])
    return tuple(sorted(Message(found["code"], found["level"], found["text"]) for found in messages))


def inject(istio: Istio, pod: str) -> str:
    """Give a pod as the webhook makes it that adds the sidecar; AssertionError where it refuses to."""
    return str(_ask(istio, op="inject", documents=[pod])["pod"])


def generate(istio: Istio, documents: Sequence[str], proxies: Iterable[Proxy], mesh: Mesh) -> tuple[Resources, ...]:
    """Give what istiod sends to each proxy; documents that Istio refuses are an error."""
    answer = _ask(
        istio,
        op="generate",
        documents=list(documents),
        proxies=[_proxy(proxy, istio.version) for proxy in proxies],
        mesh=_mesh(mesh),
    )
    return tuple(
        Resources(
            _sorted(found["listeners"], "name"),
            _sorted(found["routes"], "name"),
            _sorted(found["clusters"], "name"),
            _sorted(found["endpoints"], "clusterName"),
        )
        for found in answer["resources"]
    )


def simulate(
    istio: Istio, documents: Sequence[str], proxy: Proxy, mesh: Mesh, calls: Iterable[Call]
) -> tuple[str, ...]:
    """Give the cluster that each call of a proxy reaches, or what is in its way."""
    answer = _ask(
        istio,
        op="simulate",
        documents=list(documents),
        proxies=[_proxy(proxy, istio.version)],
        mesh=_mesh(mesh),
        calls=[call._asdict() for call in calls],
    )
    return tuple(found.get("error") or found.get("cluster", "") for found in answer["results"])


def _sorted(found: list[Json] | None, key: str) -> tuple[Json, ...]:
    return tuple(sorted(found or (), key=lambda resource: str(resource[key])))


def _proxy(proxy: Proxy, version: str) -> Json:
    return {
        "type": proxy.kind,
        "name": proxy.name,
        "namespace": proxy.namespace,
        "address": proxy.address,
        "labels": dict(proxy.labels),
        "serviceAccount": proxy.name,
        "istioVersion": version,
    }


def _mesh(mesh: Mesh) -> Json:
    defaults = {
        "serviceExport": mesh.service_export,
        "routeExport": mesh.route_export,
        "ruleExport": mesh.rule_export,
    }
    return {
        "outboundTraffic": mesh.outbound_traffic,
        "rootNamespace": mesh.root_namespace,
        "noAutoMtls": not mesh.auto_mtls,
        **{key: list(exports) for key, exports in defaults.items() if exports},
    }


def _ask(istio: Istio, **question: Any) -> Json:
    stdin, stdout = istio.process.stdin, istio.process.stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write(json.dumps(question) + "\n")
    stdin.flush()
    line = stdout.readline()
    assert line, f"Istio {istio.version} ended: {istio.log.read_text()[-2000:]}"
    answer: Json = json.loads(line)
    assert "error" not in answer, answer["error"]
    return answer
