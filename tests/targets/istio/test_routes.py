"""What the rendered rules do with a request is what the neutral table of routes says, request by request."""

import json
import re
from typing import Any, NamedTuple

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from meshguard.model import Port, Route, Routing, Service, port_named
from meshguard.routing import Request, is_preflight, match, port_table, rewritten, serve
from meshguard.targets.istio import TARGET
from tests.targets.istio.given import facts_of, service_of

PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/m", "/m/x", "//m", "/a/m", "/b/m/x", "/b", "/c/a"])
METHODS = st.sampled_from(["GET", "POST", "OPTIONS"])
PORTS = st.sampled_from(["http", "http-b", "grpc"])
PREFLIGHT = {"origin": "https://a.example.com", "access-control-request-method": "GET"}

ITEMS = st.fixed_dictionaries(
    {"path": st.sampled_from(["/", "/a", "/a/b", "/b", "/m"])},
    optional={
        "pathType": st.sampled_from(["Exact", "Prefix"]),
        "methods": st.lists(METHODS, min_size=1, max_size=2, unique=True),
        "headers": st.sampled_from([{"x-a": "1"}, {"X-A": "1", "x-b": "2"}]),
        "queryParams": st.just({"q": "1"}),
        "port": PORTS,
        "retryOn": st.sampled_from(["5xx", "connect-failure", "503,reset"]),
        "retryMethods": st.sampled_from(["any", ["GET"], ["POST", "GET"]]),
        "rewritePath": st.sampled_from(["/", "/n", "/m", "/m/x", "/n/"]),
        "streaming": st.just(value=True),
        "cors": st.just({"allowOrigins": ["https://a.example.com"]}),
    },
) | st.fixed_dictionaries(
    {
        "path": st.sampled_from(["/a", "/m", "/c"]),
        "pathType": st.just("Exact"),
        "redirect": st.just({"path": "/b"}),
    }
)
REQUESTS = st.builds(
    Request,
    path=PATHS,
    method=METHODS,
    headers=st.sampled_from([{}, {"x-a": "1"}, {"x-a": "1", "x-b": "2"}, PREFLIGHT]),
    query_params=st.sampled_from([{}, {"q": "1"}, {"q": "2"}]),
)


class Answer(NamedTuple):
    """What a proxy does: a status, a path to redirect to, or a port that gets a path."""

    status: int | None = None
    redirect: str | None = None
    port: int | None = None
    path: str | None = None


def values_of(section: str, items: list[Any], more: dict[str, Any]) -> str:
    ports = [
        {"number": 8080, "name": "http", "metrics": "/m"},
        {"number": 8081, "name": "http-b"},
        {"number": 9000, "name": "grpc"},
    ]
    return json.dumps({"ports": ports, section: {"port": "http", "pathConfiguration": items, **more}})


def holds(condition: Any, text: str) -> bool:
    """Compare as Envoy does; a regular expression is of the whole text."""
    if "exact" in condition:
        return bool(text == condition["exact"])
    if "prefix" in condition:
        return text.startswith(condition["prefix"])
    return re.fullmatch(condition["regex"], text) is not None


def matches(condition: Any, request: Request, port: int | None) -> bool:
    headers = condition.get("headers", {})
    return (
        condition.get("port") == port
        and holds(condition.get("uri", {"prefix": ""}), request.path)
        and holds(condition.get("method", {"prefix": ""}), request.method)
        and all(name.lower() in request.headers for name in headers)
        and all(holds(value or {"prefix": ""}, request.headers[name.lower()]) for name, value in headers.items())
        and all(
            request.query_params.get(name) == v["exact"] for name, v in condition.get("queryParams", {}).items()
        )
    )


def proxied(rules: list[Any], request: Request, port: int | None = None) -> Answer:
    """Do what a proxy does: the first rule that takes the request, its rewrite put in place of what matched."""
    for rule in rules:
        taken = next((found for found in rule["match"] if matches(found, request, port)), None)
        if taken is None:
            continue
        if "directResponse" in rule:
            return Answer(status=rule["directResponse"]["status"])
        if "redirect" in rule:
            return Answer(redirect=rule["redirect"]["uri"])
        path, number = request.path, rule["route"][0]["destination"]["port"]["number"]
        if "rewrite" in rule:
            uri = taken.get("uri", {"prefix": "/"})
            matched = uri.get("exact", uri.get("prefix"))
            path = rule["rewrite"]["uri"] + path.removeprefix(matched)
        return Answer(port=number, path=path)
    return Answer(status=404)


def expected(service: Service, route: Route | None, request: Request, fallback: Port) -> Answer:
    if route is None:
        return Answer(status=404)
    named = port_named(service, route.port.value) if route.port is not None else fallback
    assert named is not None
    if is_preflight(request) and route.cors is not None:
        return Answer(port=named.number, path=request.path)  # answered at the gateway
    if route.redirect is not None:
        return Answer(redirect=route.redirect.path)
    return Answer(port=named.number, path=rewritten(route, request.path))


def rules_of(service: Service) -> list[Any]:
    rendered = TARGET.render(service, FACTS)
    assert TARGET.verify(rendered, FACTS) == ()
    text = next(manifest.text for manifest in rendered.manifests if manifest.kind == "VirtualService")
    rules: list[Any] = yaml.load(text, Loader=yaml.CSafeLoader)["spec"]["http"]
    return rules


FACTS = facts_of()


@settings(deadline=None, max_examples=200)
@given(
    items=st.lists(ITEMS, min_size=1, max_size=6),
    more=st.sampled_from([{}, {"unlistedPaths": "allow"}]),
    requests=st.lists(REQUESTS, min_size=1, max_size=20),
)
def test_gateway_rules_do_what_the_table_says(items: list[Any], more: Any, requests: list[Request]) -> None:
    service = service_of(values_of("externalRouting", items, more), FACTS)
    assert service.external is not None
    rules = rules_of(service)

    for request in requests:
        route = serve(service, service.external, request)
        assert proxied(rules, request) == expected(service, route, request, service.ports[0]), request


def in_mesh(service: Service, routing: Routing, port: Port, request: Request) -> Answer:
    route = match(port_table(service, routing, port), request)
    return Answer(port=port.number, path=request.path if route is None else rewritten(route, request.path))


@settings(deadline=None, max_examples=100)
@given(
    items=st.lists(ITEMS.filter(lambda item: not {"cors", "redirect"} & item.keys()), min_size=1, max_size=5),
    more=st.sampled_from([{}, {"retryOn": "5xx"}]),
    requests=st.lists(REQUESTS, min_size=1, max_size=10),
)
def test_mesh_rules_do_what_the_table_says(items: list[Any], more: Any, requests: list[Request]) -> None:
    service = service_of(values_of("internalRouting", items, more), FACTS)
    assert service.internal is not None
    rules = rules_of(service)

    for request in requests:
        for port in service.ports:
            assert proxied(rules, request, port.number) == in_mesh(service, service.internal, port, request), (
                request
            )
