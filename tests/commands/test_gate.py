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
    assert "'r' is written twice" in result.err
    for words in (("--report", "json=./r", "--report", "sarif=r"), ("--report", "json=r", "--write-baseline", "r")):
        assert run("validate", *words).code == 2
    assert not (repo / "r").exists()


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


def test_a_report_does_not_follow_a_link_out_of_the_repository(run: Run, repo: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (repo / "out").symlink_to(outside)
    (repo / "in").symlink_to("a")

    result = run("validate", "--report", "json=out/r.json", files=FILES)
    assert (result.code, result.out, list(outside.iterdir())) == (2, "", [])
    assert "'out/r.json' leads out of the working directory through a symbolic link" in result.err
    assert run("validate", "--report", "json=in/r.json").code == 1
    assert run("validate", "--report", f"json={outside}/r.json").code == 1


def test_a_report_is_no_directory(run: Run, repo: Path) -> None:
    assert "'out/' names a directory" in run("validate", "--report", "json=out/", files=FILES).err
    assert "'a' cannot be written: Is a directory" in run("validate", "--report", "json=a").err
    assert not (repo / "out").exists()


@pytest.mark.parametrize("folder", [".", "a", "a/deeper"])
def test_reports_name_files_from_the_top_of_the_repository(
    run: Run, repo: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    run("version", files=FILES)
    (repo / "a" / "deeper").mkdir()
    expected = json.loads(run("validate", "-o", "gitlab").out)
    monkeypatch.chdir(repo / folder)

    found = json.loads(run("validate", "-o", "gitlab").out)
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert "file=a/values.yaml,line=2" in run("validate", "-o", "github").out
    assert '"uri": "b/values.yaml"' in run("validate", "-o", "sarif").out
    assert os.path.relpath(repo / "b/values.yaml") in run("validate").out


def test_a_baseline_holds_from_any_directory(run: Run, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("validate", "--write-baseline", "b.json", files={**FILES, "b/values.yaml": "{}"})
    monkeypatch.chdir(repo / "a")

    assert run("validate", "--baseline", "../b.json", "--fail-on", "warning").code == 0
    assert run("validate", "--baseline", "../b.json", "-f", "values.yaml", "--fail-on", "warning").code == 0


def test_a_baseline_says_what_it_does_not_accept(run: Run) -> None:
    files = {**FILES, "c/values.yaml": "ports: 1\n"}
    written = run("validate", "--write-baseline", "b.json", files=files)
    note = "note: b.json accepts no findings of 'plaintext-on-443', 'schema': they have to be mended"

    assert note in written.out
    assert "accepts" not in run("validate", "--baseline", "b.json").out
    assert (
        "accepts"
        not in run(
            "validate", "--write-baseline", "c.json", files={**files, "b/values.yaml": "{}", "c/values.yaml": "{}"}
        ).out
    )


def test_entries_of_a_service_that_is_gone_do_not_occur(run: Run, repo: Path) -> None:
    run("validate", "--write-baseline", "b.json", files={**FILES, "b/values.yaml": "{}"})
    (repo / "a" / "values.yaml").rename(repo / "b" / "values.yaml")
    result = run("validate", "--baseline", "b.json", "--fail-on", "warning")

    assert result.code == 1
    assert "the finding 'duplicate-key' of 'a/values.yaml' does not occur any more" in result.out
    assert "[duplicate-key]" in result.out


@pytest.mark.parametrize("broken", ["ports: [", "ports: 1\n", None])
def test_what_could_not_be_judged_may_still_occur(run: Run, repo: Path, broken: str | None) -> None:
    policy = POLICY.replace("name: '{service}'", "environments: {prod: {values: [p.yaml]}}")
    run(
        "validate",
        "--write-baseline",
        "b.json",
        files={".meshguard.yaml": policy, "a/values.yaml": WARNING, "a/p.yaml": ""},
    )
    if broken is None:
        (repo / "a" / "p.yaml").unlink()
        (repo / "a" / "p.yaml").mkdir()
    else:
        (repo / "a" / "p.yaml").write_text(broken)
    result = run("validate", "--baseline", "b.json")

    assert result.code == 1
    assert "a/p.yaml:1:" in result.out
    assert "[unused-baseline]" not in result.out


def test_a_change_of_the_policy_is_judged_apart(run: Run, repo: Path) -> None:
    (repo / ".git").rmdir()
    git(repo, "init", "-q", "-b", "main")
    run("version", files={".meshguard.yaml": POLICY, "a/values.yaml": "{}\n"})
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "all")

    assert "that of 'main'" not in run("validate", "--policy-from", "main").out
    changed = run(
        "validate", "--policy-from", "main", files={".meshguard.yaml": POLICY + "locked: [unsafe-retry]\n"}
    )
    assert (changed.code, "note: .meshguard.yaml is changed; that of 'main' was taken\n" in changed.out) == (
        0,
        True,
    )
    broken = run("validate", "--policy-from", "main", files={".meshguard.yaml": POLICY + "locked: [nothing]\n"})
    assert (broken.code, broken.out) == (2, "")
    assert "the policy is not valid:\n  .meshguard.yaml:2:10: there is no rule 'nothing'" in broken.err
    (repo / ".meshguard.yaml").unlink()
    gone = run("validate", "--policy-from", "main")
    assert (gone.code, "note: there is no .meshguard.yaml any more; that of 'main' was taken\n" in gone.out) == (
        0,
        True,
    )


def test_a_finding_in_the_policy_of_a_ref_stands_in_its_file(run: Run, repo: Path) -> None:
    exemption = "{rule: plaintext-on-443, service: b, reason: old, approvedBy: me, expires: 2030-01-01}"
    (repo / ".git").rmdir()
    git(repo, "init", "-q", "-b", "main")
    run("version", files={**FILES, ".meshguard.yaml": f"{POLICY}exemptions: [{exemption}]\n"})
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "all")

    found = run("validate", "--policy-from", "main", "--today", "2031-01-01", "-o", "github").out
    assert "::warning title=expired-exemption,file=.meshguard.yaml,line=2,col=" in found


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
