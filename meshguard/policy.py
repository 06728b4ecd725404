"""The policy file as facts: what is true of the organisation, and what of it holds for one service."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from meshguard.diagnostic import SEVERITIES, Severity, Span, ValuePath
from meshguard.duration import milliseconds
from meshguard.node import Node, Plain, find, plain

NEWEST_ISTIO = (1, 31)
OLDEST_ISTIO = (1, 22)
SAFE_PAIR = ("connect-failure", "refused-stream")


class Mesh(NamedTuple):
    """Facts of one mesh. `prometheus` is None where nobody said how it scrapes.

    `version_span` is where the policy says the version, if it does.
    """

    istio_version: tuple[int, int] = NEWEST_ISTIO
    version_span: Span | None = None
    mode: str = "sidecar"
    mtls: str = "STRICT"
    namespaces: Mapping[str, str] = {}
    outbound_traffic: str = "ALLOW_ANY"
    root_namespace: str = "istio-system"
    cluster_domain: str = "cluster.local"
    prometheus: str | None = None


class Gateway(NamedTuple):
    """One value of `externalRouting.visibility`. `gateway` is namespace/name of the Gateway object."""

    name: str
    gateway: str
    workload_namespace: str
    default: bool = False
    tls: str = "terminate"
    host_template: str | None = None
    max_timeout: int | None = None
    tls_origination_in: str = "gateway"


class Site(NamedTuple):
    """The mesh and the gateways of one cluster."""

    mesh: Mesh
    gateways: Mapping[str, Gateway]


class Defaults(NamedTuple):
    """What a team gets for saying nothing. Times in milliseconds; `timeout` None means none."""

    timeout: int | None = 15_000
    retry_on: tuple[str, ...] = SAFE_PAIR
    retry_attempts: int = 2
    retry_methods: str = "idempotent"
    unlisted_paths: str = "deny"
    resilience: Node | None = None


class Limits(NamedTuple):
    """The organisation's caps. Times in milliseconds."""

    retry_attempts: int = 5
    min_timeout: int = 100
    max_timeout: int = 60_000
    worst_case_retry_time: int = 60_000
    paths: int = 100
    regex_paths: str = "deny"
    cors_wildcard_origin: str = "deny"
    max_ejection_percent: int = 50
    mirror_percent: int = 10


class Team(NamedTuple):
    """What one team owns and may do. None means that nothing was said, so it is not judged."""

    name: str
    namespaces: tuple[str, ...] | None = None
    visibility: tuple[str, ...] | None = None
    domains: tuple[str, ...] = ()
    egress: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class Environment(NamedTuple):
    """One environment of a service entry: the files beside the values file, and where it is deployed."""

    name: str
    values: tuple[str, ...] = ()
    namespace: str | None = None
    cluster: str | None = None


class ServiceEntry(NamedTuple):
    """Where services are: `values` is a path pattern whose {words} can be used in the other fields."""

    values: str
    name: str | None = None
    team: str | None = None
    chart: str | None = None
    at: str = ""
    environments: tuple[Environment, ...] = ()


class Exemption(NamedTuple):
    """A rule that is lifted for a service, port or path until a date (`YYYY-MM-DD`), which stands at `span`."""

    rule: str
    service: str
    reason: str
    approved_by: str
    expires: str
    span: Span
    port: str | None = None
    path: str | None = None


class Policy(NamedTuple):
    """The whole policy. `file` is None where there is none: then every fact has its safe default."""

    file: str | None = None
    sites: Mapping[str, Site] = {"": Site(Mesh(), {})}
    defaults: Defaults = Defaults()
    limits: Limits = Limits()
    pod_labels: Mapping[str, str] | None = None
    teams: Mapping[str, Team] | None = None
    services: tuple[ServiceEntry, ...] = ()
    severities: Mapping[str, Severity | None] = {}
    locked: frozenset[str] = frozenset()
    exemptions: tuple[Exemption, ...] = ()


class Identity(NamedTuple):
    """Who is checked, as far as it is known. `cluster` is '' for the policy's own mesh and gateways."""

    service: str | None = None
    team: str | None = None
    namespace: str | None = None
    env: str | None = None
    cluster: str = ""


class Facts(NamedTuple):
    """The policy as it holds for one service in one environment. `today` is `YYYY-MM-DD`."""

    identity: Identity
    policy: Policy
    mesh: Mesh
    gateways: Mapping[str, Gateway]
    defaults: Defaults
    limits: Limits
    team: Team | None
    today: str

    @property
    def mtls(self) -> str:
        """The mode of the service's namespace, which stands over that of the mesh."""
        return self.mesh.namespaces.get(self.identity.namespace or "", self.mesh.mtls)

    @property
    def default_gateway(self) -> Gateway | None:
        """The gateway that an absent `visibility` means: the only one, or the one marked as default."""
        gateways = tuple(self.gateways.values())
        if len(gateways) == 1:
            return gateways[0]
        return next((gateway for gateway in gateways if gateway.default), None)


def facts_for(policy: Policy, identity: Identity, today: str) -> Facts:
    """Give what the policy says for one service; an unknown cluster has the policy's own mesh."""
    site = policy.sites.get(identity.cluster) or policy.sites[""]
    team = None
    if policy.teams is not None and identity.team is not None:
        team = policy.teams.get(identity.team) or Team(identity.team, visibility=(), namespaces=None)
    return Facts(identity, policy, site.mesh, site.gateways, policy.defaults, policy.limits, team, today)


def owns(team: Team, host: str) -> bool:
    """Tell whether one of the team's domains covers the host; a wildcard host is covered by itself only."""
    return any(
        host == domain or (not host.startswith("*") and host.endswith("." + domain.removeprefix("*.")))
        for domain in team.domains
    )


def may_call(team: Team, host: str) -> bool:
    """Tell whether the team's `egress` lists the host."""
    return lists(team.egress, host)


def lists(hosts: Iterable[str], host: str) -> bool:
    """Tell whether a host is among hosts; a wildcard lists every host below it too."""
    return any(host == entry or (entry[:2] == "*." and host.endswith(entry[1:])) for entry in hosts)


def cluster_names(facts: Facts) -> frozenset[str]:
    """Give the full names that the cluster has for the service itself; none where it is not known."""
    service, namespace = facts.identity.service, facts.identity.namespace
    if not service or not namespace:
        return frozenset()
    name = f"{service}.{namespace}.svc"
    return frozenset({name, f"{name}.{facts.mesh.cluster_domain}"})


def is_itself(service: str, facts: Facts) -> bool:
    """Tell whether `name` or `name.namespace` means the service that is checked."""
    name, _, namespace = service.partition(".")
    return name == facts.identity.service and namespace in ("", facts.identity.namespace)


def mtls_of(service: str, facts: Facts) -> str:
    """Give the mode of mutual TLS of a service that is called by `name` or `name.namespace`."""
    return facts.mesh.namespaces.get(full_name(service, facts).partition(".")[2], facts.mesh.mtls)


def full_name(service: str, facts: Facts) -> str:
    """Give `name.namespace` of a service that may be called by its `name` alone."""
    return service if "." in service else f"{service}.{facts.identity.namespace or ''}"


def fate_of_foreign_host(service: str, facts: Facts) -> str:
    """Tell what requests to a service do whose Host nobody in the mesh has."""
    if facts.mesh.outbound_traffic == "REGISTRY_ONLY":
        return "get 502"
    how = {"STRICT": "which mutual TLS refuses (503)", "PERMISSIVE": "without identity, retries and telemetry"}
    return f"arrive as plaintext, {how.get(mtls_of(service, facts), 'without its retries and timeouts')}"


def in_cluster(host: str, facts: Facts) -> bool:
    """Tell whether a host name is one that a cluster gives out itself, such as `orders.shop.svc.cluster.local`."""
    domains = {facts.mesh.cluster_domain, "cluster.local"}
    ends = (".svc", *(f".{kind}.{domain}" for domain in domains for kind in ("svc", "pod", "*")))
    return f".{host}".endswith(ends)


def build_policy(node: Node) -> Policy:
    """Build the policy from a file that its schema has accepted."""
    tree: Any = plain(node)
    sites = {"": _site(tree, _version_span(node, ValuePath()))}
    for name, overlay in tree.get("clusters", {}).items():
        span = _version_span(node, ValuePath(("clusters", name))) or sites[""].mesh.version_span
        sites[name] = _site(_overlaid(tree, overlay), span)
    teams = tree.get("teams")
    return Policy(
        file=node.span.file,
        sites=sites,
        defaults=_defaults(tree.get("defaults", {}), find(node, ValuePath(("defaults", "resilience")))),
        limits=_limits(tree.get("limits", {})),
        pod_labels=tree.get("podLabels"),
        teams=None if teams is None else {name: _team(name, team) for name, team in teams.items()},
        services=tuple(_service_entry(entry) for entry in tree.get("services", [])),
        severities={rule: _severity(word) for rule, word in tree.get("rules", {}).items()},
        locked=frozenset(tree.get("locked", [])),
        exemptions=_exemptions(node),
    )


def version(text: str) -> tuple[int, int]:
    """Give major and minor of an Istio version as the policy writes it: `1.30`, `1.30.2`."""
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def fill(template: str, words: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    """Put words into a `{word}` template; give the text and the words that are not known."""
    missing = []
    for word, value in words.items():
        if "{" + word + "}" not in template:
            continue
        if value:
            template = template.replace("{" + word + "}", value)
        else:
            missing.append(word)
    return template, tuple(missing)


def template_words(identity: Identity) -> dict[str, str | None]:
    """Give the words that a host template or a pod label may use."""
    return {
        "service": identity.service,
        "team": identity.team,
        "env": identity.env,
        "namespace": identity.namespace,
        "cluster": identity.cluster or None,
    }


def _overlaid(base: Plain, over: Plain) -> Plain:
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: _overlaid(base.get(key), value) for key, value in over.items()}
    return over


def _version_span(node: Node, at: ValuePath) -> Span | None:
    said = find(node, at / "mesh" / "istioVersion")
    return None if said is None else said.span


def _site(tree: Any, version_span: Span | None) -> Site:  # noqa: ANN401 - the schema has accepted this tree
    mesh = tree.get("mesh", {})
    known = Mesh()
    return Site(
        Mesh(
            istio_version=version(mesh["istioVersion"]) if "istioVersion" in mesh else NEWEST_ISTIO,
            version_span=version_span,
            mode=mesh.get("mode", known.mode),
            mtls=mesh.get("mtls", known.mtls),
            namespaces={name: facts["mtls"] for name, facts in mesh.get("namespaces", {}).items()},
            outbound_traffic=mesh.get("outboundTraffic", known.outbound_traffic),
            root_namespace=mesh.get("rootNamespace", known.root_namespace),
            cluster_domain=mesh.get("clusterDomain", known.cluster_domain),
            prometheus=mesh.get("prometheus"),
        ),
        {name: _gateway(name, gateway) for name, gateway in tree.get("gateways", {}).items()},
    )


def _gateway(name: str, tree: Any) -> Gateway:  # noqa: ANN401 - the schema has accepted this tree
    return Gateway(
        name=name,
        gateway=tree["gateway"],
        workload_namespace=tree.get("workloadNamespace", tree["gateway"].partition("/")[0]),
        default=tree.get("default", False),
        tls=tree.get("tls", "terminate"),
        host_template=tree.get("hostTemplate"),
        max_timeout=milliseconds(tree["maxTimeout"]) if "maxTimeout" in tree else None,
        tls_origination_in=tree.get("tlsOriginationIn", "gateway"),
    )


def _defaults(tree: Any, resilience: Node | None) -> Defaults:  # noqa: ANN401 - the schema has accepted this tree
    known = Defaults()
    timeout = known.timeout
    if "timeout" in tree:
        timeout = None if tree["timeout"] == "none" else milliseconds(tree["timeout"])
    return Defaults(
        timeout=timeout,
        retry_on=retry_tokens(tree["retryOn"]) if "retryOn" in tree else known.retry_on,
        retry_attempts=tree.get("retryAttempts", known.retry_attempts),
        retry_methods=tree.get("retryMethods", known.retry_methods),
        unlisted_paths=tree.get("unlistedPaths", known.unlisted_paths),
        resilience=resilience,
    )


def retry_tokens(value: Plain) -> tuple[str, ...]:
    """Give the tokens of a `retryOn`: a comma-separated string, an integer or a list of both."""
    if isinstance(value, list):
        return tuple(str(token).strip() for token in value)
    return tuple(token.strip() for token in str(value).split(","))


def _limits(tree: Any) -> Limits:  # noqa: ANN401 - the schema has accepted this tree
    known = Limits()
    timeout = tree.get("timeout", {})
    return Limits(
        retry_attempts=tree.get("retryAttempts", known.retry_attempts),
        min_timeout=milliseconds(timeout["min"]) if "min" in timeout else known.min_timeout,
        max_timeout=milliseconds(timeout["max"]) if "max" in timeout else known.max_timeout,
        worst_case_retry_time=(
            milliseconds(tree["worstCaseRetryTime"])
            if "worstCaseRetryTime" in tree
            else known.worst_case_retry_time
        ),
        paths=tree.get("paths", known.paths),
        regex_paths=tree.get("regexPaths", known.regex_paths),
        cors_wildcard_origin=tree.get("corsWildcardOrigin", known.cors_wildcard_origin),
        max_ejection_percent=tree.get("maxEjectionPercent", known.max_ejection_percent),
        mirror_percent=tree.get("mirrorPercent", known.mirror_percent),
    )


def _team(name: str, tree: Any) -> Team:  # noqa: ANN401 - the schema has accepted this tree
    return Team(
        name=name,
        namespaces=tuple(tree["namespaces"]) if "namespaces" in tree else None,
        visibility=tuple(tree["visibility"]) if "visibility" in tree else None,
        domains=tuple(tree.get("domains", ())),
        egress=tuple(tree.get("egress", ())),
        deny=tuple(tree.get("deny", ())),
    )


def _service_entry(tree: Any) -> ServiceEntry:  # noqa: ANN401 - the schema has accepted this tree
    environments = tuple(
        Environment(name, tuple(env.get("values", ())), env.get("namespace"), env.get("cluster"))
        for name, env in tree.get("environments", {}).items()
    )
    return ServiceEntry(
        tree["values"],
        tree.get("name"),
        tree.get("team"),
        tree.get("chart"),
        tree.get("at", ""),
        environments,
    )


def _severity(word: str) -> Severity | None:
    return next((severity for severity in SEVERITIES if severity == word), None)


def _exemptions(node: Node) -> tuple[Exemption, ...]:
    listed = find(node, ValuePath(("exemptions",)))
    found = []
    for item in listed.value if listed is not None and isinstance(listed.value, list) else ():
        tree: Any = plain(item)
        found.append(
            Exemption(
                rule=tree["rule"],
                service=tree["service"],
                reason=tree["reason"],
                approved_by=tree["approvedBy"],
                expires=tree["expires"],
                span=(find(item, ValuePath(("expires",))) or item).span,
                port=tree.get("port"),
                path=tree.get("path"),
            )
        )
    return tuple(found)
