import pytest

from meshguard.helm.version import NEWEST_3, NEWEST_4, Version, parse_version

TEXTS = {
    "v4.3.1": Version(4, 3, 1),
    "3.18.6+g6d5c5d1": Version(3, 18, 6),
    " v3.14.4\n": Version(3, 14, 4),
    "4": Version(4, 0, 0),
    "4.2-rc.1": Version(4, 2, 0),
    "v4.3.1 linux": Version(4, 3, 1),
    "4.x": None,
    "helm": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items())
def test_parse_version(text: str, expected: Version | None) -> None:
    assert parse_version(text) == expected


def test_versions_are_compared_and_written() -> None:
    assert NEWEST_3 < (4,) <= NEWEST_4
    assert str(Version(3, 18, 6)) == "3.18.6"
