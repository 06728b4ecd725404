"""The gate's files do what they promise, as far as that shows without their servers.

Their steps are run, and they are held against the schemas that check-jsonschema carries.
"""

import json
import re
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from tests.conftest import ROOT, Program

POLICY = "services: [{values: '{service}/values.yaml', name: '{service}'}]\n"
BAD = "ports:\n  - {number: 443, name: http}\n"
WARNING = "ports:\n  - {number: 8080, number: 8080, name: http}\n"


def loaded(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def git(repo: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    done = subprocess.run(
        ["git", "-C", str(repo), *identity, *words], check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository whose main branch is clean."""
    repo = tmp_path / "repo"
    (repo / "orders").mkdir(parents=True)
    (repo / ".meshguard.yaml").write_text(POLICY)
    (repo / "orders" / "values.yaml").write_text("{}\n")
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "all")
    return repo


def action(user: dict[str, str], repo: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's step as a runner does: inputs as variables, `sh -e FILE`."""
    (step,) = loaded("action.yml")["runs"]["steps"]
    defaults = {name: str(each["default"]) for name, each in loaded("action.yml")["inputs"].items()}
    given = defaults | {"policy-from": ""} | {name.replace("_", "-"): value for name, value in inputs.items()}
    environ = {
        name: given[source.removeprefix("${{ inputs.").removesuffix(" }}")] for name, source in step["env"].items()
    }
    script = repo.parent / "step.sh"
    script.write_text(step["run"])
    run = Program(("sh", "-e", str(script)), user | environ | {"GITHUB_ACTION_PATH": str(ROOT)})
    return run(cwd=repo)


def test_the_action_is_clean_on_a_clean_repository(user: dict[str, str], repo: Path) -> None:
    done = action(user, repo)
    assert (done.returncode, "::error" in done.stdout) == (0, False), done.stderr


def test_the_action_annotates_what_is_wrong(user: dict[str, str], repo: Path) -> None:
    (repo / "orders" / "values.yaml").write_text(BAD)
    done = action(user, repo, sarif="out/meshguard.sarif")

    assert done.returncode == 1
    assert done.stdout.startswith("::error title=plaintext-on-443,file=orders/values.yaml,line=2,col=14::")
    assert json.loads((repo / "out" / "meshguard.sarif").read_text())["version"] == "2.1.0"


def test_the_action_reads_the_policy_of_the_target(user: dict[str, str], repo: Path) -> None:
    (repo / ".meshguard.yaml").write_text(POLICY + "rules: {duplicate-key: none}\n")
    (repo / "orders" / "values.yaml").write_text(WARNING)

    assert action(user, repo, fail_on="warning").returncode == 0
    assert action(user, repo, fail_on="warning", policy_from="main").returncode == 1


def test_the_action_takes_a_baseline(user: dict[str, str], repo: Path) -> None:
    (repo / "orders" / "values.yaml").write_text(WARNING)
    Program((str(ROOT / "bin" / "meshguard"), "validate", "--write-baseline", "baseline.json"), user)(cwd=repo)

    assert action(user, repo, fail_on="warning").returncode == 1
    assert action(user, repo, fail_on="warning", baseline="baseline.json").returncode == 0


@pytest.mark.parametrize("hostile", ["$(touch pwned)", "'; touch pwned; '", "--help", "`touch pwned`"])
def test_a_hostile_branch_name_is_only_a_name(user: dict[str, str], repo: Path, hostile: str) -> None:
    done = action(user, repo, policy_from=hostile)

    assert done.returncode == 2
    assert not (repo / "pwned").exists()


def test_gitlabs_job_reports_what_is_wrong(user: dict[str, str], repo: Path, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    git(tmp_path, "clone", "-q", "--bare", str(repo), str(origin))
    git(repo, "remote", "add", "origin", f"file://{origin}")
    (repo / "orders" / "values.yaml").write_text(WARNING)
    (repo / ".meshguard.yaml").write_text(POLICY + "rules: {duplicate-key: none}\n")
    job = loaded("ci/gitlab.yml")["meshguard"]
    (tmp_path / "builds").mkdir()
    (tmp_path / "builds" / "meshguard").symlink_to(ROOT)
    environ = user | {
        "CI_BUILDS_DIR": str(tmp_path / "builds"),
        "MESHGUARD_FAIL_ON": "warning",
    }
    script = ("sh", "-e", "-c", "\n".join(job["script"]))
    assert Program(script, environ)(cwd=repo).returncode == 0

    done = Program(script, environ | {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"})(cwd=repo)

    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    (found,) = json.loads((repo / reports["codequality"]).read_text())
    assert (found["check_name"], found["location"]["path"]) == ("duplicate-key", "orders/values.yaml")
    assert "note: .meshguard.yaml is changed; that of 'origin/main' was taken" in done.stdout
    assert "duplicate-key" in (repo / reports["junit"]).read_text()


def test_gitlabs_job_clones_the_version_that_is_said(user: dict[str, str], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "README.md").write_text("x")
    git(source, "init", "-q", "-b", "v0.1.0")
    git(source, "add", ".")
    git(source, "commit", "-qm", "all")
    (script,) = loaded("ci/gitlab.yml")["meshguard"]["before_script"]
    environ = user | {
        "CI_BUILDS_DIR": str(tmp_path),
        "MESHGUARD_VERSION": "v0.1.0",
        "MESHGUARD_REPOSITORY": f"file://{source}",
    }

    assert Program(("sh", "-e", "-c", script), environ)().returncode == 0
    assert (tmp_path / "meshguard" / "README.md").exists()


def test_the_hook_runs_under_pre_commit(user: dict[str, str], repo: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    (hook,) = loaded(".pre-commit-hooks.yaml")
    local = hook | {"entry": f"{ROOT}/{hook['entry']}", "language": "system"}
    config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [local]}]}))
    run = Program(("pre-commit", "run", "--all-files", "--config", str(config)), user)

    assert run(cwd=repo).returncode == 0
    (repo / "orders" / "values.yaml").write_text(BAD)
    failed = run(cwd=repo)
    assert failed.returncode == 1
    assert "[plaintext-on-443]" in failed.stdout


def test_pre_commit_takes_the_hook(user: dict[str, str]) -> None:
    done = Program(("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")), user)()
    assert done.returncode == 0, done.stdout


def workflow() -> Any:
    (snippet,) = re.findall(
        r"```yaml\n# \.github/workflows/meshguard\.yml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    return yaml.load(snippet, Loader=yaml.BaseLoader)  # `on` is a key here, not a boolean


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ("github-actions", loaded("action.yml")),
        ("gitlab-ci", loaded("ci/gitlab.yml")),
        ("github-workflows", workflow()),
    ],
)
def test_a_file_has_the_shape_that_its_server_reads(schema: str, document: Any) -> None:
    source = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{schema}.json"
    published = json.loads(source.read_text(encoding="utf-8"))
    validator = validator_for(published)(published)

    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(document | {"jobs": 1, "runs": 1, "meshguard": 1})


def test_the_workflow_of_the_readme_uses_the_action() -> None:
    checkout, gate = workflow()["jobs"]["meshguard"]["steps"]

    assert (checkout["uses"], checkout["with"]) == ("actions/checkout@v4", {"fetch-depth": "0"})
    assert gate["uses"].split("@")[0].endswith("/meshguard")
    assert set(gate.get("with", {})) <= set(loaded("action.yml")["inputs"])


@pytest.mark.parametrize("name", ["values.yaml", "a/values-prod.yml", "x/.meshguard.yaml", "charts/web/Chart.yaml"])
def test_the_hook_runs_where_values_change(name: str) -> None:

    (hook,) = loaded(".pre-commit-hooks.yaml")
    assert re.search(hook["files"], name)
    assert not re.search(hook["files"], f"{name}.md")
