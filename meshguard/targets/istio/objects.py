"""What the templates place: each object of the mesh as a frozen value, with every decision taken.

Durations are text. None, or an empty tuple, is a field that is not written.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from meshguard.diagnostic import ValuePath
from meshguard.model import HeaderRules


class Cause(NamedTuple):
    """What asked for an object: a value, or (`policy`) a default of the policy."""

    at: ValuePath
    policy: bool = False

    @property
    def path(self) -> str:
        """The path as people write it."""
        return str(self.at)


class Head(NamedTuple):
    """What every object begins with."""

    causes: tuple[Cause, ...]
    api_version: str
    namespace: str
    name: str


class Text(NamedTuple):
    """How a text is compared: `kind` is exact, prefix or regex."""

    kind: str
    text: str


class Match(NamedTuple):
    """Conditions that must all hold; there is a `port` or a `uri`. A header without a value must be there."""

    port: int | None = None
    uri: Text | None = None
    method: Text | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    query_params: tuple[tuple[str, str], ...] = ()
    authority: Text | None = None


class Destination(NamedTuple):
    """A Service's port, and its share of the requests: a weight among others, or percent of copies."""

    host: str
    port: int
    weight: int | None = None
    percent: float | None = None


class Redirect(NamedTuple):
    """Where a caller is sent."""

    code: int
    path: str | None
    host: str | None


class Retries(NamedTuple):
    """How tries are repeated; with no attempts, nothing else is said."""

    attempts: int
    retry_on: str | None = None
    per_try_timeout: str | None = None
    backoff: str | None = None


class CorsPolicy(NamedTuple):
    """Who may call from a browser. `ignore_unmatched`: a preflight of others never reaches the service."""

    origins: tuple[Text, ...]
    methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    credentials: bool | None
    max_age: str | None
    ignore_unmatched: bool


class HttpRule(NamedTuple):
    """One rule: an answer (`status`), a redirect, or destinations."""

    matches: tuple[Match, ...]
    status: int | None = None
    redirect: Redirect | None = None
    rewrite: str | None = None
    destinations: tuple[Destination, ...] = ()
    mirror: Destination | None = None
    timeout: str | None = None
    retries: Retries | None = None
    cors: CorsPolicy | None = None
    request_headers: HeaderRules | None = None
    response_headers: HeaderRules | None = None


class VirtualService(NamedTuple):
    """Routes of hosts. `sni` is where connections to these very hosts go that a gateway does not open."""

    head: Head
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    export_to: tuple[str, ...]
    http: tuple[HttpRule, ...] = ()
    sni_hosts: tuple[str, ...] = ()
    sni: Destination | None = None


class Tls(NamedTuple):
    """How a caller speaks TLS: mode DISABLE, SIMPLE or MUTUAL; `server_name` is sent and verified."""

    mode: str
    server_name: str | None = None
    ca_certificates: str | None = None
    credential_name: str | None = None
    skip_verify: bool = False


class Outlier(NamedTuple):
    """When a pod is left out."""

    consecutive_errors: int | None
    interval: str | None
    ejection_time: str | None
    max_ejection_percent: int | None


class Pool(NamedTuple):
    """How much one caller may open."""

    max_connections: int | None
    connect_timeout: str | None
    max_pending_requests: int | None


class Balancer(NamedTuple):
    """How a pod is chosen."""

    simple: str | None = None
    cookie: str | None = None
    cookie_ttl: str | None = None
    header: str | None = None
    by_locality: bool = False


class TrafficPolicy(NamedTuple):
    """How callers treat a host, or one of its ports."""

    pool: Pool | None = None
    balancer: Balancer | None = None
    outlier: Outlier | None = None
    tls: Tls | None = None


class DestinationRule(NamedTuple):
    """How callers treat a host; an entry of `ports` replaces all of `policy` for that port."""

    head: Head
    host: str
    export_to: tuple[str, ...]
    policy: TrafficPolicy
    ports: tuple[tuple[int, TrafficPolicy], ...] = ()


class EntryPort(NamedTuple):
    """A port of a host outside, as callers dial it."""

    number: int
    name: str
    protocol: str
    target: int | None


class ServiceEntry(NamedTuple):
    """A host outside that callers of this namespace know."""

    head: Head
    host: str
    addresses: tuple[str, ...]
    resolution: str
    ports: tuple[EntryPort, ...]


class PeerAuthentication(NamedTuple):
    """What pods accept on single container ports; elsewhere the namespace's mode stands."""

    head: Head
    labels: Mapping[str, str]
    ports: tuple[tuple[int, str], ...]


Object: TypeAlias = VirtualService | DestinationRule | ServiceEntry | PeerAuthentication
