"""What a server accepts: the PeerAuthentications of a mesh and a pod's labels and port in, the mode that holds out.

The narrowest word counts: port, pod, namespace, mesh, then PERMISSIVE. Of several of one scope the oldest counts.
Source: `ComposePeerAuthentication` and `addPeerAuthentication` of Istio 1.27 and 1.31.
"""

from collections.abc import Iterator
from typing import NamedTuple

from meshguard.tls.facts import Labels, PeerAuthentication, Ref, World, covers

DISABLE, PERMISSIVE, STRICT = "DISABLE", "PERMISSIVE", "STRICT"


class Accepted(NamedTuple):
    """The mode of a port and who says it. `level` is `port`, `workload`, `namespace`, `mesh` or `default`.

    `ref` is the object, with the place of the word that decides; None for `default`.
    """

    mode: str
    level: str
    ref: Ref | None


def accepted(world: World, namespace: str, labels: Labels, port: int | None) -> Accepted:
    """Give the mode of a container port of pods with these labels."""
    found = of_namespace(world, namespace)
    own = _of_workload(world, namespace, labels)
    if own is None:
        return found
    if own.mode is not None:
        found = Accepted(own.mode, "workload", _at_mode(own))
    for entry in own.ports:
        if entry.number == port:
            ref = own.ref._replace(span=entry.span)
            return Accepted(entry.mode, "port", ref) if entry.mode else found
    return found


def of_namespace(world: World, namespace: str) -> Accepted:
    """Give the mode of a whole namespace, which is all that clients look at when they choose by themselves."""
    root = world.settings.root_namespace
    found = Accepted(PERMISSIVE, "default", None)
    for level, place in (("mesh", root), ("namespace", namespace)):
        own = _of_whole(world, place)
        if own is not None and own.mode is not None and (level == "mesh" or namespace != root):
            found = Accepted(own.mode, level, _at_mode(own))
    return found


def perhaps(world: World, namespace: str, labels: Labels) -> Iterator[PeerAuthentication]:
    """Give what may select pods of which these labels are known, though they may have more."""
    for one in _selecting(world, namespace):
        known = one.selector.keys() & labels.keys()
        if not covers(one.selector, labels) and all(one.selector[key] == labels[key] for key in known):
            yield one


def _of_whole(world: World, namespace: str) -> PeerAuthentication | None:
    return next((one for one in world.authentications.get(namespace, ()) if not one.selector), None)


def _of_workload(world: World, namespace: str, labels: Labels) -> PeerAuthentication | None:
    return next((one for one in _selecting(world, namespace) if covers(one.selector, labels)), None)


def _selecting(world: World, namespace: str) -> Iterator[PeerAuthentication]:
    """Give what selects pods; in the root namespace Istio passes over it without a word."""
    if namespace != world.settings.root_namespace:
        yield from (one for one in world.authentications.get(namespace, ()) if one.selector)


def _at_mode(one: PeerAuthentication) -> Ref:
    return one.ref if one.mode_span is None else one.ref._replace(span=one.mode_span)
