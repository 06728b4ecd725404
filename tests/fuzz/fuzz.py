"""Hold our reading against Helm's, and hostile input against us: `python -m tests.fuzz.fuzz [CASES] [SEED]`.

Four of five cases are values files, the rest `--set` arguments and charts. Every case is read as the newest Helm 3
and the newest Helm 4 read it. Differences are counted by the names that docs/helm-dialect.md gives them. Then as
many mutated inputs are judged, reported and rendered, and as many strings printed as values. What is read
differently, a refusal without a name, a crash and a string that is more than text are printed, and end it with 1.
"""

import os
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random

from meshguard.helm.version import NEWEST_3, NEWEST_4
from tests.fuzz import charts, documents, expressions, inputs
from tests.fuzz.compare import REFUSED, SAME, difference, is_fault, never_ends, ours
from tests.fuzz.oracle import Question, ask, started

VERSIONS = (("MESHGUARD_TEST_ORACLE3", NEWEST_3), ("MESHGUARD_TEST_ORACLE4", NEWEST_4))


STRINGS = 50  # in one document


def question(random: Random, directory: Path) -> Question:
    """Make one case; a chart is written below the directory."""
    roll = random.random()
    if roll < 0.8:
        return Question(tuple(documents.document(random) for _ in range(random.choice((1, 1, 1, 2)))))
    if roll < 0.95:
        return Question((expressions.base(random),), expressions.arguments(random))
    charts.make(random, directory)
    return Question(charts.layers(random), charts.sets(random), str(directory))


def fuzz(cases: int, seed: str) -> tuple[Counter[str], list[str]]:
    """Compare so many cases; give the count of each difference, and the cases that must not be."""
    counts: Counter[str] = Counter()
    bad: list[str] = []
    with ExitStack() as stack:
        oracles = [(stack.enter_context(started(os.environ[name])), helm) for name, helm in VERSIONS]
        for number in range(cases):
            random = Random(f"{seed} {number}")
            with tempfile.TemporaryDirectory() as scratch:
                asked = question(random, Path(scratch) / "chart")
                for oracle, helm in oracles:
                    reading = ours(asked, helm)
                    answer = {"error": "no end"} if never_ends(reading) else ask(oracle, asked)
                    found = difference(reading, answer)
                    counts[found] += 1
                    if is_fault(found):
                        bad.append(f"seed {seed!r} case {number} Helm {helm.major}: {found}\n{asked}\n{answer}")
    return counts, bad


def attack(cases: int, seed: str) -> list[str]:
    """Give what goes wrong with so many mutated inputs and with so many strings."""
    found = [inputs.crash(Random(f"input {seed} {number}")) for number in range(cases)]
    for number in range(0, cases, STRINGS):
        random = Random(f"string {seed} {number}")
        texts = [inputs.string(random) for _ in range(STRINGS)]
        found += inputs.changed_structure(texts)
        found += inputs.changed_objects(texts)
    return [one for one in found if one]


def main(arguments: list[str]) -> int:
    cases, seed = [*arguments, *("100000", "0")[len(arguments) :]][:2]
    counts, bad = fuzz(int(cases), seed)
    total = sum(counts.values())
    lines = [f"{total} readings of {cases} cases, seed {seed}"]
    different = total - counts[SAME] - counts[REFUSED]
    for kind, count in [*counts.most_common(), ("differences altogether", different)]:
        lines.append(f"{count:8} {100 * count / total:8.4f} %  {kind}")
    sys.stdout.write("\n".join([*lines, *bad, ""]))
    sys.stdout.flush()
    wrong = attack(int(cases), seed)
    sys.stdout.write("\n".join([f"{cases} inputs and {cases} strings: {len(wrong)} faults", *wrong, ""]))
    return 1 if bad or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
