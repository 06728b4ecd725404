"""What a proxy knows: Sidecar objects, exports, and services that VirtualServices bring in."""

from typing import Any

import pytest

from meshguard.tls.scope import imports, is_exported, sidecar_of
from tests.tls.given import world
from tests.tls.matrix import ROOT, istio, kubernetes

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
    found = world([SERVICE, sidecar("web", "w", egress=[{"hosts": hosts}])])
    (service,) = found.services["shop"]

    assert imports(found, sidecar_of(found, "web", {}), service, "web") is expected


def test_the_own_namespace_is_a_dot() -> None:
    found = world([SERVICE, sidecar("shop", "w", egress=[{"hosts": ["./*"]}])])

    assert imports(found, sidecar_of(found, "shop", {}), found.services["shop"][0], "shop")


@pytest.mark.parametrize(
    ("gateways", "host", "expected"),
    [
        (["mesh"], "a.shop.svc.cluster.local", True),
        ([], "a.shop.svc.cluster.local", True),
        (["g"], "a.shop.svc.cluster.local", False),
        (["mesh"], "b.shop.svc.cluster.local", False),
    ],
)
def test_what_a_virtual_service_brings_in(gateways: list[str], host: str, expected: bool) -> None:  # noqa: FBT001
    rule = {"route": [{"destination": {"host": host}}]}
    spec = {"hosts": ["front"], "gateways": gateways, "http": [rule]}
    routes = istio("networking", "VirtualService", "web", "v", spec)
    found = world([SERVICE, routes, sidecar("web", "w", egress=[{"hosts": ["./*"]}])])

    assert imports(found, sidecar_of(found, "web", {}), found.services["shop"][0], "web") is expected


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
