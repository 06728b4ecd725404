"""Make the archives of a release from HEAD: `dist/meshguard-VERSION.tgz`, the same with wheels, and checksums.

Helm 4 installs an archive NAME-VERSION.tgz from its directory NAME, which is why the two differ in that, too.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"),
    ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"),
    ("musllinux_1_1_x86_64", "musllinux_1_2_x86_64"),
    ("musllinux_1_1_aarch64", "musllinux_1_2_aarch64"),
    ("macosx_12_0_x86_64",),
    ("macosx_12_0_arm64",),
)
# What has wheels for fewer platforms, and is left out of an installation elsewhere (meshguard/environment.py).
FEW = r"^google-re2==.*\n(?:[ \t]+.*\n)*"
FEW_PLATFORMS = (
    ("manylinux_2_27_x86_64", "manylinux_2_28_x86_64"),
    ("manylinux_2_26_aarch64", "manylinux_2_28_aarch64"),
    ("macosx_13_0_x86_64",),
    ("macosx_13_0_arm64",),
)


def main() -> None:
    """Write the archives of HEAD and their checksums into dist/."""
    if output("git", "status", "--porcelain"):
        sys.exit("the tree differs from HEAD: an archive is made of what is committed")
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        wheels = download(Path(directory))
        archives = [archive(dist, "meshguard", []), archive(dist, "meshguard-offline", wheels)]
    sums = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in archives)
    (dist / f"meshguard-{version()}.sha256").write_text(sums)
    sys.stdout.write(sums)


def version() -> str:
    """Give the version, which stands in plugin.yaml and only there."""
    found = re.search(r'^version: "(.+)"$', (ROOT / "plugin.yaml").read_text(), re.MULTILINE)
    if not found:
        sys.exit('plugin.yaml has no line of the form `version: "1.2.3"`')
    return found[1]


def archive(dist: Path, name: str, wheels: list[Path]) -> Path:
    """Write NAME-VERSION.tgz with everything below NAME/; the same commit and wheels give the same bytes."""
    path = dist / f"{name}-{version()}.tgz"
    added = [f"--add-file={wheel}" for wheel in wheels]
    prefixes = [f"--prefix={name}/wheels/", *added, f"--prefix={name}/"]
    output("git", "-c", "tar.umask=022", "archive", "--format=tgz", f"--output={path}", *prefixes, "HEAD")
    return path


def download(directory: Path) -> list[Path]:
    """Fetch the wheels of the lock file for all platforms and Pythons, each held against its hash."""
    # pip judges the condition of a requirement by the Python that it runs on: without conditions all is fetched.
    text = re.sub(r" ; .*(?= \\$)", "", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)
    few = re.search(FEW, text, re.MULTILINE)
    (directory / "few.lock").write_text(few[0] if few else "")
    (directory / "all.lock").write_text(re.sub(FEW, "", text, flags=re.MULTILINE))
    fetch(directory, directory / "all.lock", PLATFORMS)
    fetch(directory, directory / "few.lock", FEW_PLATFORMS)
    return sorted((directory / "wheels").iterdir())


def fetch(directory: Path, lock: Path, platforms: tuple[tuple[str, ...], ...]) -> None:
    """Fetch the wheels of a lock file for these platforms and all Pythons."""
    for python in PYTHONS:
        for platform in platforms:
            target = [word for tag in platform for word in ("--platform", tag)]
            options = [
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--no-deps",
                "--dest",
                str(directory / "wheels"),
            ]
            of_python = ["--implementation", "cp", "--python-version", python]
            output(sys.executable, "-m", "pip", "download", "-r", str(lock), *options, *of_python, *target)


def output(*command: str) -> str:
    """Run a command and give what it prints; end with it where it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main()
