"""Values files as product teams write them: each fault is found at its line, and look-alikes are clean.

A case is a folder: values.yaml, values-prod.yaml where it has a second layer, and a policy where that of all cases
does not do. The first line names the service; a comment at the end of a line marks what must be found there.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from meshguard.diagnostic import ROOT, Diagnostic, Severity
from meshguard.helm.values import Request
from meshguard.helm.version import NEWEST_3, NEWEST_4, Version
from meshguard.helm.yaml import load
from meshguard.pipeline import Subject, conclude, judge
from meshguard.policy import Facts, Identity, build_policy, facts_for
from meshguard.schema import check, load_schema
from validators import RULES

CASES = Path(__file__).parent / "cases"
CHARTS = Path(__file__).parent.parent / "charts"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())
LAYERS = ("values.yaml", "values-prod.yaml")
POLICY = ".meshguard.yaml"
HEAD = re.compile(r"# service: (?P<service>[a-z0-9-]+)(?:, chart: (?P<chart>[a-z]+))?\n")
MARK = re.compile(r"# fault: (error|warning|info)$")
TODAY = "2029-06-01"
SHAPE = load_schema("values")


class Told(NamedTuple):
    """One finding, or one mark."""

    file: str
    line: int
    severity: str


def marks(folder: Path) -> list[Told]:
    return sorted(
        Told(path.name, number, found[1])
        for path in folder.iterdir()
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1)
        if (found := MARK.search(line))
    )


def facts_of(folder: Path, service: str) -> Facts:
    own = folder / POLICY
    path = own if own.exists() else CASES / POLICY
    node = load(path.read_bytes(), POLICY, NEWEST_4).node
    assert check(load_schema("policy"), node) == ()
    identity = Identity(service=service, team="checkout", namespace="checkout-prod", env="prod")
    return facts_for(build_policy(node), identity, TODAY)


def run(folder: Path, helm: Version) -> tuple[Diagnostic, ...]:
    head = HEAD.match((folder / LAYERS[0]).read_text("utf-8"))
    assert head is not None
    facts = facts_of(folder, head["service"])
    files = tuple(name for name in LAYERS if (folder / name).exists())
    chart = str(CHARTS / head["chart"]) if head["chart"] else None
    request = Request(files, (), chart, helm, lambda name: (folder / name).read_bytes())
    return conclude([judge(Subject(request, ROOT, facts), RULES, SHAPE)], RULES, facts).diagnostics


def told(folder: Path, helm: Version) -> list[Told]:
    """Give the findings of a case; of those that only inform, the ones that are marked."""
    known = marks(folder)
    every = (Told(each.span.file, each.span.line, str(each.severity)) for each in run(folder, helm))
    return sorted(each for each in every if each.severity != Severity.INFO or each in known)


@pytest.mark.parametrize("helm", [NEWEST_3, NEWEST_4], ids=["helm3", "helm4"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_is_marked_is_found_and_nothing_else(folder: Path, helm: Version) -> None:
    assert told(folder, helm) == marks(folder)


def test_look_alikes_have_no_mark_and_the_others_have() -> None:
    clean = [folder.name for folder in FOLDERS if not marks(folder)]

    assert clean == [folder.name for folder in FOLDERS if folder.name.startswith("clean-")]
    assert len(clean) > 60
    assert len(FOLDERS) - len(clean) > 150
