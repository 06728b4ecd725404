"""Addresses and ranges: what they cover, and which of them cover the same."""

import pytest

from meshguard.network import Network, is_same, network


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.10", Network(is_single=True, is_wide=False)),
        ("203.0.113.10/32", Network(is_single=True, is_wide=False)),
        ("203.0.113.10/24", Network(is_single=False, is_wide=False)),
        ("10.0.0.0/8", Network(is_single=False, is_wide=False)),
        ("8.0.0.0/7", Network(is_single=False, is_wide=True)),
        ("0.0.0.0", Network(is_single=True, is_wide=True)),
        ("2001:db8::/32", Network(is_single=False, is_wide=False)),
        ("2000::/3", Network(is_single=False, is_wide=True)),
        ("::1/128", Network(is_single=True, is_wide=False, is_loopback=True)),
        ("127.0.0.0/8", Network(is_single=False, is_wide=False, is_loopback=True)),
        ("1:2:3", None),
        ("1.2.3", None),
    ],
)
def test_what_an_address_covers(address: str, expected: Network | None) -> None:
    assert network(address) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("192.0.2.1", "192.0.2.1/32", True),
        ("192.0.2.0/24", "192.0.2.200", False),
        ("192.0.2.0/24", "192.0.2.200/24", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
        ("1:2", "192.0.2.2", False),
        ("192.0.2.2", "1:2", False),
    ],
)
def test_the_same_addresses(one: str, other: str, expected: bool) -> None:  # noqa: FBT001 - a column
    assert is_same(one, other) is expected
