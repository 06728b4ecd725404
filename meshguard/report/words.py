"""Words that several reports share: places, counts, and whom a finding concerns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from meshguard.diagnostic import SEVERITIES, Diagnostic, Severity, Span
from meshguard.escape import printable, printable_lines
from meshguard.run import Ignored, Run
from meshguard.source import is_argument

_MANY = 20  # findings from which on a table of the rules is worth its lines


class Group(NamedTuple):
    """One finding of several services, such as one in a file that they share: whom it concerns, in their order."""

    diagnostic: Diagnostic
    concerns: tuple[tuple[str | None, tuple[str, ...]], ...]


def grouped(diagnostics: Iterable[Diagnostic]) -> list[Group]:
    """Give each finding once, though several services may share it."""
    groups: dict[Diagnostic, list[tuple[str | None, tuple[str, ...]]]] = {}
    for diagnostic in diagnostics:
        same = diagnostic._replace(service=None, environments=())
        groups.setdefault(same, []).append((diagnostic.service, diagnostic.environments))
    return [Group(diagnostic, tuple(concerns)) for diagnostic, concerns in groups.items()]


class Lifted(NamedTuple):
    """A finding that somebody took on, of all services that share it: by what, and why."""

    group: Group
    by: str
    reason: str


def lifted(ignored: Iterable[Ignored]) -> list[Lifted]:
    """Give what is ignored once, as `grouped` does with what stands."""
    found: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic, by, reason in ignored:
        found.setdefault((by, reason), []).append(diagnostic)
    return [Lifted(group, by, reason) for (by, reason), same in found.items() for group in grouped(same)]


def in_file(span: Span, sources: Mapping[str, str]) -> Span:
    """Give the place in a file that stands for a span where only files are known.

    An argument of the command line stands at the top of the last values file, which it changes.
    """
    if not is_argument(span):
        return span
    files = [name for name in sources if not name.startswith("--set")]
    return Span(files[-1] if files else "values.yaml", 1, 1, 1, 1)


def place(span: Span) -> str:
    """Write a place as compilers do; an argument is its own place."""
    name = printable(span.file)
    return name if is_argument(span) else f"{name}:{span.line}:{span.column}"


def concerned(group: Group, most: int = 3) -> str:
    """Name the services and environments that a finding holds for, or ''."""
    names = [_name(service, environments) for service, environments in group.concerns]
    shown = [name for name in names if name][:most]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more


def told(group: Group, most: int = 3) -> list[str]:
    """Tell a finding in plain lines: itself with its place, the places that belong to it, and what helps."""
    found = group.diagnostic
    first = f"{place(found.span)}: {printable(found.message)} [{found.rule}]{for_whom(group, most)}"
    related = [f"{place(span)}: {printable(message)}" for span, message in found.related]
    return [first, *related, *([f"help: {printable_lines(found.help.rstrip())}"] if found.help else [])]


def for_whom(group: Group, most: int = 3) -> str:
    """Give the end of a sentence that names whom the finding concerns, or ''."""
    names = concerned(group, most)
    return f"; in {names}" if names else ""


def _name(service: str | None, environments: tuple[str, ...]) -> str:
    listed = ", ".join(printable(environment) for environment in environments)
    if service is None:
        return listed
    return f"{printable(service)} ({listed})" if listed else printable(service)


def summary(run: Run) -> str:
    """Say in one line how many findings there are, or what was checked without any."""
    severities = [group.diagnostic.severity for group in grouped(run.diagnostics)]
    ignored = f" ({len(lifted(run.ignored))} ignored)" if run.ignored else ""
    if not severities:
        return f"no findings{ignored}: {_checked(run)}"
    found = ", ".join(
        counted(severities.count(severity), severity) for severity in SEVERITIES if severity in severities
    )
    quiet = "no errors or warnings, " if set(severities) == {Severity.INFO} else ""
    return f"{quiet}{found}{ignored}" + (f"; {_checked(run)}" if run.checked > 1 else "")


def _checked(run: Run) -> str:
    what = "service" if run.checked == 1 else "service environment"
    rules = sum(rule.check is not None for rule in run.rules)
    refused = f", {run.refused} of them against none: their values are not valid" if run.refused else ""
    return f"{counted(run.checked, what)} checked against {counted(rules, 'rule')}{refused}"


def table(groups: Sequence[Group]) -> list[str]:
    """Count the findings of each rule, where there are many."""
    if len(groups) <= _MANY:
        return []
    counts = Counter(group.diagnostic.rule for group in groups).most_common()
    digits = len(str(counts[0][1]))
    return [f"{count:{digits}} {rule}" for rule, count in counts]


def counted(number: int, word: str) -> str:
    """Write a number of things."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
