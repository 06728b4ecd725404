"""What Envoy repeats: under which conditions, whatever the method, how often, and how long a try may run."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from tests.mesh.by_hand import (
    BARE,
    GATEWAY,
    NEXT,
    ORDERS,
    PUBLIC,
    at,
    by_hand,
    from_inside,
    from_outside,
    relay,
    to,
    virtual_service,
)
from tests.mesh.client import Ask
from tests.mesh.cluster import Lab, through_gateway
from tests.mesh.envoy import until
from tests.mesh.istio import Istio, admit
from tests.mesh.world import ServicePort, Workload

GRPC_STATES = "unavailable,cancelled,resource-exhausted,internal,deadline-exceeded"
# Conditions, what the application does, and how often it is asked with two attempts: without a sidecar, and with
# one, which answers with 503 where its application ends the connection.
TRIES = {
    ("5xx", "503"): (3, 3),
    ("5xx", "500"): (3, 3),
    ("5xx", "reset"): (3, 3),
    ("gateway-error", "503"): (3, 3),
    ("gateway-error", "500"): (1, 1),
    ("gateway-error", "reset"): (3, 3),
    ("503", "503"): (3, 3),
    ("503", "reset"): (1, 3),
    ("reset", "reset"): (3, 1),
    ("retriable-4xx", "409"): (3, 3),
    ("retriable-4xx", "429"): (1, 1),
    ("connect-failure,refused-stream", "503"): (1, 1),
    ("connect-failure,refused-stream", "reset"): (1, 1),
    ("reset-before-request", "reset"): (1, 1),
    (GRPC_STATES, "503"): (1, 1),
    (GRPC_STATES, "reset"): (1, 1),
}


def retried(conditions: Any, **more: Any) -> str:
    """Write a path for each set of conditions, with two attempts."""
    return virtual_service(
        *(
            to(at(f"/{number}/"), retries={"attempts": 2, "retryOn": on}, **more)
            for number, (on, _) in enumerate(conditions)
        )
    )


@pytest.mark.parametrize("workload", [BARE, ORDERS], ids=["bare", "sidecar"])
def test_a_condition_repeats_every_method(workload: Workload, each_lab: Lab) -> None:
    with by_hand(each_lab, retried(TRIES), workloads=[workload]) as on:
        tries = {
            (method, *case): len(from_outside(on, f"/{number}/", method, case[1]).tries)
            for method in ("GET", "POST")
            for number, case in enumerate(TRIES)
        }

    assert tries == {
        (method, *case): expected[workload.sidecar]
        for method in ("GET", "POST")
        for case, expected in TRIES.items()
    }


# The same of gRPC, whose answers are HTTP 200 with a state beside it; a sidecar itself answers `unavailable` (14).
GRPC_TRIES = {
    ("unavailable", "grpc-14"): (3, 3),
    ("cancelled", "grpc-1"): (3, 3),
    ("resource-exhausted", "grpc-8"): (3, 3),
    ("deadline-exceeded", "grpc-4"): (3, 3),
    ("internal", "grpc-13"): (3, 3),
    ("503", "grpc-14"): (1, 1),
    ("500,502,503,504", "grpc-13"): (1, 1),
    ("retriable-4xx", "grpc-10"): (1, 1),
    ("5xx", "grpc-14"): (1, 1),
    ("5xx", "reset"): (3, 1),
    ("gateway-error", "reset"): (3, 1),
    ("reset", "reset"): (3, 1),
    ("refused-stream", "refused"): (3, 1),
    ("unavailable", "reset"): (1, 3),
    ("connect-failure,refused-stream,reset-before-request", "grpc-14"): (1, 1),
    ("connect-failure,refused-stream,reset-before-request", "reset"): (1, 1),
}
_GRPC_PORT = (ServicePort(8080, "grpc", "GRPC", 8080),)


@pytest.mark.parametrize(
    "workload", [BARE._replace(ports=_GRPC_PORT), ORDERS._replace(ports=_GRPC_PORT)], ids=["bare", "sidecar"]
)
def test_grpc_is_repeated_by_its_states(workload: Workload, newest_lab: Lab) -> None:
    with by_hand(newest_lab, retried(GRPC_TRIES), workloads=[workload]) as on:
        tries = [
            len(from_outside(on, f"/{number}/x", "POST", case[1], content_type="application/grpc").tries)
            for number, case in enumerate(GRPC_TRIES)
        ]

    assert dict(zip(GRPC_TRIES, tries, strict=True)) == {
        case: expected[workload.sidecar] for case, expected in GRPC_TRIES.items()
    }


# Which limit ends a request whose application never answers, and how many tries it had, by timeout, limit of a try,
# attempts and conditions.
LIMITS = {
    ("30s", "100ms", 2, "gateway-error"): ("upstream_per_try_timeout", 3, "100"),
    (None, "100ms", 2, "gateway-error"): ("upstream_per_try_timeout", 3, "100"),
    ("30s", "100ms", 1, "5xx"): ("upstream_per_try_timeout", 2, "100"),
    ("30s", "100ms", 1, "reset"): ("upstream_per_try_timeout", 2, "100"),
    ("30s", "100ms", 1, "connect-failure,503,504"): ("upstream_per_try_timeout", 1, "100"),
    ("30s", "100ms", 1, "retriable-4xx,refused-stream"): ("upstream_per_try_timeout", 1, "100"),
    ("300ms", "3s", 2, "gateway-error"): ("response_timeout", 1, "300"),
}
# Here the machine may be too slow for all tries, but not so slow that one of them ends first.
CUT = {
    ("250ms", "100ms", 2, "gateway-error"): "response_timeout",
    ("300ms", "100ms", 2, "gateway-error"): "response_timeout",  # there are waits between the tries
}


def limited(cases: Any) -> str:
    """Write a path for each case."""
    return virtual_service(
        *(
            to(
                at(f"/{number}/"),
                **({"timeout": timeout} if timeout else {}),
                retries={"attempts": attempts, "perTryTimeout": one, "retryOn": on},
            )
            for number, (timeout, one, attempts, on) in enumerate(cases)
        )
    )


def test_a_try_is_cut_and_repeated_by_some_conditions_only(newest_lab: Lab) -> None:
    with by_hand(newest_lab, limited(LIMITS), workloads=[BARE]) as on:
        came = [from_outside(on, f"/{number}/", answers="hang") for number, _ in enumerate(LIMITS)]

    found = [(one.details, len(one.tries), one.tries[0].headers["x-envoy-expected-rq-timeout-ms"]) for one in came]
    assert dict(zip(LIMITS, found, strict=True)) == LIMITS
    assert {one.answer.status for one in came} == {504}


def test_the_timeout_cuts_tries_that_do_not_fit_into_it(newest_lab: Lab) -> None:
    with by_hand(newest_lab, limited(CUT), workloads=[BARE]) as on:
        came = [from_outside(on, f"/{number}/", answers="hang") for number, _ in enumerate(CUT)]

    assert dict(zip(CUT, [one.details for one in came], strict=True)) == CUT


REQUESTS = 60


def waits(lab: Lab, **said: str) -> list[tuple[float, ...]]:
    """Give the waits before each of six retries, in seconds, for many requests at once."""
    routes = virtual_service(to(retries={"attempts": 6, "retryOn": "503", **said}))
    asks = [Ask(PUBLIC, headers={"x-case": f"{number}", "x-answers": "503"}) for number in range(REQUESTS)]

    with by_hand(lab, routes, workloads=[BARE]) as on, ThreadPoolExecutor(REQUESTS) as at_once:
        list(at_once.map(lambda ask: through_gateway(on, GATEWAY, ask), asks))
        times = [[one.when for one in on.backs.seen[ask.headers["x-case"]]] for ask in asks]
    assert {len(tries) for tries in times} == {7}
    return [tuple(after - before for before, after in pairwise(tries)) for tries in times]


LONGEST = (0.4, 0.8, 1.6, 3.2, 4, 4)


def doubled(lab: Lab) -> bool:
    """Tell whether each wait was any time up to the longest one that it may be."""
    found = list(zip(LONGEST, zip(*waits(lab, backoff="400ms"), strict=True), strict=True))
    some_are_long = all(sum(wait > longest / 2 for wait in waited) > REQUESTS / 5 for longest, waited in found)
    few_are_longer = all(sum(wait > longest for wait in waited) < REQUESTS / 4 for longest, waited in found)
    return some_are_long and few_are_longer


def test_the_waits_double_up_to_ten_times_the_first(newest_lab: Lab) -> None:
    # A machine that is too busy makes them longer: then they are measured again.
    until(lambda: doubled(newest_lab), lambda: "the waits are others", limit=300)


def test_the_first_wait_is_25_milliseconds_where_nothing_is_said(newest_lab: Lab) -> None:
    found = waits(newest_lab)
    longest = 0.025 * (1 + 2 + 4 + 8 + 10 + 10)

    assert longest / 4 < median(map(sum, found)) < longest * 2


def test_a_request_ends_before_a_long_wait_does(each_lab: Lab) -> None:
    routes = virtual_service(
        to(at("/long/"), timeout="200ms", retries={"attempts": 1, "retryOn": "503", "backoff": "1h"}),
        to(at("/short/"), timeout="30s", retries={"attempts": 1, "retryOn": "503", "backoff": "100ms"}),
    )

    with by_hand(each_lab, routes, workloads=[BARE]) as on:
        came = [from_outside(on, path, answers="503 200") for path in ("/long/", "/short/")]

    assert [(one.answer.status, len(one.tries)) for one in came] == [(504, 1), (200, 2)]


def test_five_attempts_are_six_requests(newest_lab: Lab) -> None:
    routes = virtual_service(to(retries={"attempts": 5, "retryOn": "5xx"}))

    with by_hand(newest_lab, routes, workloads=[BARE]) as on:
        assert len(from_outside(on, answers="503").tries) == 6


def test_attempts_of_two_layers_multiply(newest_lab: Lab) -> None:
    front = NEXT._replace(name="front", labels={"app": "front"})
    outside = to(retries={"attempts": 3, "retryOn": "5xx"}, workload=front, rewrite={"authority": ORDERS.host})
    inner = to(retries={"attempts": 3, "retryOn": "gateway-error"})
    safe = to(at("/safe/"), retries={"attempts": 3, "retryOn": "connect-failure"})

    with by_hand(
        newest_lab, virtual_service(outside), virtual_service(safe, inner, mesh=True), workloads=[BARE, front]
    ) as on:
        relay(on, "front.shop", "orders.shop")
        assert len(from_inside(on, answers="503").tries) == 4
        assert len(from_outside(on, answers="503").tries) == 16
        assert len(from_outside(on, "/safe/", answers="503").tries) == 4


@pytest.mark.parametrize(
    ("retries", "refused"),
    [
        ({"attempts": 0, "perTryTimeout": "2s"}, "http retry policy configured when attempts are set to 0"),
        ({"attempts": 0, "retryOn": "503"}, "http retry policy configured when attempts are set to 0"),
        ({"attempts": 0}, ""),
        ({"attempts": 1, "perTryTimeout": "2s", "retryOn": "503"}, ""),
    ],
)
def test_istio_refuses_settings_of_retries_that_are_off(retries: Any, refused: str, istio: Istio) -> None:
    said, _ = admit(istio, virtual_service(to(retries=retries)))

    assert refused in said
    assert bool(said) is bool(refused)
