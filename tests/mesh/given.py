"""Every example of the project in, services rendered for one version of Istio out."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from meshguard.diagnostic import ROOT, UserError
from meshguard.helm.values import Request, read
from meshguard.identity import identify
from meshguard.model import build
from meshguard.policy import Facts, Identity, build_policy, facts_for, version
from meshguard.schema import check, load_schema
from meshguard.targets.istio import TARGET
from tests.conftest import ROOT as TOP
from tests.mesh.generate import TODAY, Site
from tests.targets.istio.given import HERE as GOLDEN
from tests.targets.istio.given import ORDERS, POLICY, facts_of
from tests.test_rule_pages import Example, each, policy_of
from tests.tree import tree


class Given(NamedTuple):
    """An example under its name: the files of its values and the text of its policy, with who it is."""

    name: str
    files: tuple[tuple[str, str], ...]
    facts: Facts


def rendered(given: Given, istio: str) -> Site | None:
    """Render an example for a version of Istio (`1.31`); None where it lacks a fact that rendering needs."""
    facts = given.facts._replace(mesh=given.facts.mesh._replace(istio_version=version(istio)))
    texts = dict(given.files)
    values = read(Request(files=tuple(texts), read_file=lambda name: texts[name].encode()))
    assert check(load_schema("values"), values.node) == ()
    service = build(values.node, ROOT, facts)
    try:
        return Site(given.name, service, facts, TARGET.render(service, facts))
    except UserError:
        return None


def everything() -> tuple[Given, ...]:
    """Give the golden cases, the shop, the quickstart and the good examples of all rules."""
    return (*_golden(), *_examples(), *_pages())


def _golden() -> Iterator[Given]:
    for case in sorted(path.parent for path in GOLDEN.glob("*/values.yaml")):
        own = case / "policy.yaml"
        facts = facts_of(own.read_text() if own.exists() else POLICY)
        yield Given(f"golden {case.name}", (("values.yaml", (case / "values.yaml").read_text()),), facts)


def _examples() -> Iterator[Given]:
    for policy_file in sorted((TOP / "examples").rglob(".meshguard.yaml")):
        policy = build_policy(tree(policy_file.read_text(), ".meshguard.yaml"))
        for values_file in sorted(policy_file.parent.rglob("values.yaml")):
            for layers in _layers(values_file):
                names = tuple(str(path.relative_to(policy_file.parent)) for path in layers)
                known = identify(policy, names, None).identity
                identity = known if known.service else ORDERS
                texts = tuple((name, path.read_text()) for name, path in zip(names, layers, strict=True))
                name = f"example {policy_file.parent.name} {names[-1]}"
                yield Given(name, (_CHART, *texts), facts_for(policy, identity, TODAY))


def _layers(values_file: Path) -> Iterator[tuple[Path, ...]]:
    beside = sorted(values_file.parent.glob("values-*.yaml"))
    yield from ((values_file, path) for path in beside) if beside else ((values_file,),)


_CHART = ("chart.yaml", (TOP / "charts" / "webservice" / "values.yaml").read_text())


def _pages() -> Iterator[Given]:
    for index, (rule, example) in enumerate(each("Good")):
        yield Given(f"page {rule} {index}", _values(example), _facts(example))


def _values(example: Example) -> tuple[tuple[str, str], ...]:
    """Give the layers of an example, without its policy and the other services beside it."""
    names = {".meshguard.yaml", *(name for name, _ in example.files if name.endswith("/values.yaml"))}
    kept = names - {"chart/values.yaml"}
    return tuple((name, text) for name, text in example.files if name not in kept)


def _facts(example: Example) -> Facts:
    has_own = ".meshguard.yaml" in dict(example.files)
    policy = policy_of(example) if has_own else build_policy(tree(POLICY, ".meshguard.yaml"))
    known = identify(policy, tuple(name for name, _ in _values(example)), None).identity
    given = known if known.service else Identity("orders", "checkout")
    namespace = given.namespace or "shop"
    return facts_for(policy, given._replace(namespace=namespace), TODAY)
