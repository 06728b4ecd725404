import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import Run

POLICY = "services: [{values: '{service}/values.yaml', name: '{service}'}]\n"
WARNING = "ports:\n  - {number: 8080, number: 8080, name: http}\n"
LOCKED = "ports:\n  - {number: 443, name: http}\n"
FILES = {".meshguard.yaml": POLICY, "a/values.yaml": WARNING, "b/values.yaml": LOCKED}


def test_several_reports_at_once(run: Run, repo: Path) -> None:
    result = run("validate", "--report", "json=out/r.json", "--report", "sarif=r.sarif", files=FILES)

    assert result.code == 1
    assert "a/values.yaml:2:" in result.out
    assert json.loads((repo / "out" / "r.json").read_text())["version"] == 1
    assert json.loads((repo / "r.sarif").read_text())["version"] == "2.1.0"
    assert list(repo.rglob("*.part")) == []


@pytest.mark.parametrize("word", ["json", "=x", "json=", "pdf=x"])
def test_a_report_needs_a_format_and_a_file(run: Run, word: str) -> None:
    result = run("validate", "--report", word, files=FILES)
    assert result.code == 2
    assert f"--report '{word}' must be FORMAT=FILE" in result.err


def test_two_reports_do_not_share_a_file(run: Run, repo: Path) -> None:
    result = run("validate", "--report", "json=r", "--report", "sarif=r", files=FILES)
    assert (result.code, result.out, (repo / "r").exists()) == (2, "", False)
    assert "--report names a file twice" in result.err


def test_an_argument_is_no_fault_of_the_policy(run: Run) -> None:
    words = ("validate", "--set", "ports[0].number=443,ports[0].name=http", "-o", "gitlab")
    assert [found["location"]["path"] for found in json.loads(run(*words, files=FILES).out)] == ["values.yaml"]


def test_a_report_that_cannot_be_written_is_an_error(run: Run) -> None:
    result = run("validate", "--report", "json=a/values.yaml/r.json", files=FILES)
    assert (result.code, result.out) == (2, "")
    assert "'a/values.yaml/r.json' cannot be written" in result.err


def test_a_report_goes_through_what_is_no_file(run: Run, repo: Path) -> None:
    os.mkfifo(repo / "pipe")
    reader = os.open(repo / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    run("validate", "--report", "json=pipe", files=FILES)

    assert json.loads(os.read(reader, 100_000))["version"] == 1
    assert not (repo / "pipe").is_file()


def test_a_full_device_stays_what_it_is(run: Run) -> None:
    result = run("validate", "--report", "json=/dev/full", files=FILES)

    assert (result.code, result.out) == (2, "")
    assert result.err == "meshguard: error: '/dev/full' cannot be written: No space left on device\n"
    assert not Path("/dev/full").is_file()


def test_a_report_goes_through_no_link(run: Run, repo: Path) -> None:
    (repo / "r.json").symlink_to("/dev/null")
    run("validate", "--report", "json=r.json", files=FILES)

    assert not (repo / "r.json").is_symlink()
    assert json.loads((repo / "r.json").read_text())["version"] == 1


def test_a_baseline_accepts_what_was_wrong_before(run: Run) -> None:
    first = run("validate", "--write-baseline", "b.json", files=FILES)
    assert first.code == 1
    assert "[plaintext-on-443]" in first.out

    again = run("validate", "--baseline", "b.json", "--fail-on", "warning", files={"b/values.yaml": "{}"})
    assert again.code == 0

    mended = run("validate", "--baseline", "b.json", files={"a/values.yaml": "{}"})
    assert "[unused-baseline]" in mended.out
    assert "b.json:" in mended.out
    policy = {".meshguard.yaml": POLICY + "rules: {unused-baseline: none}\n"}
    assert "[unused-baseline]" not in run("validate", "--baseline", "b.json", files=policy).out
    assert run("validate", "--baseline", "a/values.yaml").code == 2


def git(repo: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "-C", str(repo), *identity, *words], check=True, capture_output=True)


def test_a_pull_request_does_not_loosen_its_own_gate(run: Run, repo: Path) -> None:
    (repo / ".git").rmdir()
    git(repo, "init", "-q", "-b", "main")
    run("version", files=FILES)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "all")
    run("version", files={".meshguard.yaml": POLICY + "rules: {duplicate-key: none}\n"})

    assert "[duplicate-key]" not in run("validate").out
    assert "[duplicate-key]" in run("validate", "--policy-from", "main").out
    assert run("validate", "--policy-from", "nowhere").code == 2
    assert run("validate", "--policy-from", "main", "--policy", "x").code == 2
