"""All services of a policy: its `services` in, one subject for each service and environment out.

The repository is hostile here, as in a pull request: nothing outside of it is opened, and a file that cannot be
read is a finding, so that the other services are still judged.
"""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from meshguard.diagnostic import ROOT, Diagnostic, Severity, Span, UserError, ValuePath
from meshguard.helm.values import Request, read_file
from meshguard.helm.version import Version
from meshguard.identity import identify, pattern
from meshguard.node import Plain
from meshguard.pipeline import Outcome, Subject, judge
from meshguard.policy import Environment, Policy, facts_for
from meshguard.rule import Rule


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
    subjects: list[Subject] = []
    notes: list[str] = []
    for entry in policy.services:
        files = tuple(matching(entry.values, top))
        if not files:
            raise UserError(f"no file matches '{entry.values}' of the policy's services")
        for file in files:
            for environment in entry.environments or (None,):
                lacking = _lacking(file, environment, top)
                if lacking:
                    notes.append(
                        f"{_shown(file, top)}: skipped environment '{lacking[0]}', it has no '{lacking[1]}'"
                    )
                else:
                    subjects.append(_subject(policy, file, environment, top, today, helm))
    if not subjects:
        raise UserError("no environment of any service has its files, so nothing was checked")
    return Plan(tuple(subjects), tuple(notes))


def judge_all(
    subjects: tuple[Subject, ...], rules: tuple[Rule, ...], shape: Plain
) -> Iterator[tuple[Subject, Outcome]]:
    """Judge one subject after the other; each finding says whose it is."""
    for subject in subjects:
        try:
            outcome = judge(subject, rules, shape)
        except UserError as error:
            file = subject.request.files[0]
            outcome = Outcome(
                (Diagnostic("unreadable-file", Severity.ERROR, str(error), ROOT, Span(file, 1, 1, 1, 1)),)
            )
        identity = subject.facts.identity
        environments = () if identity.env is None else (identity.env,)
        named = tuple(
            found._replace(service=identity.service, environments=environments) for found in outcome.diagnostics
        )
        yield subject, outcome._replace(diagnostics=named)


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
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def confined(top: str) -> Callable[[str], bytes]:
    """Give a reader that opens nothing which resolves outside of a directory."""
    real = os.path.realpath(top)

    def read(path: str) -> bytes:
        if not os.path.realpath(path).startswith(real + os.sep):
            raise UserError(f"'{path}' resolves outside of the repository and is not opened")
        return read_file(path)

    return read


def _lacking(file: str, environment: Environment | None, top: str) -> tuple[str, str] | None:
    """Give the environment and the first of its layers that does not exist."""
    for layer in environment.values if environment is not None else ():
        if environment is not None and not os.path.lexists(os.path.join(top, os.path.dirname(file), layer)):
            return environment.name, layer
    return None


def _subject(
    policy: Policy, file: str, environment: Environment | None, top: str, today: str, helm: Version
) -> Subject:
    layers = environment.values if environment is not None else ()
    files = (file, *(os.path.join(os.path.dirname(file), layer) for layer in layers))
    known = identify(policy, files, environment.name if environment is not None else None)
    request = Request(
        files=tuple(_shown(path, top) for path in files),
        chart=_shown(known.chart, top) if known.chart else None,
        helm=helm,
        read_file=confined(top),
    )
    at = ValuePath(known.at.split(".") if known.at else ())
    return Subject(request, at, facts_for(policy, known.identity, today))


def _shown(path: str, top: str) -> str:
    """Give a path as the user sees it from the working directory."""
    return os.path.relpath(os.path.join(top, path))
