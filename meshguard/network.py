"""Addresses as values write them in, what they cover out."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

_WIDEST = {4: 8, 6: 16}  # bits of the smallest prefix that is still somebody's


class Network(NamedTuple):
    """What an address covers: one address, so many that they are nobody's alone, or those of the pod itself."""

    is_single: bool
    is_wide: bool
    is_loopback: bool = False


def network(address: str) -> Network | None:
    """Give what an address or range covers; None where it is none."""
    found = _parsed(address)
    if found is None:
        return None
    unspecified = found.network_address.is_unspecified
    is_wide = unspecified or found.prefixlen < _WIDEST[found.version]
    return Network(found.num_addresses == 1, is_wide, found.is_loopback)


def is_same(one: str, other: str) -> bool:
    """Tell whether two addresses or ranges cover the same."""
    first = _parsed(one)
    return first is not None and first == _parsed(other)


def _parsed(address: str) -> "IPv4Network | IPv6Network | None":
    from ipaddress import ip_network  # noqa: PLC0415 - few services name addresses

    try:
        return ip_network(address, strict=False)
    except ValueError:
        return None
