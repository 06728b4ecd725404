"""A source of randomness in; policies, and values that are accepted under them, out: every feature of the contract.

What the schema or a rule refuses is thrown away, so the rules decide what is tried on the mesh.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from meshguard.diagnostic import ROOT, Severity, UserError
from meshguard.engine import judge
from meshguard.model import HTTP_LIKE, IDEMPOTENT, METHODS, Service, build
from meshguard.policy import Facts, Identity, build_policy, facts_for
from meshguard.rule import Case
from meshguard.schema import check, load_schema
from meshguard.targets import Rendered
from meshguard.targets.istio import TARGET
from tests.tree import tree
from validators import RULES

NAMESPACE = "checkout-prod"
TODAY = "2030-01-01"
PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTPS", "TLS", "TCP", "UDP", "MONGO", "MYSQL", "REDIS")
USUAL = (30, 6, 8, 3, 8, 3, 5, 2, 1, 1, 1)  # how often each protocol is taken
SEGMENTS = ("a", "b", "api", "v1", "orders", "x.y", "a-b", "~me", "f(x)", "a++", "$q", "it's", "k=v", "s;t", "@me")
REGEXES: tuple[tuple[str, Callable[[Random], str]], ...] = (  # an expression, and texts that it takes
    (r"[^/]+", lambda random: random.choice(("x", "a.b", "50", "~"))),
    (r"[0-9]{1,3}", lambda random: str(random.randrange(1000))),
    (r"\d+", lambda random: str(random.randrange(10**6))),
    (r"(cats|dogs)", lambda random: random.choice(("cats", "dogs"))),
    (r"[a-z]+\.html", lambda random: random.choice(("index.html", "a.html"))),
    (r"v[12](/beta)?", lambda random: random.choice(("v1", "v2", "v1/beta"))),
    (r"\w*", lambda random: random.choice(("", "word", "_1"))),
)
SAFE = (
    "connect-failure",
    "refused-stream",
    "reset-before-request",
    "unavailable",
    "resource-exhausted",
    "cancelled",
)
CONDITIONS = (
    *SAFE,
    *("reset", "gateway-error", "5xx", "retriable-4xx", "internal", "deadline-exceeded"),
    *("503", "429", "500", "504", "409", "404"),
)
SHORT = ("100ms", "250ms", "400ms")
LONG = ("1s", "2s500ms", "5s", "15s", "1m", "1m30s")
HEADERS = ("x-client", "x-user", "X-Tenant", "x-api-version", "x_odd", "x-trace.id")
HEADER_VALUES = ("mobile", "2", "a b", "it's", '"quoted"', "{}", "a,b", "#1", "null", "yes", "[x]", "$1", "\\d")
ORIGINS = ("https://shop.example.com", "https://*.example.com", "http://localhost:3000", "https://a-b.example.org")


class Site(NamedTuple):
    """One service that was accepted, with what is rendered for it; `values` is the text that a team would write."""

    values: str
    service: Service
    facts: Facts
    rendered: Rendered


def parts(site: Site) -> tuple[Service, Facts, Rendered]:
    """Give what the world is built of."""
    return site.service, site.facts, site.rendered


def sites(random: Random, istio: str, count: int) -> tuple[Site, ...]:
    """Give accepted services of one mesh with this Istio version (`1.31`); they share its policy."""
    facts = policy(random, istio, count)
    return tuple(accepted(random, facts, f"s{number}") for number in range(count))


def accepted(random: Random, policy_text: str, name: str) -> Site:
    """Give a service whose values have no error and can be rendered."""
    node = tree(policy_text, ".meshguard.yaml")
    assert check(load_schema("policy"), node) == ()
    facts = facts_for(build_policy(node), Identity(name, "checkout", NAMESPACE, "prod"), TODAY)
    while True:
        found = _site(json.dumps(values(random, name, sorted(facts.gateways))), facts)
        if found is not None:
            return found


def _site(text: str, facts: Facts) -> Site | None:
    node = tree(text)
    if check(load_schema("values"), node):
        return None
    service = build(node, ROOT, facts)
    judged = judge(Case(service, facts), node, RULES)
    if any(found.severity is Severity.ERROR for found in judged.diagnostics):
        return None
    try:
        rendered = TARGET.render(service, facts)
    except UserError:
        return None
    return Site(text, service, facts, rendered)


def policy(random: Random, istio: str, services: int) -> str:
    """Give the facts of a mesh that allows everything; what is locked is lifted for its services s0, s1, ..."""
    mesh: dict[str, Any] = {
        "istioVersion": istio,
        "mtls": random.choice(("STRICT", "STRICT", "PERMISSIVE", "DISABLE")),
    }
    mesh |= _said(random, 0.5, outboundTraffic=lambda: random.choice(("ALLOW_ANY", "REGISTRY_ONLY")))
    mesh |= _said(random, 0.7, prometheus=lambda: random.choice(("outside", "sidecar", "merged")))
    public = {"default": True, "gateway": "istio-ingress/public", "hostTemplate": "{service}.example.com"}
    public |= _said(random, 0.2, tlsOriginationIn=lambda: "service")
    internal = {"gateway": "gateways/internal", "workloadNamespace": "istio-internal"}
    passing = {"gateway": "istio-ingress/sni", "tls": "passthrough", "hostTemplate": "{service}.sni.example.com"}
    defaults = _said(
        random,
        0.3,
        timeout=lambda: random.choice(("none", *SHORT, *LONG)),
        retryOn=lambda: random.choice(("connect-failure", "5xx", "connect-failure,refused-stream,503")),
        retryAttempts=lambda: random.randrange(4),
        retryMethods=lambda: random.choice(("idempotent", "idempotent", "any")),
        unlistedPaths=lambda: random.choice(("deny", "allow")),
        resilience=lambda: _resilience(random),
    )
    locked = ("bypasses-mesh", "insecure-skip-verify", "plaintext-on-443")
    limits = {"retryAttempts": 10, "timeout": {"min": "1ms", "max": "1h"}, "worstCaseRetryTime": "24h"}
    limits |= {
        "regexPaths": "allow",
        "corsWildcardOrigin": "allow",
        "maxEjectionPercent": 100,
        "mirrorPercent": 100,
    }
    exemption = {"reason": "for the tests", "approvedBy": "tests", "expires": "2031-01-01"}
    return json.dumps(
        {
            "version": 1,
            "mesh": mesh,
            "gateways": {
                "public": public,
                "internal": {**internal, "hostTemplate": "{service}.int.example.com"},
                "sni": passing,
            },
            "defaults": defaults,
            "limits": limits,
            "podLabels": {"app.kubernetes.io/name": "{service}"},
            "exemptions": [
                {"rule": rule, "service": f"s{number}", **exemption}
                for rule in locked
                for number in range(services)
            ],
        }
    )


def values(random: Random, name: str, gateways: list[str]) -> dict[str, Any]:
    """Give what a team might write; most of it is accepted."""
    ports = _ports(random)
    tokens = {_token(port) for port in ports}
    return {
        "ports": ports,
        **_said(
            random,
            0.85 if tokens & {"http", "http2", "grpc", "https", "tls"} else 0.05,
            externalRouting=lambda: _external(random, ports, gateways, name),
        ),
        **_said(
            random,
            0.7 if tokens & {"http", "http2", "grpc"} else 0.05,
            internalRouting=lambda: _internal(random, ports, name),
        ),
        **_said(random, 0.4, resilience=lambda: _resilience(random)),
        **_said(random, 0.3, upstreams=lambda: _upstreams(random)),
    }


def _said(random: Random, chance: float, **fields: Callable[[], Any]) -> dict[str, Any]:
    """Give each field with this chance."""
    return {name: make() for name, make in fields.items() if random.random() < chance}


def _some(random: Random, pool: tuple[str, ...], most: int) -> list[str]:
    return random.sample(pool, random.randint(1, most))


def _duration(random: Random) -> str:
    return random.choice((*SHORT, *LONG))


def _ports(random: Random) -> list[dict[str, Any]]:
    found = [_port(random, number) for number in range(random.choice((1, 1, 2, 3, 5)))]
    return list({port["number"]: port for port in found}.values())


def _port(random: Random, index: int) -> dict[str, Any]:
    protocol = random.choices(PROTOCOLS, USUAL)[0]
    name = protocol.lower() + random.choice(("", "-x1", "-main"))[: 15 - len(protocol)]
    usual = (
        (443, 8443) if protocol in {"HTTPS", "TLS"} else (80, 8080, 3000) if protocol in HTTP_LIKE else (53, 5432)
    )
    number = random.choice((*usual, random.randint(10000, 14999)))  # where few machines listen themselves
    port = {"number": number, "name": name if index == 0 else f"{protocol.lower()}-{index}"}
    port |= _said(random, 0.5, protocol=lambda: protocol)
    if number < 1024 or random.random() < 0.3:  # a pod that is not root opens none below
        port["targetPort"] = random.randint(16000, 30000)
    if protocol == "HTTPS":
        port |= _said(random, 0.9, tls=lambda: _tls(random))
    if protocol in HTTP_LIKE:
        port |= _said(random, 0.2, metrics=lambda: random.choice(("/metrics", "/actuator/prometheus", "/")))
    if protocol not in HTTP_LIKE:
        port |= _said(random, 0.2, bypassMesh=lambda: True)
    return port


def _tls(random: Random) -> dict[str, Any]:
    tls = {"serverName": random.choice(("backend.internal.example.com", "backend"))}
    tls |= _said(
        random,
        0.3,
        caCertificates=lambda: random.choice(("system", "private-ca")),
        clientCertificate=lambda: "client-cert",
        insecureSkipVerify=lambda: random.random() < 0.5,
    )
    return tls


def _external(random: Random, ports: list[dict[str, Any]], gateways: list[str], name: str) -> dict[str, Any]:
    hosts = [f"{name}.shop.example.com", f"*.{name}.example.net"][: random.randint(1, 2)]
    passing = [port["name"] for port in ports if port["name"].startswith(("tls", "https"))]
    if passing and random.random() < 0.5:
        return {"visibility": ["sni"], "port": passing[0], **_said(random, 0.3, hosts=lambda: hosts)}
    opening = [gateway for gateway in gateways if gateway != "sni"]
    return {
        **_said(
            random,
            0.3,
            visibility=lambda: random.choice((*opening, opening)),
            hosts=lambda: hosts,
            unlistedPaths=lambda: random.choice(("deny", "allow")),
        ),
        **_own_port(random, ports, 0.95 if len(ports) > 1 else 0.3),
        **_treatment(random, 0.15),
        **_paths(random, ports, name, external=True),
    }


def _internal(random: Random, ports: list[dict[str, Any]], name: str) -> dict[str, Any]:
    http = [port for port in ports if _token(port) in {"http", "http2", "grpc"}]
    return {
        **(_own_port(random, http, 0.3) if http else {}),
        **_treatment(random, 0.2),
        **_said(random, 0.3, forwardedHosts=lambda: [f"{name}.front.example.com"]),
        **_paths(random, ports, name, external=False),
    }


def _own_port(random: Random, ports: list[dict[str, Any]], chance: float) -> dict[str, Any]:
    likely = [
        port for port in ports if _token(port) in {"http", "http2", "grpc", "https"} and "metrics" not in port
    ]
    return _said(random, chance, port=lambda: random.choice(likely or ports)["name"])


def _token(port: dict[str, Any]) -> str:
    name: str = port["name"]
    return name.partition("-")[0]


def _treatment(random: Random, chance: float) -> dict[str, Any]:
    methods = random.choice(("idempotent", "idempotent", "any", _some(random, IDEMPOTENT[:3], 3)))
    said = _said(
        random,
        chance,
        timeout=lambda: _duration(random),
        retryOn=lambda: _retry_on(random, SAFE if methods == "any" else CONDITIONS),
        retryAttempts=lambda: random.choice((0, 1, 2, 3, 5)),
        retryBackoff=lambda: random.choice(("1ms", "10ms", "25ms")),
        retryMethods=lambda: methods,
    )
    if "timeout" in said:  # a limit of one try must fit into it as often as it is tried
        said |= _said(random, chance, perTryTimeout=lambda: random.choice(SHORT[:2]))
    return said


def _retry_on(random: Random, conditions: tuple[str, ...]) -> Any:
    said = _some(random, conditions, 3)
    return random.choice((",".join(said), [int(word) if word.isdigit() else word for word in said]))


def _paths(random: Random, ports: list[dict[str, Any]], name: str, *, external: bool) -> dict[str, Any]:
    if random.random() < 0.15:
        return {}
    items = [_item(random, ports, name, external=external) for _ in range(random.choice((1, 2, 2, 3, 5)))]
    pairable = [item for item in items if "redirect" not in item and item.get("pathType") != "Regex"]
    items += [_twin(random, item) for item in pairable if random.random() < 0.1]
    paths = [item["path"] for item in items if item.get("pathType") != "Regex"]
    overrides = _said(
        random, 0.2 if paths else 0, pathOverrides=lambda: {random.choice(paths): _treatment(random, 0.4)}
    )
    return {"pathConfiguration": items, **overrides}


def path(random: Random) -> str:
    """Give a path of a few segments, sometimes with a slash at its end."""
    segments = [
        random.choice(SEGMENTS[:5] if random.random() < 0.7 else SEGMENTS) for _ in range(random.randint(0, 3))
    ]
    return "/" + "/".join(segments) + random.choice(("", "", "", "/" if segments else ""))


def _item(random: Random, ports: list[dict[str, Any]], name: str, *, external: bool) -> dict[str, Any]:
    kind = random.choices(("Prefix", "Exact", "Regex"), (5, 3, 1))[0]
    own = (
        "/".join(("", random.choice(SEGMENTS[:5]), random.choice(REGEXES)[0])) if kind == "Regex" else path(random)
    )
    item: dict[str, Any] = {"path": own}
    if kind != "Prefix" or random.random() < 0.3:
        item["pathType"] = kind
    item |= _conditions(random)
    if external and kind == "Exact" and random.random() < 0.3:
        return {**item, "redirect": _redirect(random)}
    item |= {"streaming": True} if random.random() < 0.05 else _treatment(random, 0.2)
    if kind != "Regex":
        item |= _said(random, 0.25, rewritePath=lambda: path(random))
    item |= _said(
        random,
        0.15,
        requestHeaders=lambda: _operations(random, "x-q"),
        responseHeaders=lambda: _operations(random, "x-r"),
        backends=lambda: _backends(random, name),
        mirror=lambda: {"service": f"{name}-shadow", "percent": random.choice((0.5, 1, 100))},
    )
    if external:
        item |= _said(random, 0.15, cors=lambda: _cors(random))
        item |= _own_port(random, ports, 0.1)
    return item


def _twin(random: Random, item: dict[str, Any]) -> dict[str, Any]:
    """Give another item of the same path under the same conditions."""
    twin = {key: said for key, said in item.items() if key in {"path", "methods", "headers", "queryParams"}}
    return {**twin, "pathType": random.choice(("Prefix", "Exact")), **_treatment(random, 0.2)}


def _conditions(random: Random) -> dict[str, Any]:
    return _said(
        random,
        0.2,
        methods=lambda: _some(random, METHODS[:8], 3),
        headers=lambda: {key: random.choice(HEADER_VALUES) for key in _some(random, HEADERS, 2)},
        queryParams=lambda: {
            key: random.choice(("true", "1", "", "a+b")) for key in _some(random, ("q", "p-1"), 2)
        },
    )


def _operations(random: Random, prefix: str) -> dict[str, Any]:
    def values_of(kind: str) -> dict[str, str]:
        return {f"{prefix}-{kind}-{number}": random.choice(HEADER_VALUES) for number in range(random.randint(1, 2))}

    return _said(
        random, 0.6, set=lambda: values_of("set"), add=lambda: values_of("add"), remove=lambda: [f"{prefix}-gone"]
    )


def _backends(random: Random, name: str) -> list[dict[str, Any]]:
    share = random.randint(0, 100)
    one: dict[str, Any] = {"service": name, "weight": share}
    other = {"service": f"{name}-next", "weight": 100 - share, **_said(random, 0.3, port=lambda: 8080)}
    return random.choice(([one, other], [one, other], [{"service": f"{name}-next"}]))


def _redirect(random: Random) -> dict[str, Any]:
    places = {"path": path(random), "host": "www.example.com"}
    said = dict(random.sample(sorted(places.items()), random.randint(1, 2)))
    return {**said, **_said(random, 0.7, code=lambda: random.choice((301, 302, 303, 307, 308)))}


def _cors(random: Random) -> dict[str, Any]:
    return {
        "allowOrigins": random.choice((["*"], _some(random, ORIGINS, 2))),
        **_said(
            random,
            0.5,
            allowMethods=lambda: _some(random, ("GET", "HEAD", "POST", "PUT"), 3),
            allowHeaders=lambda: _some(random, ("authorization", "x-client", "content-type"), 2),
            exposeHeaders=lambda: ["x-request-id"],
            allowCredentials=lambda: random.random() < 0.5,
            maxAge=lambda: random.choice(("10m", "1h", "30s")),
        ),
    }


def _resilience(random: Random) -> dict[str, Any]:
    balancing = random.choice(
        (
            {},
            {"loadBalancing": random.choice(("leastRequest", "roundRobin", "random"))},
            {"sessionAffinity": {"cookie": "ORDERS_SID", **_said(random, 0.5, ttl=lambda: _duration(random))}},
            {"sessionAffinity": {"header": "x-user"}},
        )
    )
    return {
        **balancing,
        **_said(
            random,
            0.5,
            outlierDetection=lambda: _said(
                random,
                0.6,
                consecutiveErrors=lambda: random.choice((0, 1, 5, 1000)),
                interval=lambda: _duration(random),
                ejectionTime=lambda: _duration(random),
                maxEjectionPercent=lambda: random.choice((1, 50, 100)),
            ),
            connectionLimits=lambda: _said(
                random,
                0.6,
                maxConnections=lambda: random.choice((1, 100, 2147483647)),
                maxPendingRequests=lambda: random.choice((1, 100, 2147483647)),
                connectTimeout=lambda: _duration(random),
            ),
        ),
        **_said(random, 0.2, preferSameZone=lambda: random.random() < 0.7),
    }


def _upstreams(random: Random) -> list[dict[str, Any]]:
    return list(_each_upstream(random))


def _each_upstream(random: Random) -> Iterator[dict[str, Any]]:
    own = random.randrange(10**6)  # of one namespace, two services must not say different things of one host
    if random.random() < 0.5:
        yield {"host": f"api-{own}.stripe.example"}
    if random.random() < 0.3:
        yield {
            "host": f"legacy-{own}.partner.example",
            "ports": [{"number": 80, "protocol": "HTTP", "originateTLS": _said(random, 0.5, port=lambda: 8443)}],
        }
    if random.random() < 0.3:
        addresses = [f"203.0.113.{random.randrange(256)}{random.choice(('', '/32'))}"]
        kind = random.choice(("TCP", "MYSQL", "MONGO", "REDIS"))
        yield {
            "host": f"db-{own}.partner.example",
            "ports": [{"number": 5432, "protocol": kind}],
            "addresses": addresses,
        }
    if random.random() < 0.2:
        yield {
            "host": f"*.wild-{own}.example",
            **_said(random, 0.5, ports=lambda: [{"number": 443, "protocol": "TLS"}]),
        }
    if random.random() < 0.2:
        yield {
            "service": "catalog",
            "port": 8080,
            **_said(random, 0.5, forwardedHosts=lambda: ["orders.example.com"]),
        }
