"""The files of `tls-check` in, meshes out: values with what is rendered of them, manifests, facts of the policy."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TextIO, TypeAlias

from meshguard.commands.arguments import Inputs
from meshguard.commands.reporting import ALL_RULES, run_of, text_report
from meshguard.commands.subject import Task, around, every, one
from meshguard.diagnostic import Span, UserError, ValuePath
from meshguard.helm.values import read_file
from meshguard.node import Node, find
from meshguard.pipeline import Outcome, Subject, Verdict, conclude, judge, render
from meshguard.policy import Facts
from meshguard.schema import load_schema
from meshguard.targets.istio import TARGET
from meshguard.tls import from_values
from meshguard.tls.facts import NOWHERE, Ref, Remark, World
from meshguard.tls.manifests import understand
from meshguard.tls.reading import LIMIT, Document, Read, objects_in, read_tree

Version: TypeAlias = tuple[int, int]
_SUFFIXES = (".yaml", ".yml", ".json")


class Found(NamedTuple):
    """A mesh to check, and what the policy knows of it.

    `cluster` is empty for the policy's own mesh. `remarks` are about objects that do not count.
    """

    cluster: str
    world: World
    facts: Facts
    remarks: tuple[Remark, ...]


class Refused(NamedTuple):
    """Values that nothing can be rendered of: the findings, as a run to report."""

    verdict: Verdict
    task: Task


class _Given(NamedTuple):
    """The files of the command line: objects, and the names of values files with what they hold."""

    documents: tuple[Document, ...]
    remarks: tuple[Remark, ...]
    values: Mapping[str, bytes]
    istio: Version | None = None


def find_meshes(inputs: Inputs, istio: Version | None) -> tuple[Found, ...] | Refused:
    """Give the mesh of each cluster, maybe as another Istio has it; raise UserError where nothing is to be read."""
    given = _read(inputs.files)._replace(istio=istio)
    inputs = inputs._replace(files=tuple(given.values))
    has_values = bool(given.values or inputs.sets or inputs.chart)
    if not has_values and given.documents + given.remarks:
        known = around(inputs, ALL_RULES)
        return (_mesh(known.facts, known.sources, (), given),)
    task = one(inputs, ALL_RULES) if has_values else every(inputs, ALL_RULES)
    judged = [(subject, _judged(subject, given)) for subject in task.subjects]
    faulty = [outcome for _, outcome in judged if outcome.service is None]
    if faulty:
        return Refused(conclude(faulty, ALL_RULES, task.subjects[0].facts), task)
    return _rendered(judged, task, given)


def _read(paths: Iterable[str]) -> _Given:
    """Read files, of which some hold values, and of directories those below them that hold manifests."""
    found: list[Read] = []
    values: dict[str, bytes] = {}
    for path in paths:
        is_directory = os.path.isdir(path)
        for file in _below(path) if is_directory else (path,):
            data = read_file(file, LIMIT)
            read = objects_in(data, file)
            if read is not None:
                found.append(read)
            elif file == "-" and not data.strip():
                raise UserError("standard input is empty: it is to hold manifests or values")
            elif not is_directory:
                values[file] = data
    documents = tuple(document for read in found for document in read.documents)
    return _Given(documents, tuple(remark for read in found for remark in read.remarks), values)


def _below(path: str) -> Iterator[str]:
    """Give the files below a directory that may hold manifests, always in one order."""
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if name.endswith(_SUFFIXES) and os.path.isfile(file):
                yield file


def _judged(subject: Subject, given: _Given) -> Outcome:
    """Judge values, of which standard input can be read only once."""
    known = given.values

    def read(path: str) -> bytes:
        return known[path] if path in known else subject.request.read_file(path)

    return judge(
        subject._replace(request=subject.request._replace(read_file=read)), ALL_RULES, load_schema("values")
    )


def _rendered(judged: list[tuple[Subject, Outcome]], task: Task, given: _Given) -> tuple[Found, ...] | Refused:
    clusters: dict[str, list[from_values.Subject]] = {}
    for subject, outcome in judged:
        if outcome.service is None or outcome.values is None:  # pragma: no cover - those were sorted out before
            continue
        rendered, faults = render(outcome.service, outcome.values, subject.facts, TARGET)
        if faults:
            return Refused(Verdict(faults, (), outcome.values.sources), task)
        made = from_values.Subject(outcome.service, subject.facts, rendered, outcome.values.node)
        clusters.setdefault(subject.facts.identity.cluster, []).append(made)
    return tuple(_mesh(made[0].facts, task.sources, made, given) for made in clusters.values())


def _mesh(
    facts: Facts, sources: Mapping[str, str], subjects: Iterable[from_values.Subject], given: _Given
) -> Found:
    made = tuple(subjects)
    documents = [document for subject in made for document in from_values.documents(subject)]
    namespace = facts.identity.namespace or "default"
    mesh = facts.mesh._replace(istio_version=given.istio or facts.mesh.istio_version)
    understood = understand((*documents, *given.documents), from_values.settings(mesh), namespace)
    modes = [
        (place, mode, ref)
        for place, mode, ref in _modes(facts, sources, understood.world.settings.root_namespace)
        if made or ref.span != NOWHERE  # what nobody wrote is no fact of somebody's cluster
    ]
    return Found(
        cluster=facts.identity.cluster,
        world=from_values.with_modes(understood.world, modes),
        facts=facts,
        remarks=(*given.remarks, *understood.remarks),
    )


def _modes(facts: Facts, sources: Mapping[str, str], root: str) -> Iterator[tuple[str, str, Ref]]:
    """Give the modes that the policy says, each with the namespace that it holds for."""
    policy = [read_tree(text, name, 0)[0] for name, text in sources.items()]
    said = {(): (root, facts.mesh.mtls)} | {
        ("namespaces", name): (name, mode) for name, mode in facts.mesh.namespaces.items()
    }
    for at, (namespace, mode) in said.items():
        path = ("mesh", *at, "mtls")
        spans = [_span(node, path, facts.identity.cluster) for node in policy]
        yield namespace, mode, Ref(from_values.POLICY, "", ".".join(path), next(iter(spans), NOWHERE))


def _span(policy: Node, path: tuple[str, ...], cluster: str) -> Span:
    for start in (("clusters", cluster), ()):
        found = find(policy, ValuePath((*start, *path)))
        if found is not None:
            return found.span
    return NOWHERE


def report(refused: Refused, stream: TextIO) -> str:
    """Write why values were refused."""
    return text_report(run_of(refused.verdict, refused.task), stream)
