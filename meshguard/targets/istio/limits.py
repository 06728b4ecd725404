"""What Istio cannot say as the contract means it, and what is rendered instead."""

from collections.abc import Iterator

from meshguard.exposure import gateway_ports
from meshguard.model import HTTP_LIKE, Retry, Route, Service, served_routes
from meshguard.policy import Facts
from meshguard.targets import Limit
from meshguard.targets.istio import since


def limits(service: Service, facts: Facts) -> tuple[Limit, ...]:
    """Give every value that Istio expresses only nearly, or not at all, in the order of the contract."""
    return (
        *_tls_limits(service, facts),
        *_route_limits(service, facts),
        *_internal_limits(service),
        *_resilience_limits(service, facts),
        *_upstream_limits(service),
    )


def _version(facts: Facts) -> str:
    return "Istio {}.{}".format(*facts.mesh.istio_version)


def _tls_limits(service: Service, facts: Facts) -> Iterator[Limit]:
    for port in gateway_ports(service, facts):
        tls = port.tls
        if tls is None or tls.client_certificate is None or tls.insecure_skip_verify:
            continue
        if tls.ca_certificates != tls.client_certificate:
            yield Limit(
                tls.at / "clientCertificate",
                f"for mutual TLS a gateway takes the CA from the same Secret: '{tls.client_certificate}' must hold"
                f" ca.crt, and '{tls.ca_certificates}' is not read",
                approximated=True,
            )


def _route_limits(service: Service, facts: Facts) -> Iterator[Limit]:
    found = (limit for _, route in served_routes(service) for limit in _limits_of(route, facts))
    yield from dict.fromkeys(found)  # a setting of a section is met in each of its routes


def _limits_of(route: Route, facts: Facts) -> Iterator[Limit]:
    yield from _retry_limits(route.treatment.retry, facts)
    if route.cors is not None and not since.has(facts, since.UNMATCHED_PREFLIGHTS):
        yield Limit(
            route.cors.at,
            f"{_version(facts)} lets the preflight of an origin that is not listed through to the service",
            approximated=True,
        )
    if route.redirect is not None and route.request_headers is not None:
        yield Limit(
            route.request_headers.at,
            "a redirect sends no request on, so its request headers are not changed",
            approximated=False,
        )


def _retry_limits(retry: Retry, facts: Facts) -> Iterator[Limit]:
    if retry.backoff is not None and retry.backoff.at is not None and not since.has(facts, since.BACKOFF):
        yield Limit(retry.backoff.at, f"{_version(facts)} waits 25ms before the first retry", approximated=False)
    conditions = retry.conditions
    unknown = "reset-before-request" in conditions.value and not since.has(facts, since.RESET_BEFORE_REQUEST)
    if unknown and conditions.at is not None:
        yield Limit(conditions.at, f"{_version(facts)} does not know 'reset-before-request'", approximated=False)
    per_try = retry.per_try_timeout
    if per_try is not None and per_try.at is not None and retry.attempts.value == 0:
        yield Limit(
            per_try.at,
            "without retries there is no perTryTimeout; `timeout` limits the one try",
            approximated=False,
        )


def _internal_limits(service: Service) -> Iterator[Limit]:
    routing = service.internal
    if routing is None:
        return
    names = {port.name for port in service.ports if port.protocol in HTTP_LIKE}
    if not names:
        yield Limit(routing.at, "no port is HTTP-like, so nothing of this section is rendered", approximated=False)
    said = [routing.port, *(route.port for route in routing.routes or ())]
    for port in said if names else ():
        if port is not None and port.at is not None and port.value not in names:
            yield Limit(
                port.at,
                f"port '{port.value}' is not HTTP-like, so these rules are not rendered",
                approximated=False,
            )


def _resilience_limits(service: Service, facts: Facts) -> Iterator[Limit]:
    resilience = service.resilience
    if resilience is None:
        return
    affinity = resilience.session_affinity
    if affinity is not None and affinity.at is not None:
        yield Limit(
            affinity.at,
            "callers are hashed onto pods, so some change pods when pods come and go",
            approximated=True,
        )
    zone = resilience.prefer_same_zone
    inert = resilience.outlier_detection is None and not since.has(facts, since.TRAFFIC_DISTRIBUTION)
    if zone is not None and zone.at is not None and zone.value and inert:
        yield Limit(
            zone.at, f"{_version(facts)} prefers the own zone only beside outlierDetection", approximated=False
        )


def _upstream_limits(service: Service) -> Iterator[Limit]:
    for upstream in service.upstreams:
        for port in upstream.ports:
            if port.protocol == "UDP":
                yield Limit(port.at, "the sidecar leaves UDP alone, declared or not", approximated=False)
