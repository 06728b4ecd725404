"""The policy file itself: found, read and checked; anything wrong with it means that the run cannot be done."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from meshguard.diagnostic import SEVERITIES, Finding, Span, UserError, ValuePath, quoted
from meshguard.escape import printable
from meshguard.helm.loss import Loss, SourceError
from meshguard.helm.version import NEWEST_4
from meshguard.helm.yaml import load
from meshguard.identity import WORD
from meshguard.node import Node, child, find, nearest
from meshguard.policy import Policy, build_policy
from meshguard.rule import Rule, no_such_rule
from meshguard.schema import check, load_schema

if TYPE_CHECKING:
    import subprocess

NAME = ".meshguard.yaml"
_WORDS = (*SEVERITIES, "none")  # of a severity, worst first


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
    refuse_nested({os.path.realpath(directory), *(os.path.dirname(os.path.realpath(file)) for file in files)}, top)
    path = os.path.join(top, NAME)
    return os.path.relpath(path, directory) if os.path.exists(path) else None


def refuse_nested(folders: Iterable[str], top: str) -> None:
    """Raise UserError for a policy in or above one of the folders, but not in `top`; all are resolved paths."""
    for folder in sorted(_below(folders, top)):
        nested = os.path.join(folder, NAME)
        if not os.path.exists(nested):
            continue
        shown = os.path.relpath(nested)
        if os.path.exists(os.path.join(folder, ".git")):
            raise UserError(f"'{shown}' is the policy of another repository; run there, or name it with --policy")
        to = os.path.relpath(os.path.join(top, NAME))
        raise UserError(
            f"'{shown}': a policy below the top of the repository does not count; move what it says to '{to}'"
        )


def _below(folders: Iterable[str], top: str) -> set[str]:
    """Give the folders, and those above them, as far as they lie below `top`."""
    found: set[str] = set()
    for each in folders:
        folder = each
        while folder.startswith(top + os.sep) and folder not in found:
            found.add(folder)
            folder = os.path.dirname(folder)
    return found


def policy_of_ref(ref: str, directory: str) -> tuple[str, bytes]:
    """Give the policy as it stands at a git ref, named `REF:.meshguard.yaml`; raise UserError if it does not."""
    top = repository(directory) or directory
    # Only a commit counts: what else git reads as a name, such as the index, is the pull request's own.
    found = _git(top, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        why = found.stderr.decode(errors="replace").strip().split("\n")[0]
        raise UserError(
            f"--policy-from '{ref}' is no commit that git knows here"
            + (f": {why}" if why else "; fetch it first, as `fetch-depth: 0` of actions/checkout does")
        )
    shown = _git(top, "cat-file", "blob", f"{found.stdout.decode().strip()}:{NAME}")
    if shown.returncode:
        raise UserError(
            f"there is no {NAME} at '{ref}'; a change that brings the first policy is judged without --policy-from"
        )
    return f"{ref}:{NAME}", shown.stdout


def _git(top: str, *words: str) -> "subprocess.CompletedProcess[bytes]":
    import subprocess  # noqa: PLC0415 - only a gate asks git

    try:
        return subprocess.run(["git", "-C", top, *words], capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise UserError("--policy-from needs git, which is not installed") from None


def load_policy(path: str, data: bytes, rules: Collection[Rule]) -> Policy:
    """Read and check a policy; `rules` are those that it may name. Raise UserError with all its faults."""
    try:
        document = load(data, path, NEWEST_4)
    except SourceError as error:
        raise UserError(f"the policy cannot be read: {_place(error.span)}: {error}") from None
    node = document.node
    findings = [*_lost(document.losses), *check(load_schema("policy"), node)]
    if not findings:
        findings = [
            *_unknown_rules(node, [rule.id for rule in rules]),
            *_lowered_locks(node, rules),
            *_idle_exemptions(node, rules),
            *_unsupported(node),
            *_half_gateways(node),
            *_several_defaults(node),
            *_unknown_gateways(node),
            *_impossible_dates(node),
            *_unknown_words(node),
        ]
    if findings:
        lines = "\n".join(_line(finding, node) for finding in findings)
        raise UserError(f"the policy is not valid:\n{lines}")
    return build_policy(node)


def _line(finding: Finding, node: Node) -> str:
    found = nearest(node, finding.at)
    span = finding.span or (found.key if finding.on_key and found.key is not None else found.span)
    return f"  {_place(span)}: {printable(finding.message)}"


def _place(span: Span) -> str:
    return f"{printable(span.file)}:{span.line}:{span.column}"


def _lost(losses: Iterable[Loss]) -> Iterator[Finding]:
    """Find what YAML drops without a word: a limit that does not count limits nothing."""
    for loss in losses:
        if loss.kind in _DROPS:
            again = loss.related if loss.kind == "duplicate-key" else None
            yield Finding(loss.at, _DROPS[loss.kind].format(*loss.at[-1:]), span=again or loss.span)


_DROPS = {
    "duplicate-key": "'{}' stands in this map already, and only one of the two counts; make them one",
    "colliding-keys": "'{}' and another key of this map are one in the end; make them one",
    "merge-after-keys": "`<<` comes after '{}' and overwrites it; write `<<` first",
    "second-document": "a policy is one document, and here begins another one; put both into one",
    "trailing-content": "the policy ends before this, so it does not count; take it out",
}


def _unknown_rules(node: Node, names: Collection[str]) -> Iterator[Finding]:
    for rule in _map(node, "rules"):
        if rule not in names:
            yield Finding(ValuePath(("rules", rule)), no_such_rule(rule, names), on_key=True)
    listed = [(ValuePath(("locked", index)), item) for index, item in enumerate(_list(node, "locked"))]
    for index, item in enumerate(_list(node, "exemptions")):
        listed.append((ValuePath(("exemptions", index, "rule")), nearest(item, ValuePath(("rule",)))))
    for at, named in listed:
        if named.value not in names:
            yield Finding(at, no_such_rule(str(named.value), names))


def _lowered_locks(node: Node, rules: Collection[Rule]) -> Iterator[Finding]:
    """Find locked rules that the policy would lower, which has no effect."""
    said = _map(node, "rules")
    locked = {item.value for item in _list(node, "locked")}
    for rule in rules:
        word = str(said[rule.id].value) if rule.id in said else rule.severity
        if (rule.locked or rule.id in locked) and _WORDS.index(word) > _WORDS.index(rule.severity):
            message = f"'{rule.id}' is locked and stays '{rule.severity}', not '{word}': only an exemption lifts it"
            yield Finding(ValuePath(("rules", rule.id)), message)


def _idle_exemptions(node: Node, rules: Collection[Rule]) -> Iterator[Finding]:
    """Find exemptions from what meshguard itself finds, which lift nothing."""
    own = {rule.id for rule in rules if rule.check is None}
    for index, item in enumerate(_list(node, "exemptions")):
        rule = nearest(item, ValuePath(("rule",))).value
        if rule in own:
            at = ValuePath(("exemptions", index, "rule"))
            yield Finding(at, f"no exemption lifts '{rule}': what it finds has to be mended")


def _half_gateways(node: Node) -> Iterator[Finding]:
    """Find gateways that only a cluster names, and that lack what the policy's own gateways must have."""
    known = _map(node, "gateways")
    for cluster in _map(node, "clusters"):
        for name, gateway in _map(node, "clusters", cluster, "gateways").items():
            if name not in known and child(gateway, "gateway") is None:
                at = ValuePath(("clusters", cluster, "gateways", name))
                message = f"gateway '{name}' of cluster '{cluster}' needs 'gateway'"
                yield Finding(at, f"{message}, as the policy itself has no such gateway")


def _several_defaults(node: Node) -> Iterator[Finding]:
    """Find gateways that are the default beside another one, which would leave the choice to their order."""
    base = ValuePath(("gateways",))
    places = {name: base / name / "default" for name in _map(node, "gateways")}
    yield from _second_default(node, places)
    for cluster in _map(node, "clusters"):
        over = ValuePath(("clusters", cluster, "gateways"))
        said = [name for name in _map(node, *map(str, over)) if find(node, over / name / "default") is not None]
        if said:
            yield from _second_default(node, places | {name: over / name / "default" for name in said})


def _second_default(node: Node, places: Mapping[str, ValuePath]) -> Iterator[Finding]:
    found = {name: at for name, at in places.items() if (said := find(node, at)) is not None and said.value is True}
    if len(found) > 1:
        *others, last = found
        yield Finding(found[last], f"'{others[0]}' is the default gateway already; there can be one")


def _unknown_gateways(node: Node) -> Iterator[Finding]:
    """Find gateways of a team that are named nowhere, so that the team gets less than it was meant to."""
    known = {*_map(node, "gateways")}
    for cluster in _map(node, "clusters"):
        known |= {*_map(node, "clusters", cluster, "gateways")}
    for team, says in _map(node, "teams").items():
        for index, item in enumerate(_list(says, "visibility")):
            if known and item.value not in known:
                at = ValuePath(("teams", team, "visibility", index))
                yield Finding(at, f"no gateway is named '{item.value}'; the gateways are {quoted(sorted(known))}")


def _unknown_words(node: Node) -> Iterator[Finding]:
    """Find {words} of a service entry that neither its pattern nor meshguard gives."""
    for index, entry in enumerate(_list(node, "services")):
        known = {"service", "team", "env", *WORD.findall(str(nearest(entry, ValuePath(("values",))).value))}
        for below, text in _templates(entry):
            for word in WORD.findall(text):
                if word not in known:
                    words = ", ".join(f"'{{{each}}}'" for each in sorted(known))
                    at = ValuePath(("services", index, *below))
                    yield Finding(at, f"nothing gives the word '{{{word}}}'; the words here are {words}")


def _templates(entry: Node) -> Iterator[tuple[ValuePath, str]]:
    paths = [ValuePath((key,)) for key in ("name", "team", "chart")]
    paths += [ValuePath(("environments", name, "namespace")) for name in _map(entry, "environments")]
    for path in paths:
        found = find(entry, path)
        if found is not None:
            yield path, str(found.value)


def _impossible_dates(node: Node) -> Iterator[Finding]:
    for index, item in enumerate(_list(node, "exemptions")):
        date = str(nearest(item, ValuePath(("expires",))).value)
        if not _is_date(date):
            at = ValuePath(("exemptions", index, "expires"))
            yield Finding(at, f"'{date}' is not a day of the calendar")


def _is_date(text: str) -> bool:
    from datetime import date  # noqa: PLC0415 - most policies have no exemption

    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unsupported(node: Node) -> Iterator[Finding]:
    at = ValuePath(("mesh", "mode"))
    mode = find(node, at)
    if mode is not None and mode.value == "ambient":
        yield Finding(at, "mesh mode 'ambient' is not supported yet; meshguard knows 'sidecar'")


def _map(node: Node, *path: str) -> Mapping[str, Node]:
    """Give the map at a path, empty where there is none; of an accepted policy nothing else can stand there."""
    found = find(node, ValuePath(path))
    return found.value if found is not None and isinstance(found.value, dict) else {}


def _list(node: Node, key: str) -> Sequence[Node]:
    found = child(node, key)
    return found.value if found is not None and isinstance(found.value, list) else ()
