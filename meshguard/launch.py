"""From a Python and a cache directory to a running meshguard: find its packages, or set them up, and start it.

`bin/meshguard` runs this file as a script: `python -I -S -X utf8 launch.py CACHE ARGUMENT...`. At first nothing but
the standard library can be imported here, and every run pays for what is.
"""

import gc
import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from io import TextIOWrapper


def launch(cache: str, arguments: list[str]) -> int:
    """Run the command line with its packages from below the cache; gives the exit code."""
    if not cache:
        return refuse("HOME is not set, so its Python packages have no place: set MESHGUARD_CACHE to a directory")
    root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    cache = os.path.abspath(cache)
    with open(os.path.join(root, "requirements.lock"), "rb") as lock:
        packages = os.path.join(cache, environment_name(lock.read()))
    sys.path.append(root)
    sys.pycache_prefix = os.path.join(cache, "pyc")  # the plugin directory stays as git made it
    if not (os.path.isdir(packages) and os.path.exists(os.path.join(cache, "python"))):
        from meshguard.environment import set_up  # noqa: PLC0415 - an installer is for the first run only

        obstacle = set_up(root, packages)
        if obstacle:
            return refuse(obstacle)
    sys.path.append(packages)  # not before they are there: what is missing once stays missing to the import system
    return start(arguments, packages)


def environment_name(lock: bytes) -> str:
    """Name the directory of the packages by all that decides which ones fit: ABI, platform and lock file."""
    abi = EXTENSION_SUFFIXES[0].strip(".").removesuffix(".so")  # tells debug and free-threaded builds apart, too
    fingerprint = int.from_bytes(lock, "big") % (2**64 - 59)  # a prime; a hash function would have to be loaded
    return "-".join(filter(None, ("env", abi, c_library(), os.uname().machine, f"{fingerprint:016x}")))


def c_library() -> str:
    """Say "glibc" where it is that, for its wheels differ from musl's."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")[0]
    except (OSError, ValueError):
        return ""


def start(arguments: list[str], packages: str) -> int:
    """Run the command line; gives the exit code."""
    gc.disable()  # a run is short and its values are trees: looking for cycles costs 7 % and finds none
    try:
        from meshguard.cli import main  # noqa: PLC0415 - found only now

        return main(arguments)
    except ImportError as error:
        return refuse(f"its Python packages do not load ({error}): remove {packages} and run again")


def refuse(message: str) -> int:
    """Say why the environment is unusable; gives the exit code for it."""
    sys.stderr.write(f"meshguard: error: {message}\n")
    return 3


def run(arguments: list[str]) -> int:
    """Launch as a process does it: whatever happens is an exit code and at most one message."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    try:
        code = launch(arguments[0], arguments[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return refuse(str(error))
    return code


def _nowhere() -> TextIOWrapper:  # pragma: no cover - tests/launcher/test_process.py closes them
    """Give a stream for output whose descriptor was closed before we started."""
    return open(os.devnull, "w", encoding="utf-8")


if __name__ == "__main__":  # pragma: no cover - the launcher's tests run it as a process
    exit_code = run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)  # taking the interpreter down would cost milliseconds
