"""The forms of a report: for each a function from a run to its whole text."""

from collections.abc import Mapping
from typing import Protocol

from meshguard.run import Run


class Report(Protocol):
    """What every form is. Only text knows colour and the width of the terminal."""

    def __call__(self, run: Run, *, colour: bool = False, width: int = 120) -> str:
        """Give the whole report."""


def _text(run: Run, *, colour: bool = False, width: int = 120) -> str:
    from meshguard.report.text import render  # noqa: PLC0415 - a run pays for its own form only

    return render(run, colour=colour, width=width)


def _data(module: str) -> Report:
    """Give a form for machines, whose module is imported when it is asked for."""

    def report(run: Run, *, colour: bool = False, width: int = 120) -> str:  # noqa: ARG001 - no terminal
        from importlib import import_module  # noqa: PLC0415 - the same

        text: str = import_module(f"{__name__}.{module}").render(run)
        return text

    return report


FORMATS: Mapping[str, Report] = {
    "text": _text,
    "json": _data("document"),
    "sarif": _data("sarif"),
    "github": _data("github"),
    "junit": _data("junit"),
    "gitlab": _data("gitlab"),
}
