"""Helm's own reading: values files, `--set` arguments and a chart in, the values that templates would see out.

The answers come from a program of Helm's packages (tools/helm*/oracle), one process for many questions.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple


class Question(NamedTuple):
    """What to read: the contents of files, pairs of a flag and its expression, and a chart's directory."""

    files: tuple[bytes, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    chart: str = ""


class Oracle(NamedTuple):
    """A running program."""

    questions: IO[bytes]
    answers: IO[bytes]


@contextmanager
def started(binary: str) -> Iterator[Oracle]:
    """Run the program."""
    with subprocess.Popen(
        [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Oracle(process.stdin, process.stdout)
        process.stdin.close()


def ask(oracle: Oracle, question: Question) -> dict[str, Any]:
    """Give Helm's answer: `values`, or `error` with its reason."""
    files = [base64.b64encode(data).decode() for data in question.files]
    asked = {"files": files, "sets": question.sets, "chart": question.chart}
    oracle.questions.write(json.dumps(asked).encode() + b"\n")
    oracle.questions.flush()
    answer: dict[str, Any] = json.loads(oracle.answers.readline(), parse_int=_integer)
    return answer


def _integer(text: str) -> int | float:
    return -0.0 if text == "-0" else int(text)
