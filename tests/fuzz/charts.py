"""Made-up charts: a source of randomness in, a chart on disk with charts in it, and values over it out."""

import io
import json
import tarfile
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz import documents, schemas

KEYS = ("a", "b", "m", "l", "global", "tags", "enabled", "data", "exports", "sub", "two", "al")
VERSIONS = ("*", ">=0.0.0", "0.1.0", "^1.0.0", "~0.1", "", "0.x || 1.x", ">0.1, <2", "0.1.0 - 1.0.0", "!=1")
CONDITIONS = ("sub.enabled", "al.enabled", "enabled", "global.enabled", "sub.enabled,al.enabled", "tags.a", "two.a")
SETS = (
    "sub.enabled=true",
    "tags.a=false",
    "al.enabled=false",
    "a=null",
    "sub.m=null",
    "global.a=null",
    "m.a.b=1",
    "l[0]=x",
    "sub={}",
)


def make(random: Random, directory: Path) -> None:
    """Write a chart, its subcharts, and theirs."""
    _chart(random, directory, "top", 0)
    if random.random() < 0.1:
        (directory / ".helmignore").write_text(random.choice(("# c\n*.bak\n", "charts/two\n", "two/\n", "!x\n")))


def layers(random: Random) -> tuple[bytes, ...]:
    """Make values files for it, with many nulls."""
    return tuple(_values(random, 0.25) for _ in range(random.choice((0, 1, 1, 2, 3))))


def sets(random: Random) -> tuple[tuple[str, str], ...]:
    count = random.choice((0, 0, 0, 1, 1, 2))
    return tuple(
        (random.choice(("set", "set", "set-string", "set-json")), random.choice(SETS)) for _ in range(count)
    )


def _values(random: Random, nulls: float) -> bytes:
    """Make values, mostly of keys that charts share, seldom of what YAML has in its corners."""
    return documents.document(random) if random.random() < 0.07 else _yaml(_map(random, 0, nulls))


def _yaml(value: Any) -> bytes:
    return json.dumps(value).encode()  # JSON is YAML


def _chart(random: Random, directory: Path, name: str, depth: int) -> None:
    directory.mkdir(parents=True)
    about: dict[str, Any] = {"apiVersion": "v2", "name": name, "version": random.choice(("0.1.0", "1.2.3"))}
    held = random.sample(("sub", "two"), random.choice((0, 1, 2) if depth else (1, 2))) if depth < 2 else []
    for sub in held:
        _chart(random, directory / "charts" / sub, sub, depth + 1)
        if random.random() < 0.1:
            _pack(directory / "charts" / sub)
    declared = [_dependency(random, sub) for sub in held for _ in range(random.choice((0, 1, 1, 1, 2)))]
    names = [one.get("alias") or one["name"] for one in declared]
    if declared and (len(set(names)) == len(names) or random.random() < 0.1):
        about["dependencies"] = declared
    (directory / "Chart.yaml").write_bytes(_yaml(about))
    if random.random() < 0.9:
        (directory / "values.yaml").write_bytes(_values(random, 0.12))
    if random.random() < 0.3:
        (directory / "values.schema.json").write_bytes(schemas.schema(random))


def _dependency(random: Random, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "version": random.choice(VERSIONS)}
    if random.random() < 0.4:
        found["alias"] = random.choice(("al", "x2", "two", "sub"))
    if random.random() < 0.4:
        found["condition"] = random.choice(CONDITIONS)
    if random.random() < 0.3:
        found["tags"] = random.sample(("a", "b", "m"), random.choice((1, 2)))
    if random.random() < 0.4:
        table = {
            "child": random.choice(("data", "m", "global", "a.b")),
            "parent": random.choice((".", "data", "a.b")),
        }
        found["import-values"] = [random.choice(("data", "a", table)) for _ in range(random.choice((1, 2)))]
    return found


def _pack(directory: Path) -> None:
    """Put a packed chart in the place of its directory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(directory, directory.name)
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    directory.rmdir()
    directory.with_suffix(".tgz").write_bytes(packed.getvalue())


def _map(random: Random, depth: int, nulls: float) -> dict[str, Any]:
    return {random.choice(KEYS): _tree(random, depth + 1, nulls) for _ in range(random.choice((0, 1, 2, 3, 4)))}


def _tree(random: Random, depth: int, nulls: float) -> Any:
    roll = random.random()
    if depth < 3 and roll < 0.55:
        return _map(random, depth, nulls)
    if roll < 0.6:
        return [random.choice((1, None, "x", {"k": None})) for _ in range(random.randint(0, 2))]
    if roll < 0.6 + nulls:
        return None
    return random.choice((1, 2, "x", "y", True, False, 1.5))
