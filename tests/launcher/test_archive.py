"""The archives of a release: of one commit, for Helm 4, and the same bytes whenever they are made."""

import tarfile
from pathlib import Path

import pytest

from tests.conftest import Program, helm_home
from tools import dist

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    return dist.archive(tmp_path, "meshguard", [])


def test_an_archive_is_made_twice_the_same(archived: Path, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    again = dist.archive(tmp_path / "again", "meshguard", [])
    assert archived.name == "meshguard-0.1.0.tgz"
    assert archived.read_bytes() == again.read_bytes()


def test_an_archive_holds_what_a_user_runs_and_no_more(archived: Path) -> None:
    with tarfile.open(archived) as archive:
        members = archive.getmembers()
    names = [member.name for member in members]
    assert len(set(names)) == len(names)
    assert all(member.isfile() or member.isdir() for member in members)
    seen = {""}
    for member in members:
        assert member.name.rpartition("/")[0] in seen
        seen |= {member.name} if member.isdir() else set()
    tops = {name.split("/")[1] for name in names if "/" in name}
    needed = {
        "plugin.yaml",
        "completion.yaml",
        "plugin.complete",
        "requirements.lock",
        "bin",
        "meshguard",
        "validators",
    }
    assert needed <= tops
    assert not tops & {"tests", "tools", "Makefile", ".ci", "requirements-dev.lock"}


def test_the_offline_archive_holds_wheels_too(wheels: str, tmp_path: Path) -> None:
    files = sorted(Path(wheels).glob("*.whl"))
    with tarfile.open(dist.archive(tmp_path, "meshguard-offline", files)) as archive:
        found = [name for name in archive.getnames() if name.startswith("meshguard-offline/wheels/")]
    assert found == [f"meshguard-offline/wheels/{file.name}" for file in files]


@pytest.mark.parametrize("name", ["meshguard", "meshguard-offline"])
def test_helm_4_installs_an_archive(
    name: str, helm4: str, user: dict[str, str], wheels: str, tmp_path: Path
) -> None:
    files = sorted(Path(wheels).glob("*.whl")) if name == "meshguard-offline" else []
    path = dist.archive(tmp_path, name, files)
    fresh = {"MESHGUARD_CACHE": str(tmp_path / "cache")} if files else {}  # the wheels are all that there is
    nowhere = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    helm = Program((helm4,), user | helm_home(tmp_path / "helm") | fresh | nowhere)
    installed = helm("plugin", "install", str(path), "--verify=false")
    assert installed.returncode == 0, installed.stderr
    done = helm("meshguard", "version")
    assert (done.returncode, done.stdout) == (0, "0.1.0\n"), done.stderr
    assert helm("plugin", "uninstall", "meshguard").returncode == 0
    assert not (Path(helm.environ["HELM_DATA_HOME"]) / "plugins" / name).exists()
