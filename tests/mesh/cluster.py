"""A world in, a running one out: its applications listen, and the proxies that are named are real Envoys."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.mesh.backends import Backends, close, listen
from tests.mesh.client import Answer, Ask, Speaks, call, captured, dial, secured
from tests.mesh.envoy import Envoy, Plan, moved, running
from tests.mesh.istio import Resources
from tests.mesh.world import HTTP_PORT, Workload, World, router, sidecar


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


def proxies_of(world: World, names: Iterable[str]) -> tuple[Workload, ...]:
    """Give the workloads whose proxies are to run."""
    return tuple(world.workloads[name] for name in names)


@contextmanager
def cluster(
    world: World,
    proxied: Iterable[tuple[Workload, Resources]],
    where: tuple[int, Backends, Path],
    *,
    ejection: bool = True,
) -> Iterator[Cluster]:
    """Run a world with these proxies, at `where`: a claimed block, the applications' thread, a directory."""
    number, backs, directory = where
    try:
        for workload in world.workloads.values():
            for port in {port.target: port for port in workload.ports if port.protocol != "UDP"}.values():
                if "gateway" not in workload.labels:
                    listen(backs, moved(workload.app, number), port.target, port.tls)
        plans = [(resources, _plan(workload, ejection=ejection)) for workload, resources in proxied]
        with running(plans, number, directory) as envoys:
            yield Cluster(world, number, backs, envoys)
    finally:
        close(backs)


def _plan(workload: Workload, *, ejection: bool) -> Plan:
    proxy = router(workload) if "gateway" in workload.labels else sidecar(workload)
    targets = sorted({port.target for port in workload.ports if port.protocol != "UDP"})
    return Plan(proxy, workload.app, tuple(targets), ejection=ejection)


def through_gateway(cluster: Cluster, gateway: str, ask: Ask) -> Answer:
    """Send a request to a gateway in plain text."""
    return call(dial(cluster.at(cluster.workload(gateway).pod), HTTP_PORT), ask)


def from_pod(cluster: Cluster, caller: str, to: tuple[str, int], ask: Ask, speaks: Speaks | None = None) -> Answer:
    """Send a request from an application with a sidecar to an address (of the world) and port."""
    connection = captured(cluster.at(cluster.workload(caller).pod), cluster.at(to[0]), to[1])
    return call(connection if speaks is None else secured(connection, speaks), ask)
