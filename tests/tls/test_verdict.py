"""What becomes of a connection: status by status."""

import pytest

from meshguard.tls.verdict import (
    APP_TLS,
    CALLER,
    CONFLICT,
    DOUBLE_TLS,
    MESH,
    NO_CERTIFICATE,
    OK,
    PLAINTEXT,
    RULE,
    Layers,
    at_application,
    at_sidecar,
    received,
)


@pytest.mark.parametrize(
    ("layers", "mode", "listener", "speaks", "status"),
    [
        ((MESH,), "STRICT", "http", "plaintext", OK),
        ((MESH, CALLER), "STRICT", "tcp", "TLS", OK),
        ((MESH,), "STRICT", "tcp", "TLS", CONFLICT),  # plaintext for who expects TLS
        ((MESH, CALLER), "STRICT", "http", "plaintext", CONFLICT),  # TLS for who expects none
        ((MESH,), "DISABLE", "tcp", "", CONFLICT),  # nobody opens it
        ((), "PERMISSIVE", "http", "plaintext", PLAINTEXT),
        ((), "STRICT", "http", "plaintext", CONFLICT),
        ((RULE,), "PERMISSIVE", "tcp", "TLS", APP_TLS),
        ((RULE,), "PERMISSIVE", "auto", "", APP_TLS),
        ((CALLER,), "DISABLE", "tcp", "TLS", APP_TLS),
        ((RULE, CALLER), "DISABLE", "tcp", "TLS", DOUBLE_TLS),
    ],
)
def test_at_a_sidecar(layers: Layers, mode: str, listener: str, speaks: str, status: str) -> None:
    assert at_sidecar(layers, mode, listener, speaks).status == status


@pytest.mark.parametrize(
    ("layers", "speaks", "status"),
    [
        ((), "", PLAINTEXT),
        ((), "TLS", CONFLICT),
        ((CALLER,), "TLS", APP_TLS),
        ((RULE,), "", APP_TLS),
        ((RULE, CALLER), "TLS", DOUBLE_TLS),
        ((MESH,), "", CONFLICT),
        ((MESH, CALLER), "TLS", CONFLICT),
    ],
)
def test_at_an_application(layers: Layers, speaks: str, status: str) -> None:
    assert at_application(layers, speaks).status == status


@pytest.mark.parametrize("listener", ["http", "tcp", "auto"])
def test_tls_that_looks_like_the_mesh(listener: str) -> None:
    """Istio 1.14 to 1.18 sent its own ALPN over TLS of a rule, too (issue 40680)."""
    assert received("PERMISSIVE", listener, RULE, looks_like_mesh=True) == NO_CERTIFICATE
    assert received("DISABLE", "tcp", RULE, looks_like_mesh=True) == "raw"
