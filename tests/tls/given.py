"""Objects as plain data or YAML in, facts and rows out, as the command does it."""

import json
from collections.abc import Iterable
from typing import Any

from meshguard.tls.check import Row, check
from meshguard.tls.client import SIDECAR, Client
from meshguard.tls.facts import Settings, World
from meshguard.tls.manifests import Understood, understand
from meshguard.tls.reading import read_manifest

NEWEST = Settings((1, 31))
ELSEWHERE = Client(SIDECAR, "elsewhere")


def understood(text: str, settings: Settings = NEWEST, namespace: str = "default") -> Understood:
    """Read manifests; nothing in them may be beyond reading."""
    read = read_manifest(text.encode(), "mesh.yaml")
    assert read.remarks == ()
    return understand(read.documents, settings, namespace)


def world(objects: Iterable[dict[str, Any]] | str, settings: Settings = NEWEST) -> World:
    """Give the facts of objects that are all well formed."""
    text = objects if isinstance(objects, str) else "\n---\n".join(map(json.dumps, objects))
    found = understood(text, settings)
    assert [remark for remark in found.remarks if remark.is_error] == []
    return found.world


def rows(
    objects: Iterable[dict[str, Any]] | str, client: Client = ELSEWHERE, settings: Settings = NEWEST
) -> tuple[Row, ...]:
    """Judge objects for one client."""
    return check(world(objects, settings), (client,))
