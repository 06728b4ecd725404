"""From flags to what is judged: the policy, the services that the files belong to, and what to read."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from meshguard import fleet
from meshguard.commands.arguments import Inputs
from meshguard.diagnostic import UserError, ValuePath
from meshguard.escape import printable
from meshguard.helm.values import Request, read_file
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version, parse_version
from meshguard.identity import Known, identify
from meshguard.pipeline import Subject
from meshguard.policy import Facts, Identity, Policy, facts_for
from meshguard.policy_file import find_policy, load_policy, policy_of_ref, refuse_nested, repository
from meshguard.rule import Rule


class Task(NamedTuple):
    """What a run has to do. `notes` say what cannot be judged; `is_fleet` that the policy told what to check.

    `sources` has the text of the policy, for findings that stand in it; `top` is the directory that file names
    start from for other programs.
    """

    subjects: tuple[Subject, ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]
    is_fleet: bool = False
    top: str = ""


class _Ruled(NamedTuple):
    """The policy, the directory that its paths start from, its text by the name of its file, and notes on it."""

    top: str
    policy: Policy
    sources: Mapping[str, str]
    notes: tuple[str, ...] = ()


def one(inputs: Inputs, rules: tuple[Rule, ...]) -> Task:
    """Give the one service that the given files are; raise UserError where there is nothing to check."""
    if not _has_values(inputs):
        others = "; without a name all services of the policy are judged" if inputs.name is not None else ""
        raise UserError(f"there is nothing to read: give values files with -f, or a chart{others}")
    top, policy, sources, notes = _policy(inputs, rules)
    files = tuple(_below(file, top) for file in inputs.files if file != "-")
    known = identify(policy, files, inputs.env)
    facts = facts_for(policy, _identity(inputs, known), inputs.today)
    chart = inputs.chart or (os.path.relpath(os.path.join(top, known.chart)) if known.chart else None)
    at = ValuePath(known.at.split(".") if known.at else ())
    request = Request(files=inputs.files, sets=inputs.sets, chart=chart, helm=helm_version(inputs))
    subjects = (Subject(request, at, facts),)
    return Task(subjects, (*notes, *known.notes, *_notes(policy, subjects)), sources, top=_root(top))


def every(inputs: Inputs, rules: tuple[Rule, ...]) -> Task:
    """Give the service of the given files, or without any all services of the policy in all environments."""
    if _has_values(inputs) or inputs.name is not None:
        return one(inputs, rules)
    said = (("--team", inputs.team), ("--env", inputs.env), ("--namespace", inputs.namespace))
    idle = next((flag for flag, value in said if value is not None), None)
    if idle is not None:
        raise UserError(f"{idle} is for values that -f names; without them all services of the policy are judged")
    top, policy, sources, notes = _policy(inputs, rules)
    plan = fleet.plan(policy, top, inputs.today, helm_version(inputs))
    if inputs.policy is None:
        files = (os.path.realpath(subject.request.files[0]) for subject in plan.subjects)
        refuse_nested({os.path.dirname(file) for file in files}, os.path.realpath(top))
    return Task(
        plan.subjects, (*notes, *plan.notes, *_notes(policy, plan.subjects)), sources, is_fleet=True, top=_root(top)
    )


def _root(top: str) -> str:
    """Give the top of the repository around the working directory, or outside of git the policy's directory."""
    return repository(os.getcwd()) or os.path.realpath(top)


class Around(NamedTuple):
    """What is known of the mesh where there are no values: facts of the policy, and its text by its file's name."""

    facts: Facts
    sources: Mapping[str, str]


def around(inputs: Inputs, rules: tuple[Rule, ...]) -> Around:
    """Give the facts of the mesh, of the cluster of an environment that is said; raise UserError."""
    _, policy, sources, _ = _policy(inputs, rules)
    environments = [one for entry in policy.services for one in entry.environments if one.name == inputs.env]
    if inputs.env is not None and not environments:
        raise UserError(f"the policy has no environment '{inputs.env}'")
    cluster = next((one.cluster for one in environments if one.cluster), "")
    namespace = _namespace(inputs.namespace, None)
    return Around(facts_for(policy, Identity(namespace=namespace, cluster=cluster), inputs.today), sources)


def helm_version(inputs: Inputs) -> Version:
    """Give the Helm that is said, or the newest of the major version that runs the plugin.

    Only Helm 4 gives its plugins HELM_CONTENT_CACHE (run on 3.14, 3.22 and 4.3), so no Helm is started to be asked.
    """
    if inputs.helm_version is not None:
        said = parse_version(inputs.helm_version)
        if said is None:
            raise UserError(f"--helm-version '{inputs.helm_version}' is not a version such as 3.18.6 or 4.3")
        return said
    is_helm_3 = "HELM_PLUGIN_NAME" in os.environ and "HELM_CONTENT_CACHE" not in os.environ
    return NEWEST_3 if is_helm_3 else NEWEST_4


def _has_values(inputs: Inputs) -> bool:
    return bool(inputs.files or inputs.sets or inputs.chart is not None)


def _policy(inputs: Inputs, rules: tuple[Rule, ...]) -> _Ruled:
    here = os.getcwd()
    path = inputs.policy or find_policy(here, tuple(file for file in inputs.files if file != "-"))
    notes: tuple[str, ...] = ()
    if inputs.policy_from is not None:
        top = repository(here) or here
        name, data = policy_of_ref(inputs.policy_from, here)
        notes = _apart(path, data, inputs.policy_from, rules)
        path = name
    elif path is not None:
        top, data = os.path.dirname(os.path.abspath(path)), read_file(path)
    else:
        return _Ruled(here, Policy(), {})
    return _Ruled(top, load_policy(path, data, rules), {path: data.decode(errors="replace")}, notes)


def _apart(path: str | None, data: bytes, ref: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """Judge a change of the policy apart: it must be valid, though only the policy of the ref counts."""
    if path is None:
        return (f"there is no .meshguard.yaml any more; that of '{ref}' was taken",)
    here = read_file(path)
    if here == data:
        return ()
    load_policy(path, here, rules)
    return (f"{path} is changed; that of '{ref}' was taken",)


def _below(file: str, top: str) -> str:
    """Give the file relative to the policy's directory, with forward slashes."""
    return os.path.relpath(os.path.realpath(file), os.path.realpath(top)).replace(os.sep, "/")


def _identity(inputs: Inputs, known: Known) -> Identity:
    identity = known.identity
    if identity.service is not None and inputs.name not in {None, identity.service}:
        _say(f"name '{identity.service}' is the policy's; '{inputs.name}' does not count")
    return identity._replace(
        service=identity.service or inputs.name,
        team=inputs.team or identity.team,
        namespace=_namespace(inputs.namespace, identity.namespace),
    )


def _namespace(said: str | None, of_policy: str | None) -> str | None:
    """Choose the namespace: Helm sets its variable always, from a laptop's context too, so the policy wins."""
    of_helm = os.environ.get("HELM_NAMESPACE") or None
    if said is not None:
        return said
    if of_policy is None:
        return of_helm
    if of_helm is not None and of_helm != of_policy:
        _say(f"namespace '{of_policy}' is the policy's; Helm's '{of_helm}' does not count")
    return of_policy


def _say(text: str) -> None:
    sys.stderr.write(f"meshguard: {printable(text)}\n")


def _notes(policy: Policy, subjects: Iterable[Subject]) -> tuple[str, ...]:
    if policy.file is None:
        return ("there is no .meshguard.yaml: gateways, and who owns which host, were not judged",)
    if policy.teams is None:
        return (f"{policy.file} names no teams: who owns which host was not judged",)
    if any(subject.facts.team is None for subject in subjects):
        return ("whose these values are is not known (--team says it): who owns which host was not judged",)
    return ()
