import os
from pathlib import Path

import pytest

from meshguard.diagnostic import UserError
from meshguard.policy_file import find_policy, load_policy, repository

RULES = ("a-rule", "unsafe-retry")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "team" / "orders").mkdir(parents=True)
    return tmp_path


def write(path: Path, text: str = "version: 1\n") -> str:
    path.write_text(text)
    return str(path)


def test_the_policy_is_at_the_top_of_the_repository(repo: Path) -> None:
    write(repo / ".meshguard.yaml")

    assert repository(str(repo / "team")) == os.path.realpath(repo)
    assert find_policy(str(repo / "team"), [str(repo / "team" / "orders" / "values.yaml")]) == "../.meshguard.yaml"


def test_outside_of_git_it_is_in_the_directory(tmp_path: Path) -> None:
    write(tmp_path / ".meshguard.yaml")

    assert find_policy(str(tmp_path), []) == ".meshguard.yaml"


def test_there_may_be_none(repo: Path) -> None:
    assert find_policy(str(repo), []) is None


def test_a_policy_further_down_is_refused(repo: Path) -> None:
    write(repo / ".meshguard.yaml")
    write(repo / "team" / ".meshguard.yaml")

    with pytest.raises(
        UserError, match="a policy below the top of the repository does not count; move what it says"
    ):
        find_policy(str(repo), [str(repo / "team" / "orders" / "values.yaml")])


def test_a_good_policy_is_loaded(tmp_path: Path) -> None:
    text = """
rules: {a-rule: info}
locked: [unsafe-retry]
exemptions: [{rule: a-rule, service: s, reason: r, approvedBy: a, expires: 2030-01-01}]
"""
    path = write(tmp_path / "p.yaml", text)
    policy = load_policy(path, RULES)

    assert policy.file == path
    assert policy.locked == {"unsafe-retry"}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: [", ["the policy cannot be read"]),
        ("gatewys: {}\nversion: 2\n", [":1:1: ", "'gatewys'", ":2:10: ", "'2'"]),
        ("mesh: {mode: ambient}\n", [":1:14: mesh mode 'ambient' is not supported yet"]),
        ("rules: {unsafe-retri: info}\n", [":1:9: there is no rule 'unsafe-retri'; did you mean 'unsafe-retry'?"]),
        ("rules: {xyz: info}\n", ["there is no rule 'xyz'; `helm meshguard rules` lists them"]),
        ("locked: [a-rule, xyz]\n", [":1:18: there is no rule 'xyz'"]),
        (
            "exemptions: [{rule: xyz, service: s, reason: r, approvedBy: a, expires: 2030-01-01}]\n",
            [":1:21: there is no rule 'xyz'"],
        ),
    ],
)
def test_a_broken_policy_stops_the_run(tmp_path: Path, text: str, lines: list[str]) -> None:
    with pytest.raises(UserError) as error:
        load_policy(write(tmp_path / "p.yaml", text), RULES)

    assert [line for line in lines if line not in str(error.value)] == []


def test_a_policy_that_is_not_there_stops_it_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_policy(str(tmp_path / "p.yaml"), RULES)
