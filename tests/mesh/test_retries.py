"""What Envoy repeats, whatever the method: which conditions are unsafe, and which never fire."""

import pytest

from tests.mesh.by_hand import ORDERS, at, by_hand, from_outside, to, virtual_service
from tests.mesh.cluster import Lab

# Conditions, what the application does, and how often it is asked with two attempts.
TRIES = {
    ("5xx", "503"): 3,
    ("5xx", "500"): 3,
    ("5xx", "reset"): 3,
    ("gateway-error", "503"): 3,
    ("gateway-error", "500"): 1,
    ("503", "503"): 3,
    ("503", "reset"): 1,
    ("reset", "reset"): 3,
    ("retriable-4xx", "409"): 3,
    ("retriable-4xx", "429"): 1,
    ("connect-failure,refused-stream", "503"): 1,
    ("connect-failure,refused-stream", "reset"): 1,
    ("reset-before-request", "reset"): 1,
}
RULES = virtual_service(
    *(to(at(f"/{number}/"), retries={"attempts": 2, "retryOn": on}) for number, (on, _) in enumerate(TRIES))
)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_condition_repeats_every_method(method: str, each_lab: Lab) -> None:
    bare = ORDERS._replace(sidecar=False)  # a sidecar turns a reset into a 503

    with by_hand(each_lab, RULES, workloads=[bare]) as on:
        tries = [
            len(from_outside(on, f"/{number}/", method, answers).tries) for number, (_, answers) in enumerate(TRIES)
        ]

    assert dict(zip(TRIES, tries, strict=True)) == TRIES
