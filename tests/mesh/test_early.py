"""What Istio before 1.23 made of what came later, by its own code; what is rendered for it keeps clear of that.

The code is that of February 2024, on the way from 1.21 to 1.22, with the API of 1.25.
"""

from tests.mesh.by_hand import to, virtual_service
from tests.mesh.given import everything, rendered
from tests.mesh.istio import Istio, admit, unknown_field

OLD = "1.21"


def retrying(on: str, **more: str) -> str:
    """Write a route that retries, in the version of the API that Istio had then."""
    text = virtual_service(to(retries={"attempts": 2, "retryOn": on, **more}))
    return text.replace('"networking.istio.io/v1"', '"networking.istio.io/v1beta1"')


def test_reset_before_request_was_no_condition_yet(istio_early: Istio, istio_oldest: Istio) -> None:
    text = retrying("connect-failure,reset-before-request")

    assert admit(istio_early, text) == ('"reset-before-request" is not a valid retryOn policy', "")
    assert admit(istio_early, retrying("connect-failure")) == ("", "")
    assert admit(istio_oldest, text) == ("", "")


def test_backoff_was_no_field_yet(istio_early: Istio) -> None:
    assert unknown_field(istio_early, retrying("503")) == ""
    assert unknown_field(istio_early, retrying("503", backoff="100ms")) == (
        'unknown field "backoff" in istio.networking.v1alpha3.HTTPRetry'
    )


# What meshguard does not claim to support (unsupported-istio-version says so of 1.21) and was mended later.
ALIVE = {
    ("", "targetPort has no effect when resolution mode is NONE"),
    ('"*" is not a supported HTTP method', ""),
}


def test_what_is_rendered_for_it_has_no_later_field(istio_early: Istio) -> None:
    sites = [site for given in everything() if (site := rendered(given, OLD)) is not None]
    texts = [manifest.text for site in sites for manifest in site.rendered.manifests]

    assert {_first(admit(istio_early, text)) for text in texts} == {("", ""), *ALIVE}
    assert {unknown_field(istio_early, text) for text in texts} == {""}


def _first(said: tuple[str, str]) -> tuple[str, str]:
    """Give one of several refusals, of which Istio makes a list."""
    refused, warning = said
    return refused.rpartition("* ")[2].strip() if "errors occurred" in refused else refused, warning
