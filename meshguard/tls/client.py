"""What a client sends: who it is, the port that it dials and what stands behind it in, layers of TLS and why out.

Source: `cluster_tls.go`, `mtls_checker.go` and `BestEffortInferServiceMTLSMode` of Istio 1.27 and 1.31.
"""

from collections.abc import Iterable
from typing import NamedTuple

from meshguard.tls.destination_rule import Obeyed, Rules, Treatment, obeyed, subset_treatment, treatment
from meshguard.tls.facts import ClientTls, Labels, Port, Ref, Route, Service, Subset, World
from meshguard.tls.peer_authentication import DISABLE, of_namespace
from meshguard.tls.protocol import HTTP, OPENED_BY_APPLICATION
from meshguard.tls.scope import View, sidecar_of
from meshguard.tls.server import Server
from meshguard.tls.verdict import CALLER, MESH, RULE, Layers

SIDECAR, GATEWAY, PASSTHROUGH, NONE = "sidecar", "gateway", "passthrough", "none"

_RESERVED = frozenset({15001, 15006, 15021, 15090})  # of the proxy itself, which listens there for nobody else


class Client(NamedTuple):
    """Who calls: pods with a sidecar, a gateway (that opens TLS, or with PASSTHROUGH does not), or no proxy."""

    kind: str
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()


class Sent(NamedTuple):
    """What a client sends. `why` names the reason, one of those that `explain` has sentences for.

    `obeyed` is the rule that holds, whatever it says of TLS, and `treatment` what it says of this port.
    `is_blocked`: nothing is sent at all. `route` is the route that brings it here, None where it is dialled.
    """

    layers: Layers
    why: str
    obeyed: Obeyed | None = None
    treatment: Treatment | None = None
    scope: Ref | None = None
    is_blocked: bool = False
    route: Route | None = None


class Target(NamedTuple):
    """What is called: a port of a service, or of one of its subsets.

    `servers` are those that count where all of them must have a sidecar. `unknown` is why the client's proxy has
    nothing for it, empty where it has. `route` is what brings a client there, None where it dials it.
    """

    service: Service
    port: Port
    subset: Subset | None
    servers: tuple[Server, ...]
    unknown: str = ""
    route: Route | None = None


def view_of(world: World, client: Client) -> View:
    """Give from where a client sees the mesh; one without a proxy sees all that is exported to everyone."""
    sidecar = sidecar_of(world, client.namespace, dict(client.labels)) if client.kind == SIDECAR else None
    return View(client.namespace, sidecar, client.kind != SIDECAR)


def sent(world: World, rules: Rules, client: Client, target: Target, server: Server) -> Sent:
    """Tell what a client sends to one kind of the servers behind a port."""
    return _sent(world, rules, client, target, server)._replace(route=target.route)


def _sent(world: World, rules: Rules, client: Client, target: Target, server: Server) -> Sent:
    caller = _of_caller(client, target)
    if target.port.is_udp:
        return Sent((), "udp")
    if client.kind == NONE:
        return Sent(caller, "no-proxy")
    unknown = _unknown(world, client, target)
    if unknown is not None:
        return unknown._replace(layers=caller)
    found = _obeyed(world, rules, client, target.service)
    said = None if found is None else _treatment(world, found, target)
    outer, why = _outer(world, client, target, server, _Rule(found, said))
    layers = caller if outer is None else (outer, *caller)
    return Sent(layers, why, found, said)


class _Rule(NamedTuple):
    obeyed: Obeyed | None
    said: Treatment | None


def _of_caller(client: Client, target: Target) -> Layers:
    """Give the TLS that callers speak themselves: where the application opens it, and no gateway has done so.

    What an HTTP route brings here was plaintext.
    """
    if client.kind == PASSTHROUGH:
        return (CALLER,)
    is_plain = client.kind == GATEWAY or target.route is not None
    return (CALLER,) if target.port.protocol in OPENED_BY_APPLICATION and not is_plain else ()


def _unknown(world: World, client: Client, target: Target) -> Sent | None:
    """Give why a proxy does not know the port, so that it passes on what it gets, or nothing."""
    service, port = target.service, target.port
    scope = view_of(world, client).sidecar
    why = target.unknown
    if not why and service.resolution == "alias":
        why = "alias"
    elif not why and port.protocol == "UDP":
        why = "named-udp"
    elif not why and port.protocol in HTTP and port.number in _RESERVED and client.kind == SIDECAR:
        why = "reserved"
    if not why:
        return None
    outbound = (
        scope.outbound if scope is not None and scope.outbound is not None else world.settings.outbound_traffic
    )
    is_blocked = outbound == "REGISTRY_ONLY" or client.kind != SIDECAR
    return Sent((), why, scope=None if scope is None else scope.ref, is_blocked=is_blocked)


def _obeyed(world: World, rules: Rules, client: Client, service: Service) -> Obeyed | None:
    labels: Labels = dict(client.labels)
    return obeyed(rules, world.settings, (client.namespace, labels), service.host, service.ref.namespace)


def _treatment(world: World, found: Obeyed, target: Target) -> Treatment:
    if target.subset is None:
        return treatment(found.merged, target.port.number)
    return subset_treatment(found.merged, target.subset, target.port.number, world.settings)


def _outer(world: World, client: Client, target: Target, server: Server, rule: _Rule) -> tuple[str | None, str]:
    """Give the layer that the client's proxy adds, and why."""
    tls = None if rule.said is None else rule.said.tls
    if tls is not None and rule.obeyed is not None:
        return _as_said(tls, client, rule.obeyed)
    never = _never(world, target, rule.said)
    if never:
        return None, never
    keeps_address = rule.said is not None and rule.said.is_passthrough
    if keeps_address or (target.service.resolution == "headless" and client.kind == SIDECAR):
        return MESH, "all-marked"
    return _by_endpoint(server, rule.said)


def _never(world: World, target: Target, said: Treatment | None) -> str:
    """Give why no server of the port gets mutual TLS where no rule asks for it, empty if some may."""
    if target.service.is_external:
        return "external"
    if not world.settings.auto_mtls:
        return "auto-off"
    if _is_all_or_nothing(target.service, said) and not _all_marked(target.servers):
        return "not-all-marked"
    is_disabled = of_namespace(world, target.service.ref.namespace).mode == DISABLE
    return "namespace-disabled" if is_disabled else ""


def _as_said(tls: ClientTls, client: Client, found: Obeyed) -> tuple[str | None, str]:
    """Do as a rule says; without what it needs, a proxy sends plaintext and says nothing."""
    if tls.mode == "DISABLE":
        return None, "said" if tls.has_mode else "no-mode"
    if tls.mode == "ISTIO_MUTUAL":
        return MESH, "said"
    is_secret = tls.credential != "" and not tls.credential.startswith("configmap://")
    if is_secret and client.kind == SIDECAR and found.merged.rule.selector is None:
        return None, "credential-of-sidecar"
    if tls.mode == "MUTUAL" and not tls.credential and not tls.has_certificate:
        return None, "no-certificate"
    return RULE, "said"


def _is_all_or_nothing(service: Service, said: Treatment | None) -> bool:
    return service.resolution == "headless" or (said is not None and said.is_inferred_passthrough)


def _all_marked(servers: Iterable[Server]) -> bool:
    found = tuple(servers)
    return bool(found) and all(server.is_marked for server in found)


def _by_endpoint(server: Server, said: Treatment | None) -> tuple[str | None, str]:
    """Choose for each pod: by its mark and its mode, unless the rule says something for endpoints only."""
    if said is not None and said.endpoint_mode is not None:
        outer = MESH if said.endpoint_mode == "ISTIO_MUTUAL" and server.is_marked else None
        return outer, "entry-without-tls"
    if not server.is_marked:
        return None, "not-marked"
    if server.accepted is not None and server.accepted.mode == DISABLE:
        return None, "port-disabled"
    return MESH, "auto"


def looks_like_mesh(sent_: Sent, client: Client, port: Port, istio: tuple[int, int]) -> bool:
    """Tell whether HTTP over TLS of a rule announces itself as the mesh's, as from Istio 1.14 up to 1.19."""
    is_http = client.kind == GATEWAY or port.protocol in HTTP
    return sent_.layers[:1] == (RULE,) and is_http and (1, 14) <= istio < (1, 19)
