"""A world in, a running one out: its applications listen, and the proxies that are named are real Envoys."""

import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.mesh.backends import Backends, close, forward, greet, listen
from tests.mesh.client import Answer, Ask, Speaks, call, call_http2, captured, dial, secured
from tests.mesh.envoy import Block, Envoy, Plan, moved, running, said, until
from tests.mesh.istio import Istio, Json, Proxy, Resources, generate
from tests.mesh.recorded import answered
from tests.mesh.world import HTTP_PORT, HTTPS_PORT, Workload, World, router, sidecar


class Lab(NamedTuple):
    """All that it takes to run a world: a claimed block of addresses, the applications, a directory, and Istio.

    Istio's part of the `version` is asked of itself, or (None) read as it was recorded; `recorded` tells whether it
    is to be, and `golden` to record it now.
    """

    block: Block
    backs: Backends
    directory: Path
    version: str
    istio: Istio | None
    recorded: bool = False
    golden: bool = False

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


class Cluster(NamedTuple):
    """A world that runs in a claimed block of addresses; proxies are found by `name.namespace`."""

    world: World
    number: int
    backs: Backends
    envoys: Mapping[str, Envoy]

    def workload(self, name: str) -> Workload:
        return self.world.workloads[name]

    def at(self, address: str) -> str:
        """Give where an address of the world really is."""
        return moved(address, self.number)


@contextmanager
def cluster(
    lab: Lab,
    world: World,
    proxied: Iterable[str],
    *,
    ejection: bool = True,
    services: Iterable[str] = (),
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Cluster]:
    """Run a world with the proxies of these workloads.

    Without `ejection` pods that fail are kept. Behind the addresses of `services` there is something too, for what
    no proxy knows the way of. `hosts` are the addresses of names outside.
    """
    workloads = [world.workloads[name] for name in proxied]
    shared = set(services)
    given = _asked(lab, world, [_proxy(workload) for workload in workloads])
    try:
        for name, workload in world.workloads.items():
            for port in {port.target: port for port in workload.ports if port.protocol != "UDP"}.values():
                address = moved(workload.behind(port), lab.block.number)
                if port.greeting:
                    greet(lab.backs, address, port.target, port.greeting)
                elif "gateway" not in workload.labels:
                    listen(lab.backs, address, port.target, port.tls)
            for port in workload.ports if name in shared else ():
                pod, vip = moved(workload.pod, lab.block.number), moved(workload.vip, lab.block.number)
                forward(lab.backs, (vip, port.number), (pod, port.target))
        plans = [
            (resources, _plan(workload, hosts, ejection=ejection))
            for workload, resources in zip(workloads, given, strict=True)
        ]
        with running(plans, lab.block, lab.directory) as envoys:
            yield Cluster(world, lab.block.number, lab.backs, envoys)
    finally:
        close(lab.backs)


def _asked(lab: Lab, world: World, proxies: list[Proxy]) -> tuple[Resources, ...]:
    question = (world.documents, proxies, world.mesh)
    if lab.recorded:
        return answered(lab.istio, question, lab.version, golden=lab.golden)
    assert lab.istio is not None
    return generate(lab.istio, *question)


def _proxy(workload: Workload) -> Proxy:
    return router(workload) if "gateway" in workload.labels else sidecar(workload)


def _plan(workload: Workload, hosts: Mapping[str, str], *, ejection: bool) -> Plan:
    targets = sorted({port.target for port in workload.ports if port.protocol != "UDP" and port.captured})
    return Plan(_proxy(workload), workload.app, tuple(targets), hosts, ejection)


def through_gateway(cluster: Cluster, gateway: str, ask: Ask) -> Answer:
    """Send a request to a gateway in plain text."""
    return call(dial(cluster.at(cluster.workload(gateway).pod), HTTP_PORT), ask)


def through_gateway_tls(cluster: Cluster, gateway: str, ask: Ask, speaks: Speaks) -> Answer:
    """Send a request to a gateway over TLS, whoever opens that."""
    return over_tls(lambda: dial(cluster.at(cluster.workload(gateway).pod), HTTPS_PORT), ask, speaks)


def from_pod(cluster: Cluster, caller: str, to: tuple[str, int], ask: Ask, speaks: Speaks | None = None) -> Answer:
    """Send a request from an application with a sidecar to an address (of the world) and port."""

    def opened() -> socket.socket:
        return captured(cluster.at(cluster.workload(caller).pod), cluster.at(to[0]), to[1])

    return call(opened(), ask) if speaks is None else over_tls(opened, ask, speaks)


def from_outside(cluster: Cluster, to: tuple[str, int], ask: Ask, speaks: Speaks | None = None) -> Answer:
    """Send a request to an address (of the world) and port without any sidecar, as a pod outside the mesh does."""
    if speaks is None:
        return call(dial(cluster.at(to[0]), to[1]), ask)
    return over_tls(lambda: dial(cluster.at(to[0]), to[1]), ask, speaks)


def over_tls(opened: Callable[[], socket.socket], ask: Ask, speaks: Speaks) -> Answer:
    """Send a request over TLS; where the handshake fails, the answer's failure says how."""
    connection = opened()
    try:
        ready = secured(connection, speaks)
        is_http2 = ready.selected_alpn_protocol() == "h2"
        return call_http2(ready, ask) if is_http2 else call(ready, ask)
    except (ssl.SSLEOFError, ConnectionError):
        return Answer(0, failure="closed")
    except ssl.SSLError as failure:
        return Answer(0, failure=failure.reason or str(failure))
    finally:
        connection.close()


def logged(cluster: Cluster, proxy: str, case: str) -> Json:
    """Give the line that a proxy wrote of a request, which it does a little later."""
    envoy = cluster.envoys[proxy]

    def line() -> Json | None:
        found = [one for one in lines(envoy) if one.get("case") == case]
        return found[-1] if found else None

    answer: Json = until(line, lambda: f"no request {case} in the log of {proxy}\n{said(envoy)}")
    return answer


def lines(envoy: Envoy) -> list[Json]:
    """Give all that a proxy has logged so far."""
    text = envoy.access_log.read_text() if envoy.access_log.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]
