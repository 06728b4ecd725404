"""From the lock file to a directory of installed packages, by uv or by pip, safe in a race or after a kill."""

import compileall
import contextlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

WORK_PREFIX = "new-"
STALE_AFTER = 6 * 60 * 60  # seconds; no installation takes that long
SYSTEM_CONFIGURATION = "/etc/uv/uv.toml"

# What would lead an installer astray. Of its own variables those stay that say where packages are fetched from, for
# a company has its mirror; a target, a constraint, hashes switched off give something else than the lock file.
_ASTRAY = re.compile(
    r"PYTHON|__PYVENV|VIRTUAL_ENV|CONDA_PREFIX|(PIP|UV)_"
    r"(?!.*(INDEX|FIND_LINKS|HOST|CERT|TLS|PROXY|TIMEOUT|RETRIES|KEYRING|CREDENTIALS|OFFLINE|CACHE|CONFIG_FILE))"
)
_INSTALLERS_OWN = re.compile(r"(PIP|UV)_")

# The lines of the lock file for what a system can do without: there a path cannot be a regular expression.
_NOT_EVERYWHERE = r"^google-re2==.*\n(?:[ \t]+.*\n)*"

_ADVICE = {
    "venv": "install Python's venv module (python3-venv on Debian and Ubuntu) or uv",
    "pip": "where no package index can be reached, set MESHGUARD_WHEELS to the wheels of the offline archive",
}


class Plan(NamedTuple):
    """What to install: which lock file, for which Python, in which directory, from which wheels ("": an index)."""

    lock: str
    python: str
    work: str
    wheels: str = ""

    @property
    def site(self) -> str:
        """Where the packages go."""
        return os.path.join(self.work, "site")


class Step(NamedTuple):
    """One command of a tool."""

    tool: str
    command: tuple[str, ...]


class Failure(NamedTuple):
    """The tool that failed, and all that it said."""

    tool: str
    output: str


def set_up(root: str, packages: str) -> str | None:
    """Make the directory `packages` hold what the plugin at `root` needs; gives what was in the way."""
    cache = os.path.dirname(packages)
    wheels = wheel_directory(root, os.environ)
    if wheels and not os.path.isdir(wheels):
        return f"MESHGUARD_WHEELS is '{wheels}', which is not a directory"
    python = os.path.realpath(sys.executable)  # of a virtual environment, the Python that outlives it
    try:
        failures = [] if os.path.isdir(packages) else build(root, packages, python, wheels)
    except OSError as error:
        place = error.filename or cache
        return f"cannot write '{place}' ({error.strerror}): set MESHGUARD_CACHE to a directory that can be written"
    if failures:
        return explain(failures)
    with contextlib.suppress(OSError):  # only a short cut for the next run, and the cache may be read-only by now
        remember(python, cache)
    return None


def wheel_directory(root: str, environ: Mapping[str, str]) -> str:
    """Give the directory of wheels that the user named or the offline archive brought; "" means a package index."""
    named = environ.get("MESHGUARD_WHEELS", "")
    shipped = os.path.join(root, "wheels")
    if named:
        return os.path.abspath(named)
    return shipped if os.path.isdir(shipped) else ""


def build(root: str, packages: str, python: str, wheels: str) -> list[Failure]:
    """Install into a directory of its own, then move that into place at once; gives what failed."""
    cache = os.path.dirname(packages)
    os.makedirs(cache, exist_ok=True)
    sweep(cache)
    sys.stderr.write(f"meshguard: first run: installing its Python packages into {packages}\n")
    with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=cache, ignore_cleanup_errors=True) as work:
        plan = Plan(lock_for(root, work, whole=has_every_wheel()), python, work, wheels)
        failures = install(plan, os.environ)
        if failures:
            return failures
        publish(plan.site, packages)
    for code in (packages, os.path.join(root, "meshguard"), os.path.join(root, "validators")):
        compileall.compile_dir(code, quiet=2)  # into the cache, which may be read-only from now on
    return []


def lock_for(root: str, work: str, *, whole: bool) -> str:
    """Give the lock file, or unless `whole` one in `work` without what not every system has a wheel of."""
    lock = os.path.join(root, "requirements.lock")
    if whole:
        return lock
    reduced = os.path.join(work, "requirements.lock")
    with open(lock, encoding="utf-8") as source, open(reduced, "w", encoding="utf-8") as target:
        target.write(re.sub(_NOT_EVERYWHERE, "", source.read(), flags=re.MULTILINE))
    return reduced


def has_every_wheel() -> bool:
    """Tell whether google-re2 has wheels for this system: glibc from 2.27, macOS from 13 (docs/adr/0010)."""
    mac = platform.mac_ver()[0]
    library, _, release = ("macos", "", mac) if mac else glibc().partition(" ")
    return number(release) >= {"glibc": (2, 27), "macos": (13, 0)}.get(library, (sys.maxsize, 0))


def glibc() -> str:
    """Give the C library and its version where it is that one, as in "glibc 2.36"."""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (OSError, ValueError):
        return ""


def number(release: str) -> tuple[int, int]:
    """Give the first two numbers of a version, zero for what is missing."""
    major, minor, *_ = [*(int(part) for part in re.findall("[0-9]+", release)), 0, 0]
    return major, minor


def sweep(cache: str) -> None:
    """Remove what killed installations left behind."""
    for entry in os.scandir(cache):
        with contextlib.suppress(OSError):  # another first run may end, and take its directory away, at this moment
            if entry.name.startswith(WORK_PREFIX) and time.time() - entry.stat().st_mtime > STALE_AFTER:
                shutil.rmtree(entry)


def install(plan: Plan, environ: Mapping[str, str]) -> list[Failure]:
    """Install in the first way that works; gives the failure of every way where none did."""
    failures = []
    settings = installer_settings(plan, environ)
    for steps in ways(plan, environ):
        failure = next(filter(None, (attempt(step, plan.work, settings) for step in steps)), None)
        if failure is None:
            return []
        failures.append(failure)
        shutil.rmtree(plan.site, ignore_errors=True)  # pip would leave what is there as it is
    return failures


def ways(plan: Plan, environ: Mapping[str, str]) -> list[list[Step]]:
    """List the ways to install, the best first; all steps of a way must succeed."""
    wanted = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--target", plan.site, "-r", plan.lock]
    if plan.wheels:
        wanted += ["--no-index", "--find-links", plan.wheels]
    venv = os.path.join(plan.work, "venv")
    pip = [os.path.join(venv, "bin", "python"), "-I", "-m", "pip", "install", "--no-input", "--no-compile", *wanted]
    found = [[Step("venv", (plan.python, "-I", "-m", "venv", venv)), Step("pip", tuple(pip))]]
    uv = shutil.which("uv", path=environ.get("PATH"))
    if uv:
        command = [
            uv,
            *uv_configuration(plan, environ),
            "pip",
            "install",
            "--python",
            plan.python,
            "--link-mode=copy",
        ]
        found.insert(0, [Step("uv", (*command, *wanted))])
    return found


def uv_configuration(plan: Plan, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Name the one configuration that uv may read: its user's or the system's, never a working directory's."""
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME", ""), ".config")
    places = (environ.get("UV_CONFIG_FILE", ""), os.path.join(config_home, "uv", "uv.toml"), SYSTEM_CONFIGURATION)
    found = next((place for place in places if os.path.isabs(place) and os.path.isfile(place)), None)
    return ("--config-file", found) if found and not plan.wheels else ("--no-config",)


def installer_settings(plan: Plan, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables to run an installer with; from wheels it needs none of its own."""
    kept = {name: value for name, value in environ.items() if not _ASTRAY.match(name)}
    if not plan.wheels:
        return kept
    return {name: value for name, value in kept.items() if not _INSTALLERS_OWN.match(name)} | {
        "PIP_CONFIG_FILE": os.devnull
    }


def attempt(step: Step, directory: str, environ: Mapping[str, str]) -> Failure | None:
    """Run one step, away from the user's working directory and terminal; gives its failure."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed list of arguments, no shell
            step.command,
            cwd=directory,
            env={**environ, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        return Failure(step.tool, f"{error.strerror}: {error.filename}")
    return Failure(step.tool, done.stdout) if done.returncode else None


def publish(site: str, packages: str) -> None:
    """Move the installed packages into place at once."""
    try:
        os.rename(site, packages)
    except OSError:
        if not os.path.isdir(packages):  # it is there when another first run was faster: the same packages
            raise


def remember(python: str, cache: str) -> None:
    """Leave the link by which the next run finds its Python."""
    with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=cache, ignore_cleanup_errors=True) as work:
        link = os.path.join(work, "python")
        os.symlink(python, link)
        os.replace(link, os.path.join(cache, "python"))


def explain(failures: list[Failure]) -> str:
    """Say what every tool last said, and what helps."""
    lines = ["cannot install its Python packages"]
    for tool, output in failures:
        said = [line for line in output.splitlines() if line.strip()]
        lines += [f"  {tool}: {printable(line)}" for line in said[-4:]]
    lines += [_ADVICE[failure.tool] for failure in failures if failure.tool in _ADVICE]
    return "\n".join(lines)


def printable(line: str) -> str:
    """Keep a tool's line from doing more to a terminal than to be read."""
    return "".join(char if char.isprintable() else " " for char in line)
