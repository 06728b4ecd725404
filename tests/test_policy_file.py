import os
import re
import subprocess
from pathlib import Path

import pytest

from meshguard.diagnostic import Severity, UserError
from meshguard.policy_file import find_policy, load_policy, policy_of_ref, repository
from meshguard.rule import Rule

RULES = (
    Rule("a-rule", Severity.WARNING, "A fault.\n", lambda _: ()),
    Rule("unsafe-retry", Severity.ERROR, "A fault.\n", lambda _: ()),
    Rule("locked-rule", Severity.ERROR, "A fault.\n", lambda _: (), locked=True),
    Rule("of-the-engine", Severity.ERROR, "A fault.\n"),
)


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


def test_a_cluster_may_name_gateways_of_its_own() -> None:
    text = (
        "gateways: {a: {gateway: n/a}}\nclusters: {dev: {gateways: {a: {tls: passthrough}, b: {gateway: n/b}}}}\n"
    )
    sites = load_policy("p.yaml", text.encode(), RULES).sites

    assert list(sites["dev"].gateways) == ["a", "b"]
    assert sites["dev"].gateways["a"].gateway == "n/a"


def test_a_cluster_may_have_another_default_gateway() -> None:
    text = """gateways: {a: {gateway: n/a, default: true}}
clusters: {dev: {gateways: {a: {default: false}, b: {gateway: n/b, default: true}}}}
teams: {shop: {visibility: [a, b]}}
"""
    sites = load_policy("p.yaml", text.encode(), RULES).sites

    assert [name for name, gateway in sites["dev"].gateways.items() if gateway.default] == ["b"]


def test_gateways_of_clusters_are_held_against_the_others() -> None:
    text = """gateways: {a: {gateway: n/a, default: true}}
clusters: {x: {}, y: {gateways: {b: {gateway: n/b, default: true}}}}
teams: {shop: {visibility: [b, edge]}}
"""
    with pytest.raises(UserError) as error:
        load_policy("p.yaml", text.encode(), RULES)

    assert str(error.value).split("\n")[1:] == [
        "  p.yaml:2:61: 'a' is the default gateway already; there can be one",
        "  p.yaml:3:32: no gateway is named 'edge'; the gateways are 'a', 'b'",
    ]


def test_outside_of_git_it_is_in_the_directory(tmp_path: Path) -> None:
    write(tmp_path / ".meshguard.yaml")

    assert find_policy(str(tmp_path), []) == ".meshguard.yaml"


def test_there_may_be_none(repo: Path) -> None:
    assert find_policy(str(repo), []) is None


def test_a_policy_further_down_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    write(repo / ".meshguard.yaml")
    write(repo / "team" / ".meshguard.yaml")

    with pytest.raises(UserError) as refused:
        find_policy(str(repo), [str(repo / "team" / "orders" / "values.yaml")])
    assert str(refused.value) == (
        "'team/.meshguard.yaml': a policy below the top of the repository does not count; move what it says to"
        " '.meshguard.yaml'"
    )
    assert find_policy(str(repo), [str(repo / "values.yaml")]) == ".meshguard.yaml"


def test_the_policy_of_another_repository_does_not_count(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo)
    (repo / "team" / ".git").mkdir()
    write(repo / "team" / ".meshguard.yaml")

    with pytest.raises(UserError) as refused:
        find_policy(str(repo), [str(repo / "team" / "orders" / "values.yaml")])
    assert str(refused.value) == (
        "'team/.meshguard.yaml' is the policy of another repository; run there, or name it with --policy"
    )


def test_a_good_policy_is_loaded(tmp_path: Path) -> None:
    text = """
rules: {a-rule: error, unsafe-retry: error, locked-rule: error}
locked: [unsafe-retry, a-rule]
exemptions: [{rule: a-rule, service: s, reason: r, approvedBy: a, expires: 2030-01-01}]
"""
    path = write(tmp_path / "p.yaml", text)
    policy = load_policy(path, Path(path).read_bytes(), RULES)

    assert policy.file == path
    assert policy.locked == {"unsafe-retry", "a-rule"}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: [", ["the policy cannot be read"]),
        ("gatewys: {}\nversion: 2\n", [":1:1: ", "'gatewys'", ":2:10: ", "'2'"]),
        ("mesh: {mode: ambient}\n", [":1:14: mesh mode 'ambient' is not supported yet"]),
        ("rules: {unsafe-retri: info}\n", [":1:9: there is no rule 'unsafe-retri'; did you mean 'unsafe-retry'?"]),
        ("rules: {xyz: info}\n", ["there is no rule 'xyz'; `helm meshguard rules` lists them"]),
        (
            "clusters: {dev: {gateways: {new: {tls: terminate}}}, prod: {mesh: {mtls: STRICT}}}\n",
            [":1:34: gateway 'new' of cluster 'dev' needs 'gateway'"],
        ),
        (
            "exemptions: [{rule: a-rule, service: s, reason: r, approvedBy: a, expires: 2030-02-31}]\n",
            [":1:76: '2030-02-31' is not a day of the calendar"],
        ),
        (
            "services:\n  - {values: '{s}/v.yaml', environments: {prod: {namespace: '{t}-{team}'}, dev: {}}}\n",
            ["p.yaml:2:61: nothing gives the word '{t}'; the words here are '{env}', '{s}', '{service}', '{team}'"],
        ),
        (
            "rules: {locked-rule: warning, a-rule: none}\nlocked: [a-rule]\n",
            [
                "p.yaml:1:22: 'locked-rule' is locked and stays 'error', not 'warning': only an exemption lifts it",
                "p.yaml:1:39: 'a-rule' is locked and stays 'warning', not 'none'",
            ],
        ),
        (
            "exemptions: [{rule: of-the-engine, service: s, reason: r, approvedBy: a, expires: 2030-01-01}]\n",
            ["p.yaml:1:21: no exemption lifts 'of-the-engine': what it finds has to be mended"],
        ),
        ("locked: [a-rule, xyz]\n", [":1:18: there is no rule 'xyz'"]),
        (
            "limits: {paths: 3}\nmesh: {}\nlimits: {}\n",
            ["p.yaml:3:1: 'limits' stands in this map already"],
        ),
        ("version: 1\n---\nlimits: {}\n", ["p.yaml:2:1: a policy is one document, and here begins another one"]),
        (
            "gateways: {a: {gateway: n/a, default: true}, b: {gateway: n/b}, c: {gateway: n/c, default: true}}\n",
            ["p.yaml:1:92: 'a' is the default gateway already; there can be one"],
        ),
        (
            "exemptions: [{rule: xyz, service: s, reason: r, approvedBy: a, expires: 2030-01-01}]\n",
            [":1:21: there is no rule 'xyz'"],
        ),
    ],
)
def test_a_broken_policy_stops_the_run(text: str, lines: list[str]) -> None:
    with pytest.raises(UserError) as error:
        load_policy("p.yaml", text.encode(), RULES)

    assert [line for line in lines if line not in str(error.value)] == []


def git(repo: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", str(repo), *identity, *words], check=True, capture_output=True)


def test_a_policy_can_be_that_of_a_ref(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path / ".meshguard.yaml", "version: 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "policy")
    write(tmp_path / ".meshguard.yaml", "rules: {a-rule: none}\n")
    (tmp_path / "team").mkdir()

    assert policy_of_ref("main", str(tmp_path / "team")) == ("main:.meshguard.yaml", b"version: 1\n")


# The names that begin with a colon are git's for its index, which is the pull request's own.
@pytest.mark.parametrize("ref", ["nowhere", "origin/main", "--help", "", ":", ":0"])
def test_a_ref_that_is_no_commit_stops_the_run(tmp_path: Path, ref: str) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path / ".meshguard.yaml")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    with pytest.raises(UserError, match=rf"--policy-from '{re.escape(ref)}' is no commit .*; fetch it first"):
        policy_of_ref(ref, str(tmp_path))


def test_a_ref_without_a_policy_stops_the_run(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-qm", "x", "--allow-empty")
    with pytest.raises(UserError, match=r"there is no \.meshguard\.yaml at 'main'"):
        policy_of_ref("main", str(tmp_path))


def test_what_git_says_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no commit that git knows here: fatal: not a git repository"):
        policy_of_ref("main", str(tmp_path))


def test_git_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs git"):
        policy_of_ref("main", str(tmp_path))
