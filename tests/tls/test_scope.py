"""What a proxy knows: Sidecar objects, exports, and services that VirtualServices bring in."""

from typing import Any

import pytest

from meshguard.tls.facts import Settings
from meshguard.tls.scope import View, is_exported, known, sidecar_of
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
    return bool(ports([SERVICE, *more, sidecar("web", "w", egress=egress)], settings=settings))


def ports(
    objects: list[dict[str, Any]], namespace: str = "web", host: str = HOST, settings: Settings = NEWEST
) -> list[str]:
    """Give what pods of a namespace know by a host: who says it, and the ports."""
    found = world(objects, settings)
    sharing = [one for listed in found.services.values() for one in listed if one.host == host]
    routes = [route for route in found.routes if route.host == host]
    view = View(namespace, sidecar_of(found, namespace, {}), is_gateway=False)
    service = known(found, view, sharing, routes)
    return [] if service is None else [str(service.ref), *(str(port.number) for port in service.ports)]


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
    assert ports([SERVICE, sidecar("shop", "w", egress=[{"hosts": ["./*"]}])], "shop")


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
        ("other", "shop", False),
        ("~", "shop", False),
        ("*, other", "web", True),
    ],
)
def test_exports(exported: str | None, namespace: str, expected: bool) -> None:  # noqa: FBT001 - a case
    annotations = {} if exported is None else {"networking.istio.io/exportTo": exported}
    found = world([{**SERVICE, "metadata": {**SERVICE["metadata"], "annotations": annotations}}])

    assert is_exported(found, found.services["shop"][0], namespace) is expected


def entry(namespace: str, name: str, *numbers: int, host: str = "x.example", **spec: Any) -> dict[str, Any]:
    listed = [{"number": number, "name": f"p{number}", "protocol": "TCP"} for number in numbers]
    said = {"hosts": [host], "ports": listed, "resolution": "DNS", **spec}
    created = f"2024-01-01T00:00:0{name[-1]}Z"
    return istio("networking", "ServiceEntry", namespace, name, said, creationTimestamp=created)


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([entry("a", "e0", 80), entry("a", "e1", 80, 443)], ["a/e0", "80", "443"]),
        ([entry("a", "e1", 80), entry("a", "e0", 443)], ["a/e0", "443", "80"]),
        ([entry("a", "e0", 80), entry("a", "e1", 443, resolution="NONE")], ["a/e0", "80"]),
        ([entry("a", "e0", 80), entry("a", "e1", 443, exportTo=["*"])], ["a/e0", "80"]),
        ([entry("a", "e0", 80), entry("a", "e1", 443, exportTo=["web"])], ["a/e1", "443"]),
        ([entry("a", "e0", 80), entry("a", "e1", 443, exportTo=["."])], ["a/e0", "80"]),
        ([entry("a", "e0", 80, exportTo=["~"])], []),
        ([entry("a", "e0", 80), entry("b", "e1", 443)], ["a/e0", "80"]),
        ([entry("a", "e0", 80), entry("web", "e1", 443)], ["web/e1", "443"]),
    ],
)
def test_what_shares_a_host(objects: list[dict[str, Any]], expected: list[str]) -> None:
    assert ports(objects, host="x.example") == expected


def test_entries_of_one_host_with_different_labels_stay_apart() -> None:
    labelled = entry("a", "e1", 443)
    labelled["metadata"]["labels"] = {"app.kubernetes.io/name": "second"}

    assert ports([entry("a", "e0", 80), labelled], host="x.example") == ["a/e0", "80"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_real_service_comes_before_what_has_its_name(order: int) -> None:
    real = {**SERVICE, "metadata": {**SERVICE["metadata"], "creationTimestamp": "2024-02-01T00:00:00Z"}}
    sharing = [real, entry("shop", "e0", 80, 81, host=HOST)][::order]

    assert ports(sharing) == ["shop/a", "80"]


def test_listeners_add_up() -> None:
    first = {"hosts": ["a/*"], "port": {"name": "p", "number": 443, "protocol": "TCP"}}
    objects = [entry("a", "e0", 80, 443), entry("b", "e1", 80)]

    assert ports([*objects, sidecar("web", "w", egress=[first, {"hosts": ["*/*"]}])], host="x.example") == [
        "a/e0",
        "443",
        "80",
    ]


@pytest.mark.parametrize(
    ("settings", "expected"), [(NEWEST, ["a/e0", "80"]), (Settings((1, 30)), ["a/e0", "80", "443"])]
)
def test_an_exact_name_takes_in_the_oldest_only(settings: Settings, expected: list[str]) -> None:
    named = sidecar("web", "w", egress=[{"hosts": ["a/x.example"]}])

    assert (
        ports([entry("a", "e0", 80), entry("a", "e1", 443), named], host="x.example", settings=settings) == expected
    )


@pytest.mark.parametrize(
    ("exported", "expected"), [("other", ["shop/a", "80"]), (".", ["shop/a", "80"]), ("*", ["shop/a", "80"])]
)
def test_a_virtual_service_finds_its_own_namespace_whatever_it_exports(exported: str, expected: list[str]) -> None:
    hidden = {
        **SERVICE,
        "metadata": {**SERVICE["metadata"], "annotations": {"networking.istio.io/exportTo": exported}},
    }
    made = routes()
    made["metadata"]["namespace"] = "shop"

    assert ports([hidden, made], "shop") == expected


@pytest.mark.parametrize(
    ("exported", "expected"),
    [("~", []), ("~, other", []), ("~, web", ["shop/a", "80"]), ("~, *", ["shop/a", "80"])],
)
def test_a_virtual_service_finds_what_names_its_namespace_beside_nobody(exported: str, expected: list[str]) -> None:
    annotations = {"networking.istio.io/exportTo": exported}
    hidden = {**SERVICE, "metadata": {**SERVICE["metadata"], "annotations": annotations}}

    assert ports([hidden, routes()]) == expected


@pytest.mark.parametrize(("settings", "expected"), [(NEWEST, ["b/e0", "80"]), (Settings((1, 30)), ["a/e1", "443"])])
def test_a_virtual_service_finds_the_oldest_elsewhere(settings: Settings, expected: list[str]) -> None:
    objects = [entry("b", "e0", 80), entry("a", "e1", 443), sidecar("web", "w", egress=[{"hosts": ["./*"]}])]

    assert ports([*objects, routes("x.example")], host="x.example", settings=settings) == expected


def test_a_virtual_service_finds_nothing_that_is_not_exported() -> None:
    assert ports([entry("a", "e0", 80, exportTo=["."]), routes("x.example")], host="x.example") == []


def test_a_virtual_service_counts_where_it_is_exported_by_default() -> None:
    objects = [SERVICE, {**routes(), "metadata": {"namespace": "front", "name": "v"}}]
    narrow = sidecar("web", "w", egress=[{"hosts": ["front/*"]}])
    private = NEWEST._replace(route_export=frozenset({"."}))

    assert ports([*objects, narrow]) == ["shop/a", "80"]
    assert ports([*objects, narrow], settings=private) == []


@pytest.mark.parametrize(("settings", "expected"), [(NEWEST, "a/e0"), (Settings((1, 30)), "web/e1")])
def test_a_gateway_takes_the_oldest(settings: Settings, expected: str) -> None:
    some = ["web", "other"]
    found = world([entry("a", "e0", 80, exportTo=some), entry("web", "e1", 443, exportTo=some)], settings)
    sharing = [*found.services["a"], *found.services["web"]]
    service = known(found, View("web", None, is_gateway=True), sharing, ())

    assert service is not None
    assert str(service.ref) == expected


def test_a_gateway_knows_nothing_that_is_not_exported() -> None:
    found = world([entry("a", "e0", 80, exportTo=["."])])

    assert known(found, View("web", None, is_gateway=True), found.services["a"], ()) is None


@pytest.mark.parametrize(
    ("default", "namespace", "newest", "older"),
    [
        (["*"], "web", True, True),
        (["."], "web", False, False),
        (["."], "shop", True, True),
        (["web"], "web", True, False),
        (["web", "."], "web", True, False),
        (["*", "."], "web", True, False),
    ],
)
def test_what_is_exported_by_default(default: list[str], namespace: str, newest: bool, older: bool) -> None:  # noqa: FBT001 - a case
    for version, expected in (((1, 31), newest), ((1, 30), older)):
        found = world([SERVICE], Settings(version, service_export=frozenset(default)))

        assert is_exported(found, found.services["shop"][0], namespace) is expected
