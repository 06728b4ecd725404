"""Run a development command with all that it needs: `tools/dev [--helm] [--istio] COMMAND ARGUMENT...`.

That is a virtual environment of requirements-dev.lock, the wheels of requirements.lock for tests without network,
with --helm real Helm binaries and programs that read values with Helm's own packages, built from the Go modules
below tools/, and one that admits what Helm renders with Kubernetes' own (tests/charts/admission); and with --istio
the program of tests/mesh/lab, built with the Istio of each of its module files, and one that admits as an old Istio
did (tests/mesh/early). All of it is made once, outside the tree: in $MESHGUARD_TEST_CACHE, else
$XDG_CACHE_HOME/meshguard-test, else ~/.cache/meshguard-test.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"
HELMS = {
    "MESHGUARD_TEST_HELM3": TOOLS / "helm3",
    "MESHGUARD_TEST_HELM3_OLDEST": TOOLS / "helm3-oldest",
    "MESHGUARD_TEST_HELM4": TOOLS / "helm4",
}
ORACLES = {
    "MESHGUARD_TEST_ORACLE3": TOOLS / "helm3",
    "MESHGUARD_TEST_ORACLE4": TOOLS / "helm4",
}
PROGRAMS = {
    "MESHGUARD_TEST_KUBERNETES": ("--helm", ROOT / "tests" / "charts" / "admission"),
    "MESHGUARD_TEST_ISTIO_EARLY": ("--istio", ROOT / "tests" / "mesh" / "early"),
}
LAB = ROOT / "tests" / "mesh" / "lab"
ISTIOS = {"MESHGUARD_TEST_ISTIO": LAB / "go.mod", "MESHGUARD_TEST_ISTIO_OLDEST": LAB / "istio-1.27.mod"}


def main(arguments: list[str]) -> None:
    """Make what the command needs and become it."""
    flags = list(takewhile({"--helm", "--istio"}.__contains__, arguments))
    command = arguments[len(flags) :]
    venv = made("venv", [ROOT / "requirements-dev.lock"], make_venv)
    wheels = made("wheels", [ROOT / "requirements.lock"], download_wheels)
    path = os.pathsep.join((str(venv / "bin"), os.environ["PATH"]))
    environ = {**os.environ, "PATH": path, "MESHGUARD_TEST_WHEELS": str(wheels)}
    for variable, module in HELMS.items() if "--helm" in flags else ():
        binary = made(module.name, [module / "go.mod", module / "go.sum"], build_helm) / "helm"
        environ[variable] = str(binary)
    for variable, module in ORACLES.items() if "--helm" in flags else ():
        sources = [module / "go.mod", module / "go.sum", module / "oracle" / "main.go"]
        environ[variable] = str(made(f"{module.name}-oracle", sources, build_oracle) / "oracle")
    wanted = {variable: module for variable, (flag, module) in PROGRAMS.items() if flag in flags}
    for variable, module in wanted.items():
        sources = [module / "go.mod", module / "go.sum", module / "main.go"]
        environ[variable] = str(made(module.name, sources, build_program) / module.name)
    for variable, file in ISTIOS.items() if "--istio" in flags else ():
        sources = [file, file.with_suffix(".sum"), *sorted(LAB.glob("*.go"))]
        environ[variable] = str(made(variable.lower().replace("_", "-"), sources, build_istio) / "lab")
    os.chdir(ROOT)
    os.execvpe(command[0], command, environ)  # noqa: S606 - the developer's own command


def made(name: str, locks: list[Path], make: Callable[[Path, Path], None]) -> Path:
    """Give the directory that `make` fills from the first lock file; it is made anew when the locks change."""
    content = b"".join(lock.read_bytes() for lock in locks)
    key = hashlib.sha256(content + sys.version.encode()).hexdigest()[:16]
    directory = cache() / f"{name}-{key}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it when we are killed
        complete = directory / "complete"
        if not complete.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            sys.stderr.write(f"making {directory}\n")
            make(directory, locks[0])
            complete.touch()
    return directory


def cache() -> Path:
    """Give the directory for all that is made."""
    named = os.environ.get("MESHGUARD_TEST_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(named or os.path.join(home, "meshguard-test")).absolute()


def make_venv(directory: Path, lock: Path) -> None:
    """Install the development packages, wheels only, each held against its hash."""
    call(sys.executable, "-I", "-m", "venv", str(directory))
    python = str(directory / "bin" / "python")
    call(python, "-I", "-m", "pip", "install", "--quiet", *hashed(lock))


def download_wheels(directory: Path, lock: Path) -> None:
    """Fetch the packages that the plugin's own first run installs."""
    python = made("venv", [ROOT / "requirements-dev.lock"], make_venv) / "bin" / "python"
    call(str(python), "-I", "-m", "pip", "download", "--quiet", "--dest", str(directory), *hashed(lock))


def hashed(lock: Path) -> list[str]:
    """Give pip's arguments for exactly what a lock file names."""
    return [
        "--disable-pip-version-check",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-deps",
        "-r",
        str(lock),
    ]


def build_helm(directory: Path, module: Path) -> None:
    """Build the Helm that a go.mod requires, so that it tells its version as a release does."""
    found = re.search(r"(helm\.sh/helm/v\d+) (v\S+)", module.read_text())
    if not found:
        sys.exit(f"{module} requires no Helm")
    package, version = found.groups()
    stamp = f"-s -w -X {package}/internal/version.version={version}"
    build_go(module.parent, "-ldflags", stamp, "-o", str(directory / "helm"), f"{package}/cmd/helm")


def build_program(directory: Path, module: Path) -> None:
    """Build the program that stands beside its go.mod, and has the name of its directory."""
    build_go(module.parent, "-o", str(directory / module.parent.name), ".")


def build_istio(directory: Path, module: Path) -> None:
    """Build the program that asks Istio's own code, with the Istio that a module file requires."""
    build_go(LAB, f"-modfile={module}", "-o", str(directory / "lab"), ".")


def build_go(directory: Path, *arguments: str) -> None:
    """Build a Go program exactly as its module files say."""
    if not shutil.which("go"):
        sys.exit("the tests build real Helm and ask Istio's own code: install Go (https://go.dev/doc/install)")
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}
    call("go", "build", *arguments, cwd=directory, settings=settings)


def build_oracle(directory: Path, module: Path) -> None:
    """Build the program that reads values with Helm's own packages."""
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOWORK": "off"}
    call("go", "build", "-o", str(directory / "oracle"), "./oracle", cwd=module.parent, settings=settings)


def call(*command: str, cwd: Path = ROOT, settings: dict[str, str] | None = None) -> None:
    """Run a command to its end, and end with it where it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    code = subprocess.run(command, cwd=cwd, env={**environ, **(settings or {})}, check=False).returncode
    if code:
        sys.exit(f"{' '.join(command)} failed with {code}")


if __name__ == "__main__":
    main(sys.argv[1:])
