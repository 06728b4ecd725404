"""Which PeerAuthentication holds for a port of a pod: level by level, and the oldest of one level."""

import pytest

from meshguard.tls.peer_authentication import accepted, of_namespace, perhaps
from tests.tls.given import world
from tests.tls.matrix import ROOT, authentication

POD = {"app": "a", "version": "v1"}


def policy(
    namespace: str,
    name: str,
    mode: str | None,
    selector: dict[str, str] | None = None,
    ports: dict[str, str | None] | None = None,
    created: str = "",
) -> dict[str, object]:
    spec: dict[str, object] = {} if mode is None else {"mtls": {"mode": mode}}
    spec |= {} if selector is None else {"selector": {"matchLabels": selector}}
    if ports is not None:
        spec["portLevelMtls"] = {port: {} if said is None else {"mode": said} for port, said in ports.items()}
    made = authentication(namespace, name, spec)
    made["metadata"] |= {"creationTimestamp": created} if created else {}
    return made


MESH, NAMESPACE = policy(ROOT, "mesh", "STRICT"), policy("shop", "ns", "DISABLE")
CASES = {
    "nothing": ([], "PERMISSIVE", "default", None),
    "mesh": ([MESH], "STRICT", "mesh", "mesh"),
    "mesh, unset": ([policy(ROOT, "mesh", "UNSET")], "PERMISSIVE", "default", None),
    "namespace over mesh": ([MESH, NAMESPACE], "DISABLE", "namespace", "ns"),
    "namespace, unset": ([MESH, policy("shop", "ns", None)], "STRICT", "mesh", "mesh"),
    "another namespace": ([policy("other", "ns", "STRICT")], "PERMISSIVE", "default", None),
    "pods": ([MESH, NAMESPACE, policy("shop", "pods", "PERMISSIVE", POD)], "PERMISSIVE", "workload", "pods"),
    "pods, unset": ([NAMESPACE, policy("shop", "pods", "UNSET", {"app": "a"})], "DISABLE", "namespace", "ns"),
    "other pods": ([NAMESPACE, policy("shop", "pods", "STRICT", {"app": "b"})], "DISABLE", "namespace", "ns"),
    "port": ([policy("shop", "p", "STRICT", {"app": "a"}, {"80": "DISABLE"})], "DISABLE", "port", "p"),
    "port, unset": ([policy("shop", "p", "STRICT", {"app": "a"}, {"80": None})], "STRICT", "workload", "p"),
    "another port": ([policy("shop", "p", "STRICT", {"app": "a"}, {"81": "DISABLE"})], "STRICT", "workload", "p"),
    "port without selector": ([policy("shop", "p", "STRICT", None, {"80": "DISABLE"})], "STRICT", "namespace", "p"),
    "selector in the root namespace": ([policy(ROOT, "p", "STRICT", {"app": "a"})], "PERMISSIVE", "default", None),
    "the oldest of a namespace": (
        [
            policy("shop", "a", "STRICT", created="2024-02-01T00:00:00Z"),
            policy("shop", "b", "DISABLE", created="2024-01-01T00:00:00Z"),
        ],
        "DISABLE",
        "namespace",
        "b",
    ),
    "the oldest for pods, for ports too": (
        [
            policy("shop", "a", "STRICT", POD, {"80": "DISABLE"}, created="2024-02-01T00:00:00Z"),
            policy("shop", "b", "STRICT", {"app": "a"}, created="2024-01-01T00:00:00Z"),
        ],
        "STRICT",
        "workload",
        "b",
    ),
    "of one age, the first by name": (
        [policy("shop", "b", "STRICT"), policy("shop", "a", "DISABLE")],
        "DISABLE",
        "namespace",
        "a",
    ),
    "what is still to be created comes last": (
        [policy("shop", "a", "STRICT"), policy("shop", "b", "DISABLE", created="2024-01-01T00:00:00Z")],
        "DISABLE",
        "namespace",
        "b",
    ),
}


@pytest.mark.parametrize(("objects", "mode", "level", "name"), CASES.values(), ids=CASES)
def test_what_holds_for_a_port(objects: list[dict[str, object]], mode: str, level: str, name: str | None) -> None:
    found = accepted(world(objects), "shop", POD, 80)

    assert (found.mode, found.level, found.ref and found.ref.name) == (mode, level, name)


def test_clients_look_at_namespace_and_mesh_only() -> None:
    found = world([MESH, policy("shop", "p", "DISABLE", {"app": "a"})])

    assert of_namespace(found, "shop").mode == "STRICT"


def test_in_the_root_namespace_there_is_only_the_mesh() -> None:
    assert accepted(world([MESH]), ROOT, POD, 80)[:2] == ("STRICT", "mesh")


def test_the_place_is_that_of_the_word_that_decides() -> None:
    text = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: a, namespace: shop}
spec:
  selector:
    matchLabels: {app: a}
  mtls:
    mode: STRICT
  portLevelMtls:
    80:
      mode: DISABLE
"""
    found = world(text)

    assert [accepted(found, "shop", POD, port).ref.span.line for port in (80, 81)] == [12, 9]  # type: ignore[union-attr]


def test_more_labels_may_let_one_in() -> None:
    found = world(
        [policy("shop", "a", "STRICT", POD), policy("shop", "b", "STRICT", {"app": "b", "version": "v1"})]
    )

    assert [one.ref.name for one in perhaps(found, "shop", {"app": "a"})] == ["a"]
