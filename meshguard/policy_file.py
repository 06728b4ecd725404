"""The policy file itself: found, read and checked; anything wrong with it means that the run cannot be done."""

import os
from collections.abc import Collection, Iterator

from meshguard.diagnostic import Finding, Span, UserError, ValuePath
from meshguard.escape import printable
from meshguard.helm.loss import SourceError
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.identity import WORD
from meshguard.node import Node, child, find, nearest
from meshguard.policy import Policy, build_policy
from meshguard.rule import no_such_rule
from meshguard.schema import check, load_schema

NAME = ".meshguard.yaml"


def repository(directory: str) -> str | None:
    """Give the top of the git repository around a directory, or None outside of one."""
    here = os.path.realpath(directory)
    while True:
        if os.path.exists(os.path.join(here, ".git")):
            return here
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def find_policy(directory: str, files: Collection[str]) -> str | None:
    """Give the policy file that holds for the directory: at the top of its repository, or in it outside of git.

    A policy file further down, beside or above one of the files, would silently not count: that is a UserError.
    """
    top = repository(directory) or os.path.realpath(directory)
    for folder in {os.path.realpath(directory), *(os.path.dirname(os.path.realpath(file)) for file in files)}:
        _refuse_nested(folder, top)
    path = os.path.join(top, NAME)
    return os.path.relpath(path, directory) if os.path.exists(path) else None


def _refuse_nested(folder: str, top: str) -> None:
    while folder.startswith(top + os.sep):
        nested = os.path.join(folder, NAME)
        if os.path.exists(nested):
            raise UserError(
                f"{os.path.relpath(nested)}: a policy below the top of the repository does not count;"
                f" move what it says to {os.path.relpath(os.path.join(top, NAME))}"
            )
        folder = os.path.dirname(folder)


def policy_of_ref(ref: str, directory: str) -> tuple[str, bytes]:
    """Give the policy as it stands at a git ref, named `REF:.meshguard.yaml`; raise UserError if it does not."""
    import subprocess  # noqa: PLC0415 - only a gate asks git

    if ref.startswith("-"):
        raise UserError(f"--policy-from '{ref}' is not a git ref")
    name = f"{ref}:{NAME}"
    try:
        shown = subprocess.run(  # noqa: S603 - no shell, and the ref is no flag
            ["git", "-C", repository(directory) or directory, "cat-file", "blob", name],  # noqa: S607
            capture_output=True,
            check=True,
        )
    except FileNotFoundError:
        raise UserError("--policy-from needs git, which is not installed") from None
    except subprocess.CalledProcessError as error:
        why = error.stderr.decode(errors="replace").strip().splitlines()
        raise UserError(f"git has no policy at '{name}': {why[-1] if why else 'no reason given'}") from None
    return name, shown.stdout


def load_policy(path: str, data: bytes, rules: Collection[str]) -> Policy:
    """Read and check a policy; `rules` are the ids that it may name. Raise UserError with all its faults."""
    try:
        node = load(data, path, NEWEST_4).node
    except SourceError as error:
        raise UserError(f"the policy cannot be read: {_place(error.span)}: {error}") from None
    findings = [*check(load_schema("policy"), node)]
    if not findings:
        findings = [
            *_unknown_rules(node, rules),
            *_unsupported(node),
            *_half_gateways(node),
            *_impossible_dates(node),
            *_unknown_words(node),
        ]
    if findings:
        lines = "\n".join(_line(finding, node) for finding in findings)
        raise UserError(f"the policy is not valid:\n{lines}")
    return build_policy(node)


def _line(finding: Finding, node: Node) -> str:
    found = nearest(node, finding.at)
    span = found.key if finding.on_key and found.key is not None else found.span
    return f"  {_place(span)}: {printable(finding.message)}"


def _place(span: Span) -> str:
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _unknown_rules(node: Node, rules: Collection[str]) -> list[Finding]:
    named = []
    severities = find(node, ValuePath(("rules",)))
    if severities is not None and isinstance(severities.value, dict):
        named += [(ValuePath(("rules", rule)), rule, True) for rule in severities.value]
    for key in ("locked", "exemptions"):
        listed = find(node, ValuePath((key,)))
        for index, item in enumerate(listed.value if listed is not None and isinstance(listed.value, list) else ()):
            rule = item if key == "locked" else child(item, "rule")
            at = ValuePath((key, index)) if key == "locked" else ValuePath((key, index, "rule"))
            named.append((at, str(rule.value) if rule is not None else "", False))
    return [
        Finding(at, no_such_rule(rule, rules), on_key=on_key) for at, rule, on_key in named if rule not in rules
    ]


def _half_gateways(node: Node) -> list[Finding]:
    """Find gateways that only a cluster names, and that lack what the policy's own gateways must have."""
    known = find(node, ValuePath(("gateways",)))
    return [
        Finding(
            at, f"gateway '{at[-1]}' of cluster '{at[1]}' needs 'gateway', as the policy itself has no such gateway"
        )
        for at in _children(node, ValuePath(("clusters",)), "gateways")
        if child(nearest(node, at), "gateway") is None and (known is None or child(known, at[-1]) is None)
    ]


def _children(node: Node, at: ValuePath, key: str) -> Iterator[ValuePath]:
    """Give the paths of what stands under a key of each map under `at`."""
    maps = find(node, at)
    for name in maps.value if maps is not None and isinstance(maps.value, dict) else ():
        below = find(node, at / name / key)
        for each in below.value if below is not None and isinstance(below.value, dict) else ():
            yield at / name / key / each


def _unknown_words(node: Node) -> Iterator[Finding]:
    """Find {words} of a service entry that neither its pattern nor meshguard gives."""
    listed = find(node, ValuePath(("services",)))
    for index, entry in enumerate(listed.value if listed is not None and isinstance(listed.value, list) else ()):
        pattern = child(entry, "values")
        known = {"service", "team", "env", *WORD.findall(str(pattern.value) if pattern is not None else "")}
        for at, text in _templates(entry, ValuePath(("services", index))):
            for word in WORD.findall(text):
                if word not in known:
                    words = ", ".join(f"'{{{each}}}'" for each in sorted(known))
                    yield Finding(at, f"nothing gives the word '{{{word}}}'; the words here are {words}")


def _templates(entry: Node, at: ValuePath) -> Iterator[tuple[ValuePath, str]]:
    for key in ("name", "team", "chart"):
        found = child(entry, key)
        if found is not None:
            yield at / key, str(found.value)
    environments = child(entry, "environments")
    for name in environments.value if environments is not None and isinstance(environments.value, dict) else ():
        found = find(entry, ValuePath(("environments", name, "namespace")))
        if found is not None:
            yield at / "environments" / name / "namespace", str(found.value)


def _impossible_dates(node: Node) -> list[Finding]:
    listed = find(node, ValuePath(("exemptions",)))
    return [
        Finding(ValuePath(("exemptions", index, "expires")), f"'{date.value}' is not a day of the calendar")
        for index, item in enumerate(listed.value if listed is not None and isinstance(listed.value, list) else ())
        if (date := child(item, "expires")) is not None and not _is_date(str(date.value))
    ]


def _is_date(text: str) -> bool:
    from datetime import date  # noqa: PLC0415 - most policies have no exemption

    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unsupported(node: Node) -> list[Finding]:
    mode = find(node, ValuePath(("mesh", "mode")))
    if mode is not None and mode.value == "ambient":
        return [
            Finding(
                ValuePath(("mesh", "mode")), "mesh mode 'ambient' is not supported yet; meshguard knows 'sidecar'"
            )
        ]
    return []
