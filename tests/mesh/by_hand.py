"""Objects written by hand in, a running cluster around one service out: what the bad example of a rule comes to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

from tests.mesh.backends import Seen, forward, stop
from tests.mesh.check import CALLER
from tests.mesh.client import LIMIT, Answer, Ask, captured
from tests.mesh.cluster import Cluster, Lab, cluster, from_pod, logged, through_gateway
from tests.mesh.world import ServicePort, Workload, document, world
from tests.targets.istio.given import facts_of

PUBLIC = "orders.example.com"
ORDERS = Workload("orders", "shop", 0, (ServicePort(8080, "http", "HTTP", 8080),), {"app": "orders"})
BARE = ORDERS._replace(sidecar=False)  # what Envoy does by itself: one proxy only
NEXT = ORDERS._replace(name="orders-next", labels={"app": "orders-next"})
POLICY = """
mesh: {{mtls: {mtls}, outboundTraffic: {outbound}, istioVersion: "{istio}"}}
gateways: {{public: {{gateway: istio-ingress/public, tls: {gateway}}}}}
"""
GATEWAY, INSIDER = "gateway-public.istio-ingress", "caller.callers"
_cases = count()


class Outcome(NamedTuple):
    """What came of a request: its answer, the tries that reached an application, and the first proxy's log."""

    answer: Answer
    tries: tuple[Seen, ...]
    flags: str
    details: str


@contextmanager
def by_hand(
    lab: Lab,
    *documents: str,
    workloads: Sequence[Workload] = (ORDERS,),
    mtls: str = "PERMISSIVE",
    outbound: str = "ALLOW_ANY",
    gateway: str = "terminate",
    **more: Any,
) -> Iterator[Cluster]:
    """Run workloads with a gateway and a caller before them, and objects that nobody has checked.

    Pods that fail are kept; `more` may say otherwise, and what else `cluster` takes.
    """
    facts = facts_of(POLICY.format(mtls=mtls, outbound=outbound, gateway=gateway, istio=lab.minor))
    around = world(facts, (), [*workloads, CALLER], documents)
    proxied = [name for name, found in around.workloads.items() if found.sidecar or name == GATEWAY]
    with cluster(lab, around, proxied, **{"ejection": False, **more}) as on:
        yield on


def virtual_service(*http: dict[str, Any], hosts: Sequence[str] = (PUBLIC,), mesh: bool = False) -> str:
    """Write the routes of the service: of the gateway, or (`mesh`) of callers inside."""
    gateways = ["mesh"] if mesh else ["istio-ingress/public"]
    spec = {"hosts": [ORDERS.host] if mesh else list(hosts), "gateways": gateways, "http": list(http)}
    name = "orders-mesh" if mesh else "orders"
    return document("networking.istio.io/v1", "VirtualService", name, "shop", spec=spec)


def destination_rule(**policy: Any) -> str:
    """Write the traffic policy of the service."""
    spec = {"host": ORDERS.host, "trafficPolicy": policy}
    return document("networking.istio.io/v1", "DestinationRule", "orders", "shop", spec=spec)


def at(path: str, **conditions: Any) -> dict[str, Any]:
    """Write a match of a path and all below it."""
    return {"uri": {"prefix": path}, **conditions}


def to(*matches: dict[str, Any], workload: Workload = ORDERS, port: int = 8080, **rule: Any) -> dict[str, Any]:
    """Write a rule that sends what matches (or everything) to a workload, with what else it says."""
    where = {"match": list(matches)} if matches else {}
    return {**where, "route": [share(workload, port)], **rule}


def share(workload: Workload, port: int = 8080, **more: Any) -> dict[str, Any]:
    """Write a destination of a rule, and its weight or headers."""
    return {"destination": {"host": workload.host, "port": {"number": port}}, **more}


def from_outside(
    on: Cluster,
    path: str = "/",
    method: str = "GET",
    answers: str = "200",
    *,
    host: str = PUBLIC,
    body: bytes = b"body",
    **headers: str,
) -> Outcome:
    """Send a request to the gateway; underscores in the names of headers stand for dashes."""
    return _sent(on, GATEWAY, Ask(host, path, method, _headers(answers, headers), body))


def from_inside(on: Cluster, path: str = "/", method: str = "GET", answers: str = "200", **headers: str) -> Outcome:
    """Send a request to the service from a pod with a sidecar."""
    return _sent(on, INSIDER, Ask(ORDERS.host, path, method, _headers(answers, headers)))


def dialled(
    on: Cluster, port: int, path: str = "/", answers: str = "200", host: str = ORDERS.host, address: str = ""
) -> tuple[Answer, tuple[Seen, ...]]:
    """Send a request from a pod with a sidecar, whatever that makes of the port: to the service, or an address."""
    ask = Ask(host, path, headers=_headers(answers, {}))
    answer = from_pod(on, INSIDER, (address or on.workload("orders.shop").vip, port), ask)
    return answer, tuple(on.backs.seen[ask.headers["x-case"]])


def told(on: Cluster, address: str, port: int, says: bytes = b"", wait: float = LIMIT) -> bytes | None:
    """Tell what an application in the mesh reads first that dials an address (of the world) and says this.

    That is nothing where the connection is closed, and None where it stays open and silent.
    """
    with captured(on.at(on.workload(INSIDER).pod), on.at(address), port) as connection:
        connection.settimeout(wait)
        try:
            connection.sendall(says)
            return connection.recv(65536)
        except TimeoutError:
            return None
        except OSError:
            return b""


def relay(on: Cluster, front: str, to: str) -> None:
    """Have an application hand on all requests to another Service through its sidecar, as a proxy does."""
    by, target = on.workload(front), on.workload(to)
    place, pod = (on.at(by.app), 8080), on.at(by.pod)
    stop(on.backs, place)
    head = f"PROXY TCP4 {pod} {on.at(target.vip)} 40000 8080\r\n"
    forward(on.backs, place, (pod, 15001), head.encode())


def _headers(answers: str, headers: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {**named, "x-case": f"by-hand-{next(_cases)}", "x-answers": answers}


def _sent(on: Cluster, by: str, ask: Ask) -> Outcome:
    case = ask.headers["x-case"]
    if by == GATEWAY:
        answer = through_gateway(on, by, ask)
    else:
        answer = from_pod(on, by, (on.workload("orders.shop").vip, 8080), ask)
    line = logged(on, by, case)
    return Outcome(answer, tuple(on.backs.seen[case]), str(line["flags"]), str(line.get("details", "")))
