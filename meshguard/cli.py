"""The command line: arguments and files in, text and an exit code out. The only place with side effects.

Exit codes: 0 clean, 1 findings at or above --fail-on, 2 the run could not be done, 3 the environment is unusable.
"""

import os
import sys
from importlib import import_module

from meshguard.diagnostic import UserError
from meshguard.plugin import program, version

COMMANDS = ("validate", "render", "tls-check", "values", "explain", "rules", "schema")

USAGE = """\
meshguard proves that mesh-agnostic values are safe, and renders them for Istio.

Usage: {prog} COMMAND [NAME] [CHART] [flags]

Commands:
  validate   judge values: what is wrong, where, and what would be right
  render     print the Istio objects that say the same as the values
  tls-check  say for every host and port whether it is mutual TLS or plaintext, and who decides
  values     print the merged values as templates see them, and where each comes from
  explain    show the page of a rule: what, why, examples, sources
  rules      list all rules
  schema     print the JSON Schema of the values, or of the policy
  version    print the version
  help       show this, or the flags of a command

`{prog} COMMAND --help` shows the flags of a command.
"""


def main(argv: list[str]) -> int:
    """Run one command and give its exit code; whatever goes wrong is one message on stderr."""
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except UserError as error:
        return _fail(str(error))
    except OSError as error:
        # Nothing that is still buffered may be tried again on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # A reader that has gone, as `head` does, need not be told.
        return 2 if isinstance(error, BrokenPipeError) else _fail(f"{error.strerror or error}")
    except KeyboardInterrupt:
        return 130
    except ImportError:
        raise  # the launcher knows what is wrong with the packages
    except Exception as error:
        if "--debug" in argv or os.environ.get("HELM_DEBUG") in {"1", "true"}:
            raise
        return _fail(f"this is a bug in meshguard, please report it with --debug: {type(error).__name__}: {error}")
    return code


def _fail(message: str) -> int:
    from meshguard.escape import printable_lines  # noqa: PLC0415 - the good case says nothing

    sys.stderr.write(f"meshguard: error: {printable_lines(message)}\n")
    return 2


def _dispatch(argv: list[str]) -> int:
    if argv[:1] in (["--help"], ["-h"], []):
        return _help([])
    if argv[:1] == ["--version"]:
        return _version([])
    place, name = next(((at, word) for at, word in enumerate(argv) if not word.startswith("-")), (0, argv[0]))
    rest = argv[:place] + argv[place + 1 :]
    if name == "help":
        return _help(rest)
    if name == "version":
        return _version(rest)
    if name not in COMMANDS:
        raise UserError(f"there is no command '{name}'; the commands are {', '.join(COMMANDS)}, version and help")
    # Imported by name, so that a command pays for its own imports only.
    return int(import_module(f"meshguard.commands.{name.replace('-', '_')}").run(rest))


def _help(argv: list[str]) -> int:
    if argv:
        return _dispatch([argv[0], "--help"])
    sys.stdout.write(USAGE.format(prog=program()))
    return 0


def _version(argv: list[str]) -> int:
    if argv:
        raise UserError("version takes no arguments")
    sys.stdout.write(f"{version()}\n")
    return 0
