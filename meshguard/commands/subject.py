"""From flags to what is judged: the policy, the service that the files belong to, and what to read."""

import os
import sys
from typing import NamedTuple

from meshguard.commands.arguments import Inputs
from meshguard.diagnostic import UserError, ValuePath
from meshguard.helm.values import Request
from meshguard.identity import Known, identify
from meshguard.policy import Facts, Identity, Policy, facts_for
from meshguard.policy_file import find_policy, load_policy
from meshguard.rule import Rule


class Subject(NamedTuple):
    """One service in one environment, ready to be judged. `notes` say what cannot be."""

    request: Request
    at: ValuePath
    facts: Facts
    notes: tuple[str, ...]


def subject(inputs: Inputs, rules: tuple[Rule, ...]) -> Subject:
    """Find the policy and the service for the given files; raise UserError where there is nothing to check."""
    if not inputs.files and not inputs.sets and inputs.chart is None:
        raise UserError("there is nothing to check: give values files with -f, or a chart")
    files = tuple(file for file in inputs.files if file != "-")
    path = inputs.policy or find_policy(os.getcwd(), files)
    policy = Policy() if path is None else load_policy(path, tuple(rule.id for rule in rules))
    top = os.path.dirname(os.path.abspath(path or "."))
    known = identify(policy, tuple(_below(file, top) for file in files), inputs.env)
    facts = facts_for(policy, _identity(inputs, known), inputs.today)
    chart = inputs.chart or (os.path.relpath(os.path.join(top, known.chart)) if known.chart else None)
    at = ValuePath(known.at.split(".") if known.at else ())
    request = Request(files=inputs.files, sets=inputs.sets, chart=chart)
    return Subject(request, at, facts, (*known.notes, *_notes(policy)))


def _below(file: str, top: str) -> str:
    """Give the file relative to the policy's directory, with forward slashes."""
    return os.path.relpath(os.path.realpath(file), os.path.realpath(top)).replace(os.sep, "/")


def _identity(inputs: Inputs, known: Known) -> Identity:
    identity = known.identity
    return identity._replace(
        service=identity.service or inputs.name,
        team=inputs.team or identity.team,
        namespace=_namespace(inputs.namespace, identity.namespace),
    )


def _namespace(said: str | None, of_policy: str | None) -> str | None:
    """Choose the namespace: Helm sets its variable always, from a laptop's context too, so the policy wins."""
    of_helm = os.environ.get("HELM_NAMESPACE")
    if said is not None:
        return said
    if of_policy is None:
        return of_helm
    if of_helm is not None and of_helm != of_policy:
        sys.stderr.write(f"meshguard: namespace '{of_policy}' is the policy's; Helm's '{of_helm}' does not count\n")
    return of_policy


def _notes(policy: Policy) -> tuple[str, ...]:
    if policy.file is None:
        return ("there is no .meshguard.yaml: gateways, and who owns which host, were not judged",)
    if policy.teams is None:
        return (f"{policy.file} names no teams: who owns which host was not judged",)
    return ()
