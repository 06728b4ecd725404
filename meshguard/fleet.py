"""All services of a policy: its `services` in, one subject for each service and environment out.

The repository is hostile here, as in a pull request: nothing outside of it is opened, and a file that cannot be
read is a finding, so that the other services are still judged.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, product
from typing import NamedTuple, NoReturn, TypeAlias

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, UserError, ValuePath
from meshguard.helm.values import Request, read_file
from meshguard.helm.version import Version
from meshguard.identity import identify, pattern
from meshguard.node import Plain
from meshguard.pipeline import Outcome, Subject, judge, understand
from meshguard.policy import Environment, Identity, Policy, ServiceEntry, facts_for
from meshguard.rule import Callee, Rule

_SHOWN = 3  # files that a note names
WORTH_A_PROCESS = 250  # services; fewer are judged sooner than a process is made and heard


Judge: TypeAlias = Callable[[Subject], Outcome]
Callees: TypeAlias = Callable[[Subject, str], Callee | None]


class Plan(NamedTuple):
    """What a run checks, and notes on what it does not: environments whose files are missing."""

    subjects: tuple[Subject, ...]
    notes: tuple[str, ...]


def plan(policy: Policy, top: str, today: str, helm: Version) -> Plan:
    """Find all services of the policy below its directory; raise UserError where an entry matches nothing."""
    if not policy.services:
        raise UserError(
            "there is nothing to check: give values files with -f, or list 'services' in .meshguard.yaml"
        )
    top = os.path.relpath(top)
    source = Request(helm=helm, read_file=confined(top))
    subjects: list[Subject] = []
    unread: dict[str, list[str]] = {}
    for entry in policy.services:
        own = policy._replace(services=(entry,))  # another entry may take the same files
        for file, environment in _environments(entry, top):
            lacking = _lacking(file, environment, top)
            if lacking is None:
                subjects.append(_subject(own, file, environment, top, today, source))
            else:
                words = f"skipped environment '{lacking[0]}', there is no '{lacking[1]}'"
                unread.setdefault(words, []).append(file)
    if not subjects:
        raise UserError("no environment of any service has its files, so nothing was checked")
    for file in _idle(policy.services, top):
        words = f"not checked, no service of the policy reads '{os.path.basename(file)}' there"
        unread.setdefault(words, []).append(file)
    return Plan(tuple(subjects), tuple(_note(words, files, top) for words, files in unread.items()))


def _environments(entry: ServiceEntry, top: str) -> Iterator[tuple[str, Environment | None]]:
    """Give each values file of an entry with each environment; raise UserError where there is no such file."""
    files = tuple(matching(entry.values, top))
    if not files:
        raise UserError(f"no file matches '{entry.values}' of the policy's services")
    return product(files, entry.environments or (None,))


def _idle(entries: Iterable[ServiceEntry], top: str) -> list[str]:
    """Find files that look like the values of a service, and that none reads, so that no run would judge them."""
    alike: set[str] = set()
    read: set[str] = set()
    for entry in entries:
        files = set(matching(entry.values, top))
        layers = {layer for environment in entry.environments for layer in environment.values}
        read |= files | {_beside(file, layer) for file in files for layer in layers}
        folder, _, name = entry.values.rpartition("/")
        stem, suffix = os.path.splitext(name)
        if "{" not in name:
            alike.update(matching(f"{folder}/{stem}{{word}}{suffix}".lstrip("/"), top))
    return sorted(alike - read)


def _note(words: str, files: list[str], top: str) -> str:
    """Say what holds for several files once."""
    names = [_shown(file, top) for file in files[:_SHOWN]]
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return f"{', '.join(names)}{more}: {words}"


def judge_all(subjects: tuple[Subject, ...], rules: tuple[Rule, ...], shape: Plain) -> Iterator[Outcome]:
    """Judge all subjects, in several processes where that is worth it; each finding says whose it is."""
    callees = _callees(subjects, shape)

    def judge_one(subject: Subject) -> Outcome:
        return _judged(subject, partial(judge, subject, rules, shape, partial(callees, subject)))

    workers = min(_processors(), len(subjects) // WORTH_A_PROCESS)
    if workers < 2 or not hasattr(os, "fork"):  # noqa: PLR2004 - this process is one
        return map(judge_one, subjects)
    size = -(-len(subjects) // workers)
    parts = [subjects[start : start + size] for start in range(0, len(subjects), size)]
    pipes = [_fork(part, judge_one) for part in parts[1:]]
    return chain(map(judge_one, parts[0]), *map(_received, pipes))


def _callees(subjects: tuple[Subject, ...], shape: Plain) -> Callees:
    """Give a way from a service and a name that it calls to the service of that name beside it.

    What is called is read when it is first asked for, and once.
    """
    places = {_place(subject.facts.identity): subject for subject in subjects}
    known: dict[tuple[str | None, ...], Callee | None] = {}

    def callee(caller: Subject, name: str) -> Callee | None:
        service, _, namespace = name.partition(".")
        here = caller.facts.identity
        wanted = here._replace(service=service, namespace=namespace or here.namespace)
        place = next(
            (found for found in (_place(wanted), _place(wanted._replace(env=None))) if found in places), None
        )
        if place is not None and place not in known:
            known[place] = _read(places[place], shape)
        return None if place is None else known[place]

    return callee


def _place(identity: Identity) -> tuple[str | None, ...]:
    return identity.cluster, identity.env, identity.namespace, identity.service


def _read(subject: Subject, shape: Plain) -> Callee | None:
    """Read a service for those that call it; what is wrong with it is said where it is judged itself."""
    try:
        understood = understand(subject, shape)
    except UserError:
        return None
    return None if isinstance(understood, Outcome) else Callee(understood[1], understood[0].node)


def _processors() -> int:
    """Give how many processors this process may use, which in a container are fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fork(subjects: tuple[Subject, ...], judge_one: Judge) -> int:
    """Judge in a process of its own; gives the pipe that its outcomes come through."""
    receive, send = os.pipe()
    if os.fork() == 0:
        _judge_and_exit(send, subjects, judge_one)  # pragma: no cover - in a process that coverage does not see
    os.close(send)
    return receive


def _judge_and_exit(  # pragma: no cover - the same
    send: int, subjects: tuple[Subject, ...], judge_one: Judge
) -> NoReturn:
    import pickle  # noqa: PLC0415 - only a large fleet needs it

    code = 1
    try:
        # Values and services are many times larger than what is said of them, so none is kept.
        outcomes = [outcome._replace(values=None, service=None) for outcome in map(judge_one, subjects)]
        with os.fdopen(send, "wb") as pipe:
            pickle.dump(outcomes, pipe)
        code = 0
    finally:
        os._exit(code)


def _received(pipe: int) -> Iterator[Outcome]:
    import pickle  # noqa: PLC0415 - the same

    with os.fdopen(pipe, "rb") as file:
        outcomes: list[Outcome] = pickle.load(file)  # noqa: S301 - written by our own child
    os.wait()
    yield from outcomes


def _judged(subject: Subject, judging: Callable[[], Outcome]) -> Outcome:
    try:
        outcome = judging()
    except UserError as error:
        place = Span(_unread(subject.request, str(error)), 1, 1, 1, 1)
        found = Diagnostic("unreadable-file", Severity.ERROR, str(error), ROOT, place)
        outcome = Outcome((found,), unjudged=subject.request.files)
    return outcome._replace(
        diagnostics=tuple(_of(subject, found) for found in outcome.diagnostics),
        exempted=tuple(found._replace(diagnostic=_of(subject, found.diagnostic)) for found in outcome.exempted),
    )


def _unread(request: Request, message: str) -> str:
    """Give what a message speaks of: one of the files, or the chart, which services may share."""
    chart = request.chart
    named = [file for file in request.files if f"'{file}'" in message]
    if chart is not None and (f"'{chart}'" in message or f"'{chart}{os.sep}" in message):
        named.append(chart)
    return (*named, *request.files)[0]


def _of(subject: Subject, found: Diagnostic) -> Diagnostic:
    identity = subject.facts.identity
    return found._replace(service=identity.service, environments=() if identity.env is None else (identity.env,))


def matching(values: str, top: str) -> Iterator[str]:
    """Give the files below `top` that a `values` pattern takes, sorted, relative and with forward slashes."""
    whole = pattern(values)
    for file in _walk(values.split("/"), top, ""):
        if whole.fullmatch(file):
            yield file


def _walk(segments: list[str], top: str, folder: str) -> Iterator[str]:
    segment, rest = segments[0], segments[1:]
    if "{" in segment:
        wanted = pattern(segment)
        names = [name for name in _names(os.path.join(top, folder)) if wanted.fullmatch(name)]
    else:
        names = [segment]
    for name in names:
        path = f"{folder}/{name}".lstrip("/")
        if rest:
            yield from _walk(rest, top, path)
        elif os.path.lexists(os.path.join(top, path)):
            yield path


def _names(folder: str) -> list[str]:
    """Give what a {word} can stand for; what git keeps for itself is nobody's service."""
    try:
        return sorted(name for name in os.listdir(folder) if name != ".git")
    except OSError:
        return []


def confined(top: str) -> Callable[[str], bytes]:
    """Give a reader that opens nothing which resolves outside of a directory."""
    real = os.path.realpath(top) + os.sep
    folders: dict[str, str] = {}  # each resolved once, for all the files in it

    def read(path: str) -> bytes:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        whole = os.path.join(folders[folder], name)
        if not (os.path.realpath(whole) if os.path.islink(whole) else whole).startswith(real):
            raise UserError(f"'{path}' resolves outside of the repository and is not opened")
        return read_file(path)

    return read


def _lacking(file: str, environment: Environment | None, top: str) -> tuple[str, str] | None:
    """Give the environment and the first of its layers that does not exist."""
    for layer in environment.values if environment is not None else ():
        if environment is not None and not os.path.lexists(os.path.join(top, _beside(file, layer))):
            return environment.name, layer
    return None


def _subject(
    policy: Policy, file: str, environment: Environment | None, top: str, today: str, source: Request
) -> Subject:
    layers = environment.values if environment is not None else ()
    files = (file, *(_beside(file, layer) for layer in layers))
    known = identify(policy, files, environment.name if environment is not None else None)
    chart = _shown(known.chart, top) if known.chart else None
    request = source._replace(files=tuple(_shown(path, top) for path in files), chart=chart)
    at = ValuePath(known.at.split(".") if known.at else ())
    return Subject(request, at, facts_for(policy, known.identity, today))


def _beside(file: str, layer: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(file), layer)).replace(os.sep, "/")


def _shown(path: str, top: str) -> str:
    """Give a path as the user sees it from the working directory."""
    return os.path.normpath(path) if top == os.curdir else os.path.relpath(os.path.join(top, path))
