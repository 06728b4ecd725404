"""A running cluster in, what each kind of caller of its HTTPS port gets out: gateway, pod in the mesh, outside."""

from itertools import count

from tests.mesh.client import Ask, Speaks
from tests.mesh.cluster import Cluster, from_outside, from_pod, lines, logged, through_gateway, through_gateway_tls
from tests.mesh.envoy import until
from tests.mesh.istio import Json

PUBLIC = "orders.example.com"
NAME = "backend.internal.example.com"  # on the application's certificate
GATEWAY, CALLER, ORDERS = "gateway-public.istio-ingress", "caller.callers", "orders.shop"
_cases = count()


def case() -> dict[str, str]:
    return {"x-case": f"s4-{next(_cases)}"}


def by_gateway(on: Cluster) -> str:
    """Tell what a caller outside sees: the status, with the flags of the gateway where it is an error."""
    headers = case()
    answer = through_gateway(on, GATEWAY, Ask(PUBLIC, headers=headers))
    if answer.status == 200:
        assert [seen.tls for seen in on.backs.seen[headers["x-case"]]] == [True]
        return "200"
    return f"{answer.status} {logged(on, GATEWAY, headers['x-case'])['flags']}"


def through_passthrough(on: Cluster, gateway: str = GATEWAY, host: str = PUBLIC) -> str:
    """Tell what a caller outside gets whose TLS the gateway does not open."""
    headers = case()
    answer = through_gateway_tls(on, gateway, Ask(host, headers=headers), Speaks(host))
    if answer.status == 200:
        assert [seen.tls for seen in on.backs.seen[headers["x-case"]]] == [True]
    return str(answer.status or answer.failure)


def from_inside(on: Cluster, speaks: Speaks = Speaks(NAME)) -> str:  # noqa: B008 - frozen
    """Tell what a caller in the mesh gets that speaks https itself, and whether the sidecars kept mesh mTLS.

    To be asked first: a connection is logged when it ends, and others might end meanwhile.
    """
    headers = case()
    answer = from_pod(on, CALLER, (on.workload(ORDERS).vip, 8443), Ask(NAME, headers=headers), speaks)
    if answer.status != 200:
        return answer.failure
    assert [seen.tls for seen in on.backs.seen[headers["x-case"]]] == [True]
    return f"200 {_kept(on)}"


def _kept(on: Cluster) -> str:
    """Tell who the application's sidecar saw."""
    if ORDERS not in on.envoys or not on.workload(ORDERS).ports[0].captured:
        return "past the sidecar"

    def reached() -> list[Json]:
        return [line for line in lines(on.envoys[ORDERS]) if line.get("received")]

    line = until(reached, lambda: "the sidecar logged nothing")[-1]
    return "over mTLS" if line.get("peer") == "spiffe://cluster.local/ns/callers/sa/caller" else "without mTLS"


def in_plain(on: Cluster) -> str:
    """Tell what a caller in the mesh gets that speaks plain HTTP to the port."""
    headers = case()
    answer = from_pod(on, CALLER, (on.workload(ORDERS).vip, 8443), Ask(NAME, headers=headers))
    return str(answer.status) if answer.status == 200 else "no answer"


def without_sidecar(on: Cluster, speaks: Speaks = Speaks(NAME)) -> str:  # noqa: B008 - frozen
    """Tell what a pod outside the mesh gets that speaks https to the port."""
    answer = from_outside(on, (on.workload(ORDERS).pod, 8443), Ask(NAME, headers=case()), speaks)
    return "200" if answer.status == 200 else "no answer"
