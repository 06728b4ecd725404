"""What a proxy knows: Sidecar objects, exports, and services that VirtualServices bring in."""

from typing import Any

import pytest

from meshguard.tls.facts import Settings
from meshguard.tls.scope import imports, is_exported, sidecar_of
from tests.tls.given import NEWEST, world
from tests.tls.matrix import ROOT, istio, kubernetes

HOST = "a.shop.svc.cluster.local"
SERVICE = kubernetes("Service", "shop", "a", {"selector": {"app": "a"}, "ports": [{"port": 80}]})


def sidecar(namespace: str, name: str, selector: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    selects = {} if selector is None else {"workloadSelector": {"labels": selector}}
    return istio("networking", "Sidecar", namespace, name, {**selects, **spec})


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], None),
        ([sidecar(ROOT, "r")], "r"),
        ([sidecar(ROOT, "r"), sidecar("web", "w")], "w"),
        ([sidecar("web", "a"), sidecar("web", "b", {"app": "me"})], "b"),
        ([sidecar("web", "a"), sidecar("web", "b", {"app": "other"})], "a"),
        ([sidecar(ROOT, "r"), sidecar("web", "b", {"app": "other"})], "r"),
        ([sidecar(ROOT, "r", {"app": "me"})], None),
        ([sidecar("other", "o")], None),
    ],
)
def test_the_sidecar_that_holds(objects: list[dict[str, Any]], expected: str | None) -> None:
    found = sidecar_of(world(objects), "web", {"app": "me"})

    assert (found and found.ref.name) == expected


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([], True),
        (["*/*"], True),
        (["shop/*"], True),
        (["shop/a.shop.svc.cluster.local"], True),
        (["*/a.shop.svc.cluster.local"], True),
        (["*/*.shop.svc.cluster.local"], True),
        (["shop/b.shop.svc.cluster.local"], False),
        (["./*"], False),
        (["other/*", f"{ROOT}/*"], False),
        (["~/*"], False),
        (["*/*", "~shop/*"], False),
        (["*/*", "~other/*"], True),
    ],
)
def test_what_is_taken_in(hosts: list[str], expected: bool) -> None:  # noqa: FBT001 - a case
    assert taken([{"hosts": hosts}] if hosts else []) is expected


def taken(egress: list[dict[str, Any]], more: tuple[dict[str, Any], ...] = (), settings: Settings = NEWEST) -> bool:
    """Tell whether pods of `web` know the port of the service."""
    found = world([SERVICE, *more, sidecar("web", "w", egress=egress)], settings)
    (service,) = found.services["shop"]
    return imports(found, sidecar_of(found, "web", {}), service, service.ports[0], "web")


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"number": 80, "protocol": "HTTP"}, True),
        ({"number": 81, "protocol": "HTTP"}, False),
        ({"number": 81, "protocol": "HTTP_PROXY"}, True),
    ],
)
def test_the_port_of_a_listener_narrows_it(port: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    assert taken([{"hosts": ["shop/*"], "port": {"name": "p", **port}}, {"hosts": ["other/*"]}]) is expected


def test_what_is_left_out_of_one_listener_is_taken_by_another() -> None:
    port = {"name": "p", "number": 80, "protocol": "HTTP"}
    assert taken([{"hosts": ["*/*", "~shop/*"]}, {"hosts": ["shop/*"], "port": port}])


def test_older_istios_leave_nothing_out() -> None:
    assert taken([{"hosts": ["*/*", "~shop/*"]}], settings=Settings((1, 30)))


def test_the_own_namespace_is_a_dot() -> None:
    found = world([SERVICE, sidecar("shop", "w", egress=[{"hosts": ["./*"]}])])
    (service,) = found.services["shop"]

    assert imports(found, sidecar_of(found, "shop", {}), service, service.ports[0], "shop")


def routes(host: str = HOST, port: int | None = None, **spec: Any) -> dict[str, Any]:
    destination = {"host": host, **({} if port is None else {"port": {"number": port}})}
    rules = [{"route": [{"destination": destination}]}]
    return istio("networking", "VirtualService", "web", "v", {"hosts": ["front"], "http": rules, **spec})


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (routes(), True),
        (routes(gateways=["mesh"]), True),
        (routes(gateways=["g"]), False),
        (routes(host="b.shop.svc.cluster.local"), False),
        (routes(port=80), True),
        (routes(port=81), False),
        (routes(hosts=["*.web.svc.cluster.local"]), True),
        (routes(exportTo=["."]), True),
        (routes(exportTo=["other"]), False),
    ],
)
def test_what_a_virtual_service_brings_in(made: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a case
    assert taken([{"hosts": ["./*"]}], (made,)) is expected


def test_a_virtual_service_that_is_left_out_brings_nothing_in() -> None:
    left_out = ["./*", "~/front.web.svc.cluster.local"]

    assert not taken([{"hosts": left_out}], (routes(),))
    assert taken([{"hosts": left_out}], (routes(),), Settings((1, 30)))


def test_a_wildcard_of_a_virtual_service_meets_the_host_that_is_named() -> None:
    assert taken([{"hosts": ["./x.example"]}], (routes(hosts=["*.example"]),))
    assert not taken([{"hosts": ["./x.example"]}], (routes(hosts=["*.other"]),))


@pytest.mark.parametrize(
    ("exported", "namespace", "expected"),
    [
        (None, "web", True),
        ("*", "web", True),
        (".", "web", False),
        (".", "shop", True),
        ("web, other", "web", True),
        ("other", "web", False),
    ],
)
def test_exports(exported: str | None, namespace: str, expected: bool) -> None:  # noqa: FBT001 - a case
    annotations = {} if exported is None else {"networking.istio.io/exportTo": exported}
    found = world([{**SERVICE, "metadata": {**SERVICE["metadata"], "annotations": annotations}}])

    assert is_exported(found, found.services["shop"][0], namespace) is expected
