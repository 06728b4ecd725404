"""What the README shows is what a user sees: its commands are run and their output compared."""

import re
from pathlib import Path

import pytest

from tests.conftest import Program

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
CONSOLE = re.compile(r"^```console\n\$ (.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)


def test_the_readme_shows_what_happens(user: dict[str, str], request: pytest.FixtureRequest) -> None:
    text = README.read_text()
    assert CONSOLE.findall(text)

    def shown(block: re.Match[str]) -> str:
        done = Program(("sh", "-c", f"{block[1]} 2>&1"), user)()
        assert done.returncode == 0
        return f"```console\n$ {block[1]}\n{done.stdout}```"

    really = CONSOLE.sub(shown, text)
    if request.config.getoption("--golden"):
        README.write_text(really)
    assert text == really


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README.read_text()))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
