"""The flags that commands share, with the names and the habits of `helm template`."""

import argparse
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from meshguard.diagnostic import UserError
from meshguard.helm.values import split_files
from meshguard.plugin import program

_SET_FLAGS = {
    "--set": "set a value: key1=val1,key2=val2",
    "--set-string": "set a string value",
    "--set-json": "set a JSON value: key=JSON",
    "--set-literal": "set a string, taken as it is",
    "--set-file": "set a value to the content of a file: key=path",
}


class Inputs(NamedTuple):
    """What is to be read, and what the user says about it by hand.

    `sets` are (flag without dashes, expression) in the order of the command line.
    """

    name: str | None
    chart: str | None
    files: tuple[str, ...]
    sets: tuple[tuple[str, str], ...]
    policy: str | None
    policy_from: str | None
    team: str | None
    env: str | None
    namespace: str | None
    today: str
    helm_version: str | None


class Parser(argparse.ArgumentParser):
    """A parser whose faults are said as all others are."""

    def error(self, message: str) -> NoReturn:
        """Raise UserError."""
        raise UserError(f"{message}; `{self.prog} --help` shows the flags")


def parser(command: str, summary: str) -> Parser:
    """Give an empty parser for one command."""
    return Parser(prog=f"{program()} {command}", description=summary, allow_abbrev=False)


def add_inputs(flags: argparse.ArgumentParser, files: str = "a values file, or - (repeatable)") -> None:
    """Add everything that says which values are read and whose they are; `files` is the help of `-f`."""
    flags.add_argument("names", nargs="*", metavar="[NAME] [CHART]", help="as in `helm template`")
    flags.add_argument("-f", "--values", action="append", default=[], metavar="FILE", help=files)
    for flag, words in _SET_FLAGS.items():
        flags.add_argument(flag, action=_Set, dest="sets", default=(), metavar="EXPR", help=f"{words} (repeatable)")
    flags.add_argument("--policy", metavar="FILE", help="the policy (default: .meshguard.yaml of the repository)")
    flags.add_argument("--policy-from", metavar="REF", help="read the policy as it stands at a git ref")
    flags.add_argument("--team", help="the team that owns the service (default: from the policy)")
    flags.add_argument("--env", help="the environment whose facts hold (default: told by the second values file)")
    flags.add_argument("-n", "--namespace", help="the namespace (default: from the policy, else Helm's)")
    flags.add_argument("--today", metavar="YYYY-MM-DD", help="judge expiry dates as on that day")
    flags.add_argument(
        "--helm-version", metavar="X.Y.Z", help="read values as this Helm does (default: as the one that runs)"
    )
    flags.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


class _Set(argparse.Action):
    """Keep all kinds of --set in the one order of the command line."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's signature
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.sets = (*namespace.sets, (str(option_string).removeprefix("--"), str(values)))


def inputs(parsed: argparse.Namespace) -> Inputs:
    """Read the shared flags; raise UserError for what no run can be done with."""
    name, chart = _name_and_chart(parsed.names)
    if parsed.policy is not None and parsed.policy_from is not None:
        raise UserError("--policy and --policy-from exclude each other")
    files = tuple(file for value in parsed.values for file in split_files(value))
    if "" in (*files, *parsed.values):
        raise UserError("-f names a file without a name")
    from_files = (expression for flag, expression in parsed.sets if flag == "set-file")
    for value in (*files, chart or "", *from_files):
        if "://" in value:
            raise UserError(f"'{value}' is a URL; meshguard reads local files only, so fetch it first")
    return Inputs(
        name=name,
        chart=chart,
        files=files,
        sets=parsed.sets,
        policy=parsed.policy,
        policy_from=parsed.policy_from,
        team=parsed.team,
        env=parsed.env,
        namespace=parsed.namespace,
        today=_today(parsed.today),
        helm_version=parsed.helm_version,
    )


def _name_and_chart(words: list[str]) -> tuple[str | None, str | None]:
    """Read the positional arguments; one alone is a chart where it can be one, else a name."""
    if len(words) > 2:  # noqa: PLR2004 - NAME and CHART
        raise UserError(f"'{words[2]}' is one argument too many: [NAME] [CHART], and values files with -f")
    if len(words) == 2:  # noqa: PLR2004 - the same
        return words[0], words[1]
    if not words:
        return None, None
    word = words[0]
    if word.endswith((".yaml", ".yml", ".json")):
        raise UserError(f"'{word}' looks like a values file; say -f {word}")
    is_chart = "/" in word or word in {".", ".."} or os.path.isfile(word) or os.path.exists(f"{word}/Chart.yaml")
    return (None, word) if is_chart else (word, None)


def _today(said: str | None) -> str:
    import time  # noqa: PLC0415 - nothing else needs it

    if said is None:
        return time.strftime("%Y-%m-%d")
    try:
        return time.strftime("%Y-%m-%d", time.strptime(said, "%Y-%m-%d"))
    except ValueError:
        raise UserError(f"--today '{said}' is not a date such as 2030-01-31") from None
