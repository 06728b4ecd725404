"""What the model says about a request is what a real Envoy does with it, fed by what Istio makes of the objects."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from random import Random

import pytest

from meshguard.diagnostic import ROOT
from meshguard.exposure import exposures, passthrough_port
from meshguard.model import HeaderRules
from meshguard.targets import Rendered
from meshguard.targets.istio import TARGET
from tests.mesh.backends import Seen, silence
from tests.mesh.behaviour import Expected, Witness, allows, expected, is_repeated, witnesses
from tests.mesh.check import CALLER
from tests.mesh.client import Answer, Ask, Speaks
from tests.mesh.cluster import Cluster, Lab, cluster, from_pod, logged, through_gateway, through_gateway_tls
from tests.mesh.envoy import until
from tests.mesh.generate import Site, parts, sites
from tests.mesh.world import gateway_name, world
from tests.targets.istio.given import facts_of, service_of

BATCH = 20
PROXIED = (
    "gateway-public.istio-ingress",
    "gateway-internal.istio-internal",  # of the made-up policies, and of the golden ones
    "gateway-sni.istio-ingress",
    "caller.callers",
)
STATUSES = ("503", "500", "409", "429")  # what a server's sidecar hands on as it is
FAILURES = {
    "HTTP/1.1": (*STATUSES, "reset"),
    "HTTP/2": (*STATUSES, "reset", "grpc-14", "grpc-8", "grpc-1", "grpc-4", "grpc-13", "refused"),
}
POD_ITSELF = "10"  # in the address of an application without a sidecar, or past it
NO_RULES = HeaderRules(ROOT, (), (), ())
_cases = count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        many = 10_000 if metafunc.config.getoption("--truth") else 500
        batch = 2 * BATCH if "sidecar" in metafunc.function.__name__ else BATCH
        metafunc.parametrize("seed", range(many // batch))


@contextmanager
def running_sites(lab: Lab, made: Sequence[Site], *, sidecars: bool = False) -> Iterator[Cluster]:
    """Run gateways and a caller before services."""
    around = world(made[0].facts, map(parts, made), [CALLER], sidecars=sidecars)
    proxied = [name for name, found in around.workloads.items() if name in PROXIED or found.sidecar]
    with cluster(lab, around, proxied, ejection=False) as running:
        yield running


@pytest.fixture
def any_lab(seed: int, request: pytest.FixtureRequest) -> Lab:
    """Give the newest and the oldest Istio by turns."""
    found: Lab = request.getfixturevalue("oldest_lab" if seed % 2 else "newest_lab")
    return found


def test_envoy_does_what_the_model_says(seed: int, any_lab: Lab) -> None:
    random, lab = Random(seed), any_lab
    made = sites(random, lab.minor, BATCH)
    tried = [(site, list(witnesses(random, site))) for site in made]

    with running_sites(lab, made) as running:
        found = [
            f"{witness}\n{wrong}\n{site.values}"
            for site, each in tried
            for witness in each
            for wrong in disagreements(running, site, witness, random)
        ]
        found += [f"{wrong}\n{site.values}" for site in made for wrong in _passed_through(running, site)]
        silence(lab.backs)
        found += [
            f"{witness}\n{wrong}\n{site.values}"
            for site, each in tried
            for witness in random.sample(each, min(2, len(each)))
            for wrong in _unanswered(running, site, witness)
        ]

    assert found == []


def test_it_is_the_same_with_a_sidecar_in_every_pod(seed: int, any_lab: Lab) -> None:
    random = Random(f"sidecars {seed}")
    made = sites(random, any_lab.minor, 4)

    with running_sites(any_lab, made, sidecars=True) as running:
        found = [
            f"{witness}\n{wrong}\n{site.values}"
            for site in made
            for witness in witnesses(random, site)
            for wrong in disagreements(running, site, witness, random)
        ]

    assert found == []


VALUES = """
ports: [{number: 8080, name: http}]
externalRouting:
  pathConfiguration: [{path: /foo, rewritePath: /bar, timeout: 5s, retryOn: 503, retryAttempts: 1}]
"""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("prefix: /foo/", "prefix: /foo"),
        ("uri: /bar/", "uri: /bar"),
        ("timeout: 5s", "timeout: 6s"),
        ("attempts: 1", "attempts: 2"),
        ("exact: /foo", "exact: /fo"),
        ("number: 8080", "number: 8081"),
    ],
)
def test_what_is_rendered_wrong_is_seen(right: str, wrong: str, newest_lab: Lab) -> None:
    facts = facts_of()
    service = service_of(VALUES, facts)
    rendered = TARGET.render(service, facts)
    (manifest,) = rendered.manifests
    assert right in manifest.text
    changed = rendered._replace(manifests=(manifest._replace(text=manifest.text.replace(right, wrong)),))

    def seen(objects: Rendered) -> bool:
        site, random = Site(VALUES, service, facts, objects), Random(0)
        with running_sites(newest_lab, [site]) as running:
            return any(list(disagreements(running, site, witness, random)) for witness in witnesses(random, site))

    assert (seen(rendered), seen(changed)) == (False, True)


def disagreements(running: Cluster, site: Site, witness: Witness, random: Random) -> Iterator[str]:
    """Give every way in which Envoy does something else than the model says.

    A request with little time is tried again: a machine that is slower than that makes no difference twice.
    """
    said = expected(site, witness)
    if witness.request.method == "CONNECT":
        return
    state, found = random.getstate(), [""]
    tries = 5 if any(limit is not None and limit < 5000 for limit in said.times) else 1
    while found and tries:
        random.setstate(state)
        found = list(_compared(running, site, witness, said, random))
        tries -= 1
    yield from found


def _compared(running: Cluster, site: Site, witness: Witness, said: Expected, random: Random) -> Iterator[str]:
    case, answer = _patiently(running, site, witness, said, "200")
    seen = _by_backend(running, said, case)
    if not said.destinations:
        yield from _answered_on_the_way(said, witness, answer, seen)
        return
    if not seen or answer.status != 200:
        yield f"expected {said}, got {answer}, seen {running.backs.seen[case]}"
        return
    direct = seen[0].address.split(".")[2] == POD_ITSELF
    yield from _differences(said, witness, answer, seen[0])
    yield from _timed(said, seen[0]) if direct and "timeout" not in said.unsaid else ()
    yield from _mirrored(running, said, case)
    failures = FAILURES[_spoken(running, said)] if direct else STATUSES
    yield from _tries(running, site, witness, said, random.choice(failures))
    yield from _hanging(running, site, witness, said, random)


def _patiently(running: Cluster, site: Site, witness: Witness, said: Expected, answers: str) -> tuple[str, Answer]:
    """Send a request; again where the machine was slower than the request's own short timeout."""
    for _ in range(5):
        case = f"case-{next(_cases)}"
        headers = {**witness.headers, "x-case": case, "x-answers": answers, "x-q-gone": "from the client"}
        answer = _send(running, site, witness, headers)
        if answer.status != 504 or "hang" in answers or not any(said.times):
            break
    return case, answer


def _send(running: Cluster, site: Site, witness: Witness, headers: dict[str, str]) -> Answer:
    ask = Ask(witness.host, witness.sent, witness.request.method, headers)
    if witness.entry == "mesh":
        target = running.workload(f"{site.facts.identity.service}.{site.facts.identity.namespace}")
        return from_pod(running, "caller.callers", (target.vip, witness.number), ask)
    gateway = gateway_name(site.facts.gateways[witness.entry])
    return through_gateway(running, gateway, ask)


def _by_backend(running: Cluster, said: Expected, case: str) -> list[Seen]:
    """Give the tries at the destinations, without those of a mirror."""
    wanted = {place for name, number in said.destinations for place in _places(running, name, number)}
    return [seen for seen in running.backs.seen[case] if (seen.address, seen.port) in wanted or not wanted]


def _places(running: Cluster, name: str, number: int) -> Iterator[tuple[str, int]]:
    workload = next(found for found in running.world.workloads.values() if found.name == name)
    for port in workload.ports:
        if port.number == number:
            yield running.at(workload.behind(port)), port.target


def _spoken(running: Cluster, said: Expected) -> str:
    """Give the version of HTTP that every destination of a request is spoken to in; a split may have both."""
    protocols = {
        port.protocol
        for workload in running.world.workloads.values()
        for port in workload.ports
        if (workload.name, port.number) in said.destinations
    }
    return "HTTP/2" if protocols <= {"HTTP2", "GRPC", "GRPC-WEB"} else "HTTP/1.1"


def _answered_on_the_way(said: Expected, witness: Witness, answer: Answer, seen: list[Seen]) -> Iterator[str]:
    if seen:
        yield f"expected {said.status}, but it reached {seen}"
    if answer.status != said.status:
        yield f"expected {said.status}, got {answer}"
    if answer.headers.get("location") != said.location:
        yield f"expected {said.location}, got {answer.headers.get('location')}"
    if said.route is not None and said.route.redirect is None:
        yield from _cors(said, witness, answer)


def _cors(said: Expected, witness: Witness, answer: Answer) -> Iterator[str]:
    origin = witness.headers.get("origin")
    cors = said.route.cors if said.route is not None else None
    if origin is None or cors is None:
        return
    allowed = answer.headers.get("access-control-allow-origin")
    if (allowed is not None) is not allows(cors, origin):
        yield f"expected {allows(cors, origin)} for origin {origin}, got {allowed}"


def _differences(said: Expected, witness: Witness, answer: Answer, seen: Seen) -> Iterator[str]:
    if (seen.path, seen.method) != (said.path, witness.request.method):
        yield f"expected {witness.request.method} {said.path}, got {seen.method} {seen.path}"
    route = said.route
    if route is not None:
        yield from _changed(route.request_headers, seen.headers, "from the client", "x-q-gone")
        yield from _changed(route.response_headers, answer.headers, "from the application", "x-r-gone")
    yield from _cors(said, witness, answer)


def _timed(said: Expected, seen: Seen) -> Iterator[str]:
    """Compare what the proxy tells the application of its timeout: that of one try where there is one."""
    timeout, per_try = said.times
    limited = per_try if per_try is not None and (timeout is None or per_try < timeout) else timeout
    told = seen.headers.get("x-envoy-expected-rq-timeout-ms")
    if told != (None if limited is None else str(limited)):
        yield f"expected a timeout of {limited}, got {told}"


def _changed(rules: HeaderRules | None, headers: Mapping[str, str], own: str, removable: str) -> Iterator[str]:
    found = rules or NO_RULES
    for name, value in (*found.set, *found.add):
        if headers.get(name.lower()) != value:
            yield f"expected {name}: {value}, got {headers.get(name.lower())}"
    gone = removable in {name.lower() for name in found.remove}
    if headers.get(removable) != (None if gone else own):
        yield f"expected {removable} {'gone' if gone else 'left'}, got {headers.get(removable)}"


def _mirrored(running: Cluster, said: Expected, case: str) -> Iterator[str]:
    mirror = said.route.mirror if said.route is not None else None
    if mirror is not None and mirror.percent == 100:
        shadow = {
            running.at(found.app) for found in running.world.workloads.values() if found.name == mirror.service
        }
        until(
            lambda: shadow & {seen.address for seen in running.backs.seen[case]},
            lambda: f"no copy of {case} reached {mirror.service}: {running.backs.seen[case]}",
        )
    elif mirror is None and len(running.backs.seen[case]) != 1:
        yield f"expected one try, got {running.backs.seen[case]}"


def _tries(running: Cluster, site: Site, witness: Witness, said: Expected, kind: str) -> Iterator[str]:
    """Let the application fail for ever in some way, and count."""
    if "retries" in said.unsaid:
        return
    case, answer = _patiently(running, site, witness, said, kind)
    tries = len(_by_backend(running, said, case))
    retry = said.retry
    most = 1 + retry.attempts.value if retry is not None and is_repeated(retry, kind) else 1
    timeout = said.times[0]
    in_time = timeout is None or timeout >= 5000
    if tries > most or (tries < most and in_time) or (most > 1 and tries < 2 and answer.status != 504):
        yield f"expected {most} tries on {kind} with {retry}, got {tries}: {answer}"


def _hanging(running: Cluster, site: Site, witness: Witness, said: Expected, random: Random) -> Iterator[str]:
    """Let the application never answer, where the request is cut soon."""
    timeout, per_try = said.times
    if said.unsaid or timeout is None or timeout > 400 or random.random() > 0.05:
        return
    case, answer = _patiently(running, site, witness, said, "hang")
    tries = len(_by_backend(running, said, case))
    repeated = per_try is not None and per_try < timeout and is_repeated(said.retry, "hang")
    most = 1 + said.retry.attempts.value if repeated and said.retry is not None else 1
    if answer.status != 504 or not 1 <= tries <= most:
        yield f"expected a timeout after 1 to {most} tries of {said.times}, got {tries}: {answer}"


def _unanswered(running: Cluster, site: Site, witness: Witness) -> Iterator[str]:
    """Count the tries where nothing listens any more; without a word of ours the mesh tries three times."""
    said = expected(site, witness)
    if not said.destinations or witness.request.method == "CONNECT":
        return
    case, answer = _patiently(running, site, witness, said, "200")
    entry = "caller.callers" if witness.entry == "mesh" else gateway_name(site.facts.gateways[witness.entry])
    tries = int(logged(running, entry, case)["tries"])
    most = 1 + said.retry.attempts.value if said.retry is not None and is_repeated(said.retry, "closed") else 1
    most = 3 if "retries" in said.unsaid else most
    in_time = said.times[0] is None or said.times[0] >= 5000
    if answer.status not in {503, 504} or tries > most or (tries < most and in_time):
        yield f"expected {most} tries of a closed port with {said.retry}, got {tries}: {answer}"


def _passed_through(running: Cluster, site: Site) -> Iterator[str]:
    """Speak TLS to the application itself, through a gateway that does not open it."""
    routing = site.service.external
    for exposure in () if routing is None else exposures(routing, site.facts):
        port = None if routing is None else passthrough_port(site.service, routing)
        passing = exposure.gateway is not None and exposure.gateway.tls == "passthrough"
        if port is None or not passing or (port.tls is not None and port.tls.client_certificate is not None):
            continue
        for host in exposure.hosts:
            yield from _through_tls(running, site, host.replace("*", "any.thing"), port.number)


def _through_tls(running: Cluster, site: Site, host: str, number: int) -> Iterator[str]:
    """Send a request; again for a while, because a connection that has just ended still counts against a limit."""
    case = f"case-{next(_cases)}"
    ask = Ask(host, "/any", headers={"x-case": case})

    def is_answered() -> bool:
        return through_gateway_tls(running, "gateway-sni.istio-ingress", ask, Speaks(host)).status == 200

    until(is_answered, lambda: f"{host} is not reached\n{site.values}", limit=5)
    places = set(_places(running, str(site.facts.identity.service), number))
    seen = {(seen.address, seen.port) for seen in running.backs.seen[case] if seen.tls}
    if seen != places:
        yield f"expected {host} at {places}, got {seen}"
