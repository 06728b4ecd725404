"""How a client treats a host: the DestinationRules of a mesh, a client and a host in, the rule that it obeys out.

The client's namespace comes first, then the service's, then the root namespace; the first that has a word ends the
search, and nothing is merged across namespaces. Source: `PushContext.destinationRule`, `setDestinationRules` and
`mergeDestinationRule` of Istio 1.27 and 1.31, run against both in the tests.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from meshguard.diagnostic import Span
from meshguard.tls.facts import (
    EVERYONE,
    OWN,
    ClientTls,
    DestinationRule,
    Labels,
    PortPolicy,
    Ref,
    Settings,
    Subset,
    TrafficPolicy,
    covers,
)

_MERGED_BY_EXPORT = (1, 24)  # before, rules of one host were merged whoever they were for
_SUBSET_FALLS_BACK = (1, 31)  # before, endpoints of a subset did not know the TLS of the rule above it
PASSTHROUGH = "PASSTHROUGH"


class Merged(NamedTuple):
    """Rules of one host that Istio makes one of. `rule` is the first; `policy` is the first that there is."""

    rule: DestinationRule
    export_to: frozenset[str]
    policy: TrafficPolicy | None
    policy_ref: Ref
    subsets: tuple[Subset, ...]


_Pool: TypeAlias = dict[str, list[Merged]]  # by host


class Rules(NamedTuple):
    """All rules, ready to be searched: by namespace those for itself and those for others."""

    local: dict[str, _Pool]
    exported: dict[str, _Pool]
    private_of_root: _Pool


class Obeyed(NamedTuple):
    """The rule that a client obeys; `place` is whose namespace it stands in: `client`, `service` or `root`."""

    merged: Merged
    place: str


class Treatment(NamedTuple):
    """What a rule says of one port, or one port of a subset.

    `tls` is what the client's cluster gets, `endpoint_mode` what its endpoints are marked by: the two disagree
    where an entry of portLevelSettings has no `tls`. `is_passthrough`: the cluster keeps the address that was
    dialled; `is_inferred_passthrough`: whether all pods have a sidecar is asked. `part` names what decides within
    the rule.
    """

    tls: ClientTls | None
    endpoint_mode: str | None
    is_passthrough: bool
    is_inferred_passthrough: bool
    ref: Ref
    part: str


def prepare(rules: Iterable[DestinationRule], settings: Settings) -> Rules:
    """Sort all rules into the places where they are searched."""
    ready = Rules({}, {}, {})
    for rule in sorted(rules, key=lambda rule: rule.selector is None):  # the order of age is kept
        export_to = rule.export_to if rule.selector is None else frozenset({OWN})
        own = rule.ref.namespace
        if not export_to or export_to & {EVERYONE, OWN, own}:
            _add(ready.local.setdefault(own, {}), rule, export_to, settings)
        is_private = export_to in ({OWN}, {own}) or (not export_to and OWN in settings.rule_export)
        if not is_private:
            _add(ready.exported.setdefault(own, {}), rule, export_to, settings)
        elif own == settings.root_namespace:
            _add(ready.private_of_root, rule, export_to, settings)
    return ready


def _add(pool: _Pool, rule: DestinationRule, export_to: frozenset[str], settings: Settings) -> None:
    """Merge a rule into those of its host, or put it beside them."""
    listed = pool.setdefault(rule.host, [])
    stands_apart = True
    for index, known in enumerate(listed):
        if settings.istio_version >= _MERGED_BY_EXPORT:
            is_wider = bool(known.export_to) and export_to >= known.export_to
            stands_apart = export_to != known.export_to
            if stands_apart and not is_wider:
                continue
        if None not in (rule.selector, known.rule.selector) and rule.selector != known.rule.selector:
            stands_apart = True
            continue
        if (rule.selector is None) == (known.rule.selector is None):
            stands_apart = False
        listed[index] = _merge(known, rule)
    if stands_apart:
        listed.append(Merged(rule, export_to, rule.policy, rule.ref, rule.subsets))


def _merge(known: Merged, rule: DestinationRule) -> Merged:
    names = {subset.name for subset in known.subsets}
    more = tuple(subset for subset in rule.subsets if subset.name not in names)
    takes = known.policy is None and rule.policy is not None
    return known._replace(
        policy=rule.policy if takes else known.policy,
        policy_ref=rule.ref if takes else known.policy_ref,
        subsets=known.subsets + more,
    )


def obeyed(rules: Rules, settings: Settings, client: tuple[str, Labels], host: str, owner: str) -> Obeyed | None:
    """Give the rule that a client (namespace and labels) obeys for a host of the owner's namespace."""
    namespace, labels = client
    is_root = namespace == settings.root_namespace
    own = rules.private_of_root if is_root else rules.local.get(namespace, {})
    found, place = _most_specific(own, host), "client"
    for other, where in ((owner, "service"), (settings.root_namespace, "root")):
        if not found:
            found, place = _exported(rules, other, host, namespace), where
    chosen = _chosen(found, namespace, labels)
    return None if chosen is None else Obeyed(chosen, place)


def _most_specific(pool: _Pool, host: str) -> list[Merged]:
    if host in pool:
        return pool[host]
    suffix = host.removeprefix("*")
    wild = [name for name in pool if name[:1] == "*" and suffix.endswith(name[1:])]
    return pool[max(wild, key=len)] if wild else []


def _exported(rules: Rules, owner: str, host: str, client: str) -> list[Merged]:
    found = _most_specific(rules.exported.get(owner, {}), host)
    return [one for one in found if not one.export_to or one.export_to & {EVERYONE, client}]


def _chosen(found: list[Merged], namespace: str, labels: Labels) -> Merged | None:
    """Choose by the client's labels; a rule for some pods hides the owner's from all others of the namespace."""
    for one in found:
        selector = one.rule.selector
        if selector is not None and one.rule.ref.namespace == namespace and covers(selector, labels):
            return one
    return next((one for one in reversed(found) if one.rule.selector is None), None)


def treatment(merged: Merged, port: int) -> Treatment:
    """Give what a rule says of a Service's port; an entry for the port replaces everything else."""
    policy = merged.policy
    entry = _entry(policy, port)
    top = _balancer(policy) == PASSTHROUGH
    endpoint_mode = _endpoint_mode(policy, port)
    if policy is None:
        return Treatment(
            None, None, is_passthrough=False, is_inferred_passthrough=top, ref=merged.policy_ref, part=""
        )
    if entry is not None:
        own = entry.balancer == PASSTHROUGH
        ref = _at(merged.policy_ref, entry.tls, entry.span)
        return Treatment(entry.tls, endpoint_mode, own, top, ref, f"portLevelSettings of port {port}")
    ref = _at(merged.policy_ref, policy.tls, merged.policy_ref.span)
    return Treatment(policy.tls, endpoint_mode, top, top, ref, "trafficPolicy")


def subset_treatment(merged: Merged, subset: Subset, port: int, settings: Settings) -> Treatment:
    """Give what a rule says of a Service's port for a subset; what the subset says replaces it field by field."""
    whole = treatment(merged, port)
    policy = subset.policy
    own_mode = _endpoint_mode(policy, port)
    if own_mode is None and settings.istio_version >= _SUBSET_FALLS_BACK:
        own_mode = whole.endpoint_mode
    top = _balancer(policy) == PASSTHROUGH
    if policy is None:
        return whole._replace(endpoint_mode=own_mode, is_inferred_passthrough=False)
    entry = _entry(policy, port)
    said: PortPolicy | TrafficPolicy = policy if entry is None else entry
    takes_tls = said.tls is not None or entry is not None
    part = f"subset {subset.name}" + ("" if entry is None else f", portLevelSettings of port {port}")
    return Treatment(
        tls=said.tls if takes_tls else whole.tls,
        endpoint_mode=own_mode,
        is_passthrough=top or whole.is_passthrough or said.balancer == PASSTHROUGH,
        is_inferred_passthrough=top,
        ref=_at(subset.ref, said.tls, subset.ref.span if entry is None else entry.span) if takes_tls else whole.ref,
        part=part if takes_tls else whole.part,
    )


def _entry(policy: TrafficPolicy | None, port: int) -> PortPolicy | None:
    return next((entry for entry in policy.ports if entry.number == port), None) if policy is not None else None


def _balancer(policy: TrafficPolicy | None) -> str | None:
    return None if policy is None else policy.balancer


def _endpoint_mode(policy: TrafficPolicy | None, port: int) -> str | None:
    """Give the mode by which endpoints are marked: that of the port's first entry with TLS, else the top's."""
    if policy is None:
        return None
    said = (entry.tls for entry in policy.ports if entry.number == port and entry.tls is not None)
    tls = next(said, policy.tls)
    return None if tls is None else tls.mode


def _at(ref: Ref, tls: ClientTls | None, otherwise: Span) -> Ref:
    return ref._replace(span=otherwise if tls is None else tls.span)
