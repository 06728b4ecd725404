"""Every folder with a values.yaml is a case: it renders to its expected.yaml, byte for byte, and verifies."""

from pathlib import Path

import pytest

from meshguard.targets import Rendered
from meshguard.targets.istio import TARGET
from tests.targets.istio.given import HERE, POLICY, facts_of, service_of

CASES = sorted(path.parent for path in HERE.glob("*/values.yaml"))


def golden_text(rendered: Rendered) -> str:
    """Give what a person sees: the stream of objects, then what the chart must set."""
    stream = "".join(f"---\n{manifest.text}" for manifest in rendered.manifests)
    return stream + "".join(f"# the chart must set: {fact}\n" for fact in rendered.chart_facts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case_renders_as_expected(case: Path, request: pytest.FixtureRequest) -> None:
    own = case / "policy.yaml"
    facts = facts_of(own.read_text() if own.exists() else POLICY)
    service = service_of((case / "values.yaml").read_text(), facts)

    rendered = TARGET.render(service, facts)
    actual = golden_text(rendered)

    if request.config.getoption("--golden"):
        (case / "expected.yaml").write_text(actual)
    assert (case / "expected.yaml").read_text() == actual
    assert TARGET.verify(rendered, facts) == ()


def test_there_are_cases() -> None:
    assert {"s1", "contract"} <= {case.name for case in CASES}
