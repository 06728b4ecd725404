"""A question to Istio in, its answer out: from Istio's own code, or as it was recorded where that cannot be built.

A recording is keyed by what was asked. It names resources, which are kept once, under the hash of their content.
Where Istio is there, it is asked again, and the recording is compared.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from tests.mesh.istio import Istio, Json, Mesh, Proxy, Resources, generate
from tests.mesh.stripped import stripped

DIRECTORY = Path(__file__).parent / "recorded"


def answered(
    istio: Istio | None, question: tuple[Sequence[str], Sequence[Proxy], Mesh], version: str, *, golden: bool
) -> tuple[Resources, ...]:
    """Give what istiod sends to each proxy, without what the lab does not read."""
    path = DIRECTORY / "worlds" / f"{_key(question, version)}.json"
    if istio is None:
        assert path.exists(), "this was not recorded, and Istio is not there: run `make test`"
        return _read(path)
    made = tuple(_lean(found) for found in generate(istio, *question))
    if golden:
        _write(path, made)
    assert path.exists(), f"{path.name} is not recorded: run `make golden`"
    assert made == _read(path), "Istio says something else than is recorded: see the difference after `make golden`"
    return made


def _key(question: tuple[Sequence[str], Sequence[Proxy], Mesh], version: str) -> str:
    documents, proxies, mesh = question
    kept = [document for document in documents if '"kind": "Secret"' not in document]  # keys differ in every run
    return _hash([version, kept, proxies, mesh])


def _hash(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _lean(found: Resources) -> Resources:
    return Resources(*(tuple(map(stripped, resources)) for resources in found))


def _write(path: Path, made: tuple[Resources, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [[[_kept(resource) for resource in resources] for resources in found] for found in made]
    path.write_text(json.dumps(names) + "\n")


def _kept(resource: Json) -> str:
    """Keep a resource, and give its name."""
    name = _hash(resource)
    (DIRECTORY / f"{name}.json").write_text(json.dumps(resource, sort_keys=True, separators=(",", ":")) + "\n")
    return name


def _read(path: Path) -> tuple[Resources, ...]:
    names = json.loads(path.read_text())
    return tuple(
        Resources(*(tuple(json.loads((DIRECTORY / f"{name}.json").read_text()) for name in kind) for kind in found))
        for found in names
    )
