"""Rendered services in, every complaint that Istio has about them out."""

from collections.abc import Iterable

from tests.mesh.generate import Site
from tests.mesh.istio import Istio, admit, analyze
from tests.mesh.world import world

FALSE_ALARMS = {
    "IST0112",  # a destination port is needed only where the ports of a service are not told apart by match.port
    "IST0129",  # of MUTUAL with credentialName, though the Secret has the CA
    "IST0131",  # also said of a rule that stands behind `/` limited to some methods
    "IST0145",  # also said of two HTTP Gateways on one port whose routes both work
    "IST0162",  # counts only ports of a Service that say `protocol: TCP`
}


def complaints(istio: Istio, sites: Iterable[Site]) -> list[str]:
    """Admit every object by itself, then analyze each service in a cluster of its own."""
    return [found for site in sites for found in (*_refused(istio, site), *_analyzed(istio, (site,)))]


def complaints_of_batch(istio: Istio, sites: tuple[Site, ...]) -> list[str]:
    """Admit every object by itself, then analyze all services in one cluster."""
    return [*(found for site in sites for found in _refused(istio, site)), *_analyzed(istio, sites)]


def _refused(istio: Istio, site: Site) -> Iterable[str]:
    for manifest in site.rendered.manifests:
        refused, warning = admit(istio, manifest.text)
        if refused or warning:
            yield f"{manifest.kind} {manifest.name}: {refused}{warning}\n{manifest.text}\nfrom {site.values}"


def _analyzed(istio: Istio, sites: tuple[Site, ...]) -> Iterable[str]:
    cluster = world((site.service, site.facts, site.rendered) for site in sites)
    for message in analyze(istio, cluster.documents):
        if message.level != "Info" and message.code not in FALSE_ALARMS:
            yield f"{message.text}\nfrom {[site.values for site in sites]}"
