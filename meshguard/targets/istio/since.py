"""An Istio version in, what its API has out: names of API versions and fields that came later."""

from meshguard.policy import Facts

BACKOFF = (1, 26)  # retries.backoff
ANY_METHOD = (1, 26)  # `*` in corsPolicy.allowMethods, refused on the way to 1.22 and taken by 1.26
UNMATCHED_PREFLIGHTS = (1, 23)  # corsPolicy.unmatchedPreflights
RESET_BEFORE_REQUEST = (1, 23)  # a token of retries.retryOn
_STABLE = (1, 22)  # networking.istio.io/v1, security.istio.io/v1


def has(facts: Facts, since: tuple[int, int]) -> bool:
    """Tell whether the mesh has what came with that version."""
    return facts.mesh.istio_version >= since


def api_version(facts: Facts, group: str) -> str:
    """Give the newest API version that the mesh serves of a group: `networking`, `security`."""
    return f"{group}.istio.io/{'v1' if has(facts, _STABLE) else 'v1beta1'}"
