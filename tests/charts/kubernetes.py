"""Objects of Kubernetes in, what its API server says of them out: one process for all questions of a session."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Kubernetes(NamedTuple):
    """The program of tests/charts/admission, running."""

    process: "subprocess.Popen[str]"


class Verdict(NamedTuple):
    """Why an object is refused, fault by fault, and what is warned of; both are empty where nothing is said."""

    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextmanager
def running(binary: str) -> Iterator[Kubernetes]:
    """Start the program, and end it when no more is asked."""
    with subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        yield Kubernetes(process)
        assert process.stdin is not None
        process.stdin.close()


def admit(kubernetes: Kubernetes, wanted: Any) -> Verdict:
    """Give what the API server says of a new object."""
    stdin, stdout = kubernetes.process.stdin, kubernetes.process.stdout
    assert stdin is not None
    assert stdout is not None
    stdin.write(json.dumps(wanted) + "\n")
    stdin.flush()
    answer = json.loads(stdout.readline())
    return Verdict(tuple(answer["refused"]), tuple(answer["warnings"]))
