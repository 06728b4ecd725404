"""What a port speaks, by its number, name and appProtocol; each line was run on Istio 1.27 and 1.31."""

import pytest

from meshguard.tls.protocol import entry_protocol, listener, service_protocol

AUTO = "auto"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http", "HTTP"),
        ("http-web", "HTTP"),
        ("HTTP-x", "HTTP"),
        ("http2", "HTTP2"),
        ("grpc-x", "GRPC"),
        ("grpc-web", "GRPC-WEB"),
        ("grpc-website", "GRPC-WEB"),
        ("GRPC-Web-x", "GRPC-WEB"),
        ("https-x", "HTTPS"),
        ("tls", "TLS"),
        ("tcp-http", "TCP"),
        ("mongo", "MONGO"),
        ("mysql-x", "MYSQL"),
        ("redis", "REDIS"),
        ("udp-x", "UDP"),
        ("httpbin", AUTO),
        ("http1", AUTO),
        ("web-http", AUTO),
        ("h2c", AUTO),
        ("grpcs", AUTO),
        ("http.web", AUTO),
        ("", AUTO),
    ],
)
def test_a_name(name: str, expected: str) -> None:
    assert service_protocol(8080, name, "TCP", None, (1, 31)) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(25, "TCP"), (53, "TCP"), (3306, "TCP"), (27017, "TCP"), (5432, AUTO), (6379, AUTO)]
)
def test_a_number_without_a_name(number: int, expected: str) -> None:
    assert service_protocol(number, "", "", None, (1, 31)) == expected
    assert service_protocol(number, "http", "", None, (1, 31)) == "HTTP"


@pytest.mark.parametrize(
    ("app_protocol", "istio", "expected"),
    [
        ("tcp", (1, 31), "TCP"),
        ("HTTP", (1, 31), "HTTP"),
        ("odd", (1, 31), AUTO),
        ("", (1, 31), AUTO),
        ("kubernetes.io/h2c", (1, 19), "HTTP2"),
        ("kubernetes.io/h2c", (1, 18), AUTO),
        ("kubernetes.io/ws", (1, 24), "HTTP"),
        ("kubernetes.io/wss", (1, 24), "HTTPS"),
        ("kubernetes.io/wss", (1, 23), AUTO),
        ("Kubernetes.io/H2C", (1, 31), AUTO),
    ],
)
def test_an_app_protocol_stands_over_the_name(app_protocol: str, istio: tuple[int, int], expected: str) -> None:
    assert service_protocol(8080, "grpc", "TCP", app_protocol, istio) == expected


def test_udp_is_udp_whatever_it_is_called() -> None:
    assert service_protocol(53, "http", "UDP", "http", (1, 31)) == "UDP"


@pytest.mark.parametrize(("word", "expected"), [("HTTP", "HTTP"), ("http_proxy", "HTTP_PROXY"), ("http-x", AUTO)])
def test_elsewhere_the_whole_word_counts(word: str, expected: str) -> None:
    assert entry_protocol(word) == expected


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("HTTP", "http"), ("GRPC-WEB", "http"), ("HTTPS", "tcp"), ("MYSQL", "tcp"), ("UDP", "tcp"), (AUTO, AUTO)],
)
def test_a_listener(protocol: str, expected: str) -> None:
    assert listener(protocol) == expected
