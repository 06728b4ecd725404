"""What Istio before 1.23 made of what came later, by its own code; what is rendered for it keeps clear of that.

The code is that of February 2024, on the way from 1.21 to 1.22, with the API of 1.25.
"""

from meshguard.model import METHODS
from tests.mesh.by_hand import to, virtual_service
from tests.mesh.given import everything, rendered
from tests.mesh.istio import Istio, admit, unknown_field

OLD = "1.21"


def retrying(on: str, **more: str) -> str:
    """Write a route that retries."""
    return in_beta(virtual_service(to(retries={"attempts": 2, "retryOn": on, **more})))


def in_beta(text: str) -> str:
    """Write an object in the version of the API that Istio had then."""
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


# Mended with 1.22; of a mesh before that, unsupported-istio-version says that other defects are alive.
IGNORED = "targetPort has no effect when resolution mode is NONE"


def test_what_is_rendered_for_it_has_no_later_field(istio_early: Istio) -> None:
    sites = [site for given in everything() if (site := rendered(given, OLD)) is not None]
    texts = [manifest.text for site in sites for manifest in site.rendered.manifests]

    assert {admit(istio_early, text) for text in texts} == {("", ""), ("", IGNORED)}
    assert {unknown_field(istio_early, text) for text in texts} == {""}


def test_a_star_was_no_method_of_cors_yet(istio_early: Istio, istio_oldest: Istio) -> None:
    def allowing(*methods: str) -> str:
        policy = {"allowOrigins": [{"exact": "https://shop.example.com"}], "allowMethods": list(methods)}
        return virtual_service(to(corsPolicy=policy))

    assert admit(istio_early, in_beta(allowing("*"))) == ('"*" is not a supported HTTP method', "")
    assert admit(istio_early, in_beta(allowing(*METHODS))) == ("", "")
    assert admit(istio_oldest, allowing("*")) == ("", "")
