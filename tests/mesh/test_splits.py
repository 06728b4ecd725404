"""Who gets a request that is split or mirrored."""

import pytest

from tests.mesh.by_hand import BARE, NEXT, PUBLIC, at, by_hand, from_outside, share, to, virtual_service
from tests.mesh.cluster import Lab
from tests.mesh.envoy import until
from tests.mesh.istio import Istio, admit

BOTH = [BARE, NEXT._replace(sidecar=False)]


def test_shares_are_divided_by_their_ratio(each_lab: Lab) -> None:
    routes = virtual_service(
        to(at("/more/"), route=[share(BARE, weight=90), share(NEXT, weight=20)]),
        to(at("/lone/"), route=[share(NEXT, weight=5)]),
        to(at("/twice/"), route=[share(BARE, weight=95), share(BARE, weight=5)]),
        to(at("/begins/"), route=[share(BARE, weight=100), share(NEXT, weight=0)]),
    )

    with by_hand(each_lab, routes, workloads=BOTH) as on:
        canary = on.at(on.workload("orders-next.shop").app)

        def reached(path: str, many: int) -> int:
            return sum(from_outside(on, path).tries[0].address == canary for _ in range(many))

        assert 5 <= reached("/more/", 100) <= 40
        assert reached("/lone/", 10) == 10
        assert reached("/twice/", 10) == 0
        assert reached("/begins/", 10) == 0


@pytest.mark.parametrize(("weights", "refused"), [((0, 0), True), ((95, 10), False), ((100, 0), False)])
def test_istio_refuses_shares_that_are_all_zero(weights: tuple[int, int], refused: bool, istio: Istio) -> None:  # noqa: FBT001
    split = [share(workload, weight=weight) for workload, weight in zip(BOTH, weights, strict=True)]

    assert bool(admit(istio, virtual_service(to(route=split)))[0]) is refused


def test_a_mirror_gets_whole_requests_and_all_where_no_share_is_said(each_lab: Lab) -> None:
    routes = virtual_service(
        to(at("/shadow/"), mirror=share(NEXT)["destination"]),
        to(at("/itself/"), mirror=share(BARE)["destination"]),
        to(at("/none/"), mirror=share(NEXT)["destination"], mirrorPercentage={"value": 0}),
    )

    with by_hand(each_lab, routes, workloads=BOTH) as on:
        own, other = (on.at(on.workload(name).app) for name in ("orders.shop", "orders-next.shop"))

        def copied(path: str) -> list[tuple[str, str]]:
            case = from_outside(on, path, "POST").tries[0].headers["x-case"]
            seen = on.backs.seen[case]
            until(lambda: len(seen) == 2, lambda: f"{path}: {seen}")
            return sorted((one.address, one.method) for one in seen)

        for _ in range(5):
            assert copied("/shadow/") == sorted([(own, "POST"), (other, "POST")])
            assert copied("/itself/") == [(own, "POST"), (own, "POST")]
        assert len(from_outside(on, "/none/", "POST").tries) == 1


def test_only_older_versions_mark_the_host_of_a_copy(each_lab: Lab) -> None:
    routes = virtual_service(to(mirror=share(NEXT)["destination"]))

    with by_hand(each_lab, routes, workloads=BOTH) as on:
        seen = from_outside(on).tries[0].headers["x-case"]
        until(lambda: len(on.backs.seen[seen]) == 2, lambda: f"no copy: {on.backs.seen[seen]}")
        canary = on.at(on.workload("orders-next.shop").app)
        (host,) = [one.headers["host"] for one in on.backs.seen[seen] if one.address == canary]

    assert host == (f"{PUBLIC}-shadow" if each_lab.minor == "1.27" else PUBLIC)
