"""Who is checked: the files of a run and the policy's `services` in, the service's identity out."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from meshguard.diagnostic import UserError, quoted
from meshguard.policy import Environment, Identity, Policy, ServiceEntry, fill

WORD = re.compile(r"\{([a-zA-Z][a-zA-Z0-9_]*)\}")


class Known(NamedTuple):
    """What the policy says of the files of a run. `notes` are lines about what could not be decided."""

    identity: Identity
    chart: str | None = None
    at: str = ""
    notes: tuple[str, ...] = ()


def pattern(values: str) -> re.Pattern[str]:
    """Compile a `values` pattern of the policy: each {word} matches one path segment, the same one each time."""
    seen: set[str] = set()
    parts = []
    end = 0
    for word in WORD.finditer(values):
        parts.append(re.escape(values[end : word.start()]))
        name = word.group(1)
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+)")
        seen.add(name)
        end = word.end()
    parts.append(re.escape(values[end:]))
    return re.compile("".join(parts))


def identify(policy: Policy, files: tuple[str, ...], env: str | None) -> Known:
    """Find the service entry that takes the files, and the environment by its further layers.

    `files` are relative to the directory of the policy, with forward slashes. Nothing is known where no entry
    takes any of them. An environment that is said stands over the one that the files tell; raise UserError where
    the entry has others only.
    """
    for entry in policy.services:
        for file in files:
            words = _words(entry, file)
            if words is not None:
                return _known(entry, words, files, env)
    return Known(Identity(env=env))


def _words(entry: ServiceEntry, file: str) -> Mapping[str, str | None] | None:
    """Give the words of the pattern if the file is the entry's values file or a layer beside it."""
    whole = pattern(entry.values)
    found = whole.fullmatch(file)
    if found is not None:
        return found.groupdict()
    name = os.path.basename(entry.values)
    layers = {layer for environment in entry.environments for layer in environment.values}
    if os.path.basename(file) in layers and "{" not in name:
        found = whole.fullmatch(f"{os.path.dirname(file)}/{name}".lstrip("/"))
        return None if found is None else found.groupdict()
    return None


def _known(entry: ServiceEntry, words: Mapping[str, str | None], files: tuple[str, ...], env: str | None) -> Known:
    environment, note = _environment(entry, files, env)
    words = {**words, "env": environment.name if environment is not None else env}
    name = _filled(entry.name, words)
    team = _filled(entry.team, words)
    words = {**words, "service": name or words.get("service"), "team": team or words.get("team")}
    identity = Identity(
        service=name,
        team=team,
        namespace=None if environment is None else _filled(environment.namespace, words),
        env=environment.name if environment is not None else env,
        cluster=(environment.cluster or "") if environment is not None else "",
    )
    return Known(identity, _filled(entry.chart, words), entry.at, note)


def _filled(template: str | None, words: Mapping[str, str | None]) -> str | None:
    if template is None:
        return None
    text, missing = fill(template, words)
    return None if missing else text


def _environment(
    entry: ServiceEntry, files: tuple[str, ...], env: str | None
) -> tuple[Environment | None, tuple[str, ...]]:
    """Find the environment that is said, or that the layers tell; where neither does, say so."""
    known = {environment.name: environment for environment in entry.environments}
    if env is not None:
        if known and env not in known:
            raise UserError(f"these files have no environment '{env}'; the policy has {quoted(known)}")
        return known.get(env), ()
    names = {os.path.basename(file) for file in files}
    told = [environment for environment in entry.environments if names & set(environment.values)]
    if len(told) == 1:
        return told[0], ()
    possible = [environment.name for environment in told or entry.environments]
    if len(possible) == 1:
        return None, (f"these files are read in environment '{possible[0]}': judged without it, say --env",)
    if possible:
        return None, (
            f"these files are read in several environments ({quoted(possible)}): judged without one, say --env",
        )
    return None, ()
