"""Rendered services in, every complaint that Istio or Envoy has about them out."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.mesh.envoy import Plan, bootstrap, refused
from tests.mesh.generate import Site, parts
from tests.mesh.istio import Istio, admit, analyze, generate
from tests.mesh.world import Workload, gateway_name, router, sidecar, world

FALSE_ALARMS = {
    "IST0112",  # a destination port is needed only where the ports of a service are not told apart by match.port
    "IST0129",  # of MUTUAL with credentialName, though the Secret has the CA
    "IST0131",  # also said of a rule that stands behind `/` limited to some methods
    "IST0145",  # also said of two HTTP Gateways on one port whose routes both work
    "IST0162",  # counts only ports of a Service that say `protocol: TCP`
}
CALLER = Workload("caller", "callers", 200, (), {"app": "caller"})


def complaints(istio: Istio, sites: tuple[Site, ...]) -> list[str]:
    """Admit every object by itself, then analyze all services in one cluster."""
    return [*(found for site in sites for found in _not_admitted(istio, site)), *_analyzed(istio, sites)]


def _not_admitted(istio: Istio, site: Site) -> Iterator[str]:
    for manifest in site.rendered.manifests:
        said = "".join(admit(istio, manifest.text))
        if said:
            yield f"{manifest.kind} {manifest.name}: {said}\n{manifest.text}\nfrom {site.values}"


def _analyzed(istio: Istio, sites: tuple[Site, ...]) -> Iterator[str]:
    around = world(sites[0].facts, map(parts, sites))
    for message in analyze(istio, around.documents):
        if message.level != "Info" and message.code not in FALSE_ALARMS:
            yield f"{message.text}\nfrom {[site.values for site in sites]}"


def refusals(istio: Istio, sites: tuple[Site, ...], directory: Path) -> Iterable[str]:
    """Let Envoy read what Istio makes of the services for each gateway, for a caller and for their own pods."""
    facts = sites[0].facts
    around = world(facts, map(parts, sites), [CALLER])
    gateways = [around.workloads[gateway_name(gateway)] for gateway in facts.gateways.values()]
    own = [f"{site.facts.identity.service}.{site.facts.identity.namespace}" for site in sites[:3]]
    callers = [around.workloads[name] for name in ("caller.callers", *own)]
    proxies = [*map(router, gateways), *map(sidecar, callers)]
    given = generate(istio, around.documents, proxies, around.mesh)
    for workload, proxy, resources in zip([*gateways, *callers], proxies, given, strict=True):
        targets = tuple(port.target for port in workload.ports)
        said = refused(
            bootstrap(resources, Plan(proxy, workload.app, targets), Path("/dev/null"), "none"), directory
        )
        if said:
            yield f"{proxy.name}: {said}\nfrom {[site.values for site in sites]}"
