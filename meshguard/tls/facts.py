"""What decides on TLS in a mesh, as frozen facts with places: rules, policies, services, pods and settings.

`created` is the creation time as Kubernetes writes it, or empty where it is not known; of two objects that exclude
each other Istio obeys the older, and of two of one age the first by name.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from meshguard.diagnostic import Span

Labels: TypeAlias = Mapping[str, str]

EVERYONE = "*"  # in an exportTo
OWN = "."  # the namespace of the object itself
NOBODY = "~"  # not even the own namespace
NOWHERE = Span("", 0, 0, 0, 0)  # the place of a built-in default


class Remark(NamedTuple):
    """Something about an object that a person should know; an error means that the object does not count."""

    span: Span
    message: str
    is_error: bool = False


class Ref(NamedTuple):
    """An object, or a fact of the policy (then `kind` is `policy`), and where it was written: maybe NOWHERE."""

    kind: str
    namespace: str
    name: str
    span: Span

    def __str__(self) -> str:
        """Write it as `namespace/name`; what has no namespace has a name only."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class PortMode(NamedTuple):
    """The mode of one container port; None is UNSET."""

    number: int
    mode: str | None
    span: Span


class PeerAuthentication(NamedTuple):
    """What servers accept. `mode` None is UNSET; `mode_span` is where the mode was written."""

    ref: Ref
    created: str
    selector: Labels
    mode: str | None
    mode_span: Span | None
    ports: tuple[PortMode, ...]


class ClientTls(NamedTuple):
    """How a client speaks: `mode` is DISABLE (also where none is written), SIMPLE, MUTUAL or ISTIO_MUTUAL.

    `has_certificate` tells whether there is a certificate of the client's own, as a file.
    """

    mode: str
    span: Span
    has_mode: bool = True
    credential: str = ""
    has_certificate: bool = False
    skips_verification: bool = False


class PortPolicy(NamedTuple):
    """An entry of portLevelSettings, keyed by the Service's port; `balancer` is None where nothing is said."""

    number: int | None
    tls: ClientTls | None
    balancer: str | None
    span: Span


class TrafficPolicy(NamedTuple):
    """How callers treat a host."""

    tls: ClientTls | None
    balancer: str | None
    ports: tuple[PortPolicy, ...]


class Subset(NamedTuple):
    """A part of a host's pods; `ref` is the rule that says it."""

    name: str
    labels: Labels
    policy: TrafficPolicy | None
    ref: Ref


class DestinationRule(NamedTuple):
    """How callers treat a host. `selector` None: of all pods; `export_to` empty: the mesh's default."""

    ref: Ref
    created: str
    host: str
    export_to: frozenset[str]
    selector: Labels | None
    policy: TrafficPolicy | None
    subsets: tuple[Subset, ...]


class Port(NamedTuple):
    """A port that callers dial; `target` is a number or a name of the pod's, None where nothing is said.

    `is_udp` tells what the port really carries; the protocol UDP may also come from a name alone.
    """

    number: int
    name: str
    protocol: str
    target: int | str | None
    is_udp: bool = False


class Endpoint(NamedTuple):
    """An address behind a ServiceEntry, or a WorkloadEntry: `ports` are numbers by the name of the port."""

    ref: Ref
    labels: Labels
    has_account: bool
    ports: Mapping[str, int]


class Service(NamedTuple):
    """A host that a mesh knows: a Service, or one host of a ServiceEntry (`is_entry`).

    `resolution` is `static`, `headless`, `dns` or `alias` (of the host `alias`). `is_external` is what stands
    outside the mesh. `selector` None: its addresses are written by hand, and `endpoints` are those of an entry.
    """

    ref: Ref
    created: str
    host: str
    ports: tuple[Port, ...]
    selector: Labels | None
    resolution: str = "static"
    is_external: bool = False
    is_entry: bool = False
    alias: str = ""
    export_to: frozenset[str] = frozenset()
    endpoints: tuple[Endpoint, ...] = ()
    labels: Mapping[str, str] = {}


class Workload(NamedTuple):
    """Pods of one template, or one pod. `ports` are container ports by name.

    `proxy` is `sidecar` or `gateway` where one of the containers is the proxy, else empty; `is_pod` tells that it
    is a pod of a cluster, which has a sidecar now or never.
    """

    ref: Ref
    labels: Labels
    annotations: Labels
    ports: Mapping[str, int]
    is_host_network: bool
    proxy: str
    is_pod: bool


class Namespace(NamedTuple):
    """A namespace and its labels."""

    ref: Ref
    labels: Labels


class Egress(NamedTuple):
    """Hosts that a Sidecar takes in, as `namespace/host`; `port` is None where all ports of them are."""

    hosts: tuple[str, ...]
    port: int | None


class Sidecar(NamedTuple):
    """What sidecars know: `egress` is empty for everything.

    `outbound` is the traffic policy for everything else, None where the mesh's stands. `ingress` are pairs of a
    container port and its protocol that replace those of Services.
    """

    ref: Ref
    created: str
    selector: Labels | None
    egress: tuple[Egress, ...]
    outbound: str | None
    ingress: tuple[tuple[int, str], ...]


class Gateway(NamedTuple):
    """What gateways listen to: pairs of a port and the mode of its TLS (empty: none)."""

    ref: Ref
    selector: Labels
    servers: tuple[tuple[int, str], ...]


class Route(NamedTuple):
    """Where a VirtualService sends what: `kind` is http, tls or tcp, `port` None for whichever is dialled.

    `subset` is empty for none, and so is `dialled` where it matches whatever port is dialled. `is_of_mesh` and
    `is_of_gateway` tell who obeys it, `hosts` are the names that it stands for; `export_to` empty: everywhere.
    """

    ref: Ref
    kind: str
    host: str
    port: int | None
    subset: str
    dialled: frozenset[int]
    hosts: tuple[str, ...]
    export_to: frozenset[str]
    is_of_mesh: bool
    is_of_gateway: bool


class Settings(NamedTuple):
    """The mesh as a whole. The export lists are what holds where an object says none."""

    istio_version: tuple[int, int]
    cluster_domain: str = "cluster.local"
    root_namespace: str = "istio-system"
    auto_mtls: bool = True
    outbound_traffic: str = "ALLOW_ANY"
    rule_export: frozenset[str] = frozenset({EVERYONE})
    service_export: frozenset[str] = frozenset({EVERYONE})
    route_export: frozenset[str] = frozenset({EVERYONE})


class World(NamedTuple):
    """Everything that is known of a mesh, most of it by namespace, in the order in which Istio obeys it."""

    settings: Settings
    namespaces: Mapping[str, Namespace] = {}
    services: Mapping[str, tuple[Service, ...]] = {}
    workloads: Mapping[str, tuple[Workload, ...]] = {}
    entries: Mapping[str, tuple[Endpoint, ...]] = {}
    authentications: Mapping[str, tuple[PeerAuthentication, ...]] = {}
    sidecars: Mapping[str, tuple[Sidecar, ...]] = {}
    rules: tuple[DestinationRule, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    routes: tuple[Route, ...] = ()


def covers(selector: Labels, labels: Labels) -> bool:
    """Tell whether the labels have everything that a selector asks for."""
    return selector.items() <= labels.items()


def is_visible(export_to: frozenset[str], owner: str, namespace: str) -> bool:
    """Tell whether what a namespace exports reaches another one."""
    return bool(export_to & {EVERYONE, namespace}) or (OWN in export_to and owner == namespace)
