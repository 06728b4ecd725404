"""Clusters of other people's reports: manifests in tests/tls/clusters in, what they had to see out.

In a file, `#?` is a run of the command with its arguments, `#:` a row of its table (what is dialled, status,
server, client, policy, rule, what the caller gets), and `#!` words that are told beside it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DIRECTORY = Path(__file__).parent / "clusters"
SUFFIX = ".svc.cluster.local"


class Run(NamedTuple):
    """One run of the command, and the rows that it has to print."""

    arguments: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Reported(NamedTuple):
    """A cluster; `told` are words of remarks."""

    name: str
    text: str
    runs: tuple[Run, ...]
    told: tuple[str, ...]


def reported() -> Iterator[Reported]:
    """Give all clusters."""
    for path in sorted(DIRECTORY.glob("*.yaml")):
        text = path.read_text()
        lines = [line for line in text.splitlines() if line[:2] in {"#?", "#:", "#!"}]
        runs: list[Run] = []
        for line in lines:
            if line[:2] == "#?":
                runs.append(Run(tuple(line[2:].split()), []))
            elif line[:2] == "#:":
                runs[-1].rows.append(tuple(word.strip() for word in line[2:].split("|")))
        yield Reported(path.stem, text, tuple(runs), tuple(line[2:].strip() for line in lines if line[:2] == "#!"))
