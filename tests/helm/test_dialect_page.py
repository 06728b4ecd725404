"""docs/helm-dialect.md names every kind of loss and of difference, and the limits that are."""

import re
from pathlib import Path

from tests.fuzz.compare import KINDS

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "helm-dialect.md").read_text()


def test_every_difference_is_named() -> None:
    assert [kind for _, kind in KINDS if f"| {kind} |" not in PAGE] == []


def test_every_kind_of_loss_is_named() -> None:
    code = "".join(path.read_text() for path in sorted((ROOT / "meshguard" / "helm").glob("*.py")))
    calls = r'(?:Loss\(|_lose\(\w+, )"([a-z0-9-]+)"|"(null-[a-z-]+|\w+-replaces-[a-z]+)"|"(yaml11|inexact-number)"'
    kinds = {next(filter(None, found)) for found in re.findall(calls, code)}

    assert sorted(kind for kind in kinds if f"`{kind}`" not in PAGE) == []
    assert {"duplicate-key", "second-document", "yaml11", "null-deletes-default", "list-replaces-list"} <= kinds
