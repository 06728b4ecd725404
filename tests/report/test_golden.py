"""Every form, for a run with everything and for one without findings; `pytest --golden` rewrites them."""

from pathlib import Path

import pytest

from meshguard.report import FORMATS
from meshguard.run import Run
from tests.report.run import CLEAN, RUN

GOLDEN = Path(__file__).parent / "golden"
NAMES = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif.json",
    "github": "github.txt",
    "junit": "xml",
    "gitlab": "gitlab.json",
}


def compare(name: str, report: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / name
    if request.config.getoption("--golden"):
        path.write_text(report, encoding="utf-8")
    assert report == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("name", "run"), [("run", RUN), ("clean", CLEAN)], ids=["run", "clean"])
def test_golden(form: str, name: str, run: Run, request: pytest.FixtureRequest) -> None:
    compare(f"{name}.{NAMES[form]}", FORMATS[form](run), request)


def test_golden_in_colour_on_a_narrow_terminal(request: pytest.FixtureRequest) -> None:
    compare("run.colour.txt", FORMATS["text"](RUN, colour=True, width=80), request)
