"""Which Helm is meant: `v4.3.1` in, a comparable version out."""

import re
from typing import NamedTuple


class Version(NamedTuple):
    """A release of Helm."""

    major: int
    minor: int = 0
    patch: int = 0

    def __str__(self) -> str:
        """Write it as Helm does, without the leading `v`."""
        return f"{self.major}.{self.minor}.{self.patch}"


NEWEST_3 = Version(3, 22)
NEWEST_4 = Version(4, 3)


def parse_version(text: str) -> Version | None:
    """Give the version behind `v4.3.1`, `4.3`, `v3.18.6+gabc` or the like; None if the text is none."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?=[-+\s]|$)", text.strip())
    return Version(*(int(part or 0) for part in found.groups())) if found else None
