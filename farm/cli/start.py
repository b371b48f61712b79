"""Where the ``farm`` command begins and ends.

Invariant: ``farm --help`` prints a file and imports nothing; every other way out of the command is
an exit code of :mod:`farm.cli.outcomes` with at most one line on standard error.
"""

from __future__ import annotations

import os
import sys

# Not typing.TYPE_CHECKING: that import is a tenth of the time `farm --help` may take.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    # The shell asks for completions through this variable, and then also without arguments.
    completing = "_FARM_COMPLETE" in os.environ
    if arguments in ([], ["--help"], ["-h"]) and not completing:
        return _print_help()
    return _run(arguments)


def _print_help() -> int:
    with open(os.path.join(os.path.dirname(__file__), "help.txt"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123
        text = file.read()
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _be_quiet()
    return 0


def _run(arguments: list[str]) -> int:
    from typer import Abort, BadParameter
    from typer.main import get_command

    from farm.cli.app import app
    from farm.cli.outcomes import INTERRUPTED, OK, USAGE, say_plainly

    # typer keeps its own copy of click in some versions; its parents are the same classes in all.
    wrong_usage: Any = BadParameter.__mro__[2]
    try:
        code = get_command(app).main(arguments, prog_name="farm", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, Abort):
        sys.stderr.write("farm: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        _be_quiet()
        return OK
    except Exception as error:
        if isinstance(error, wrong_usage):
            say_plainly(error)
            error.show()
            return USAGE
        return _explain(error, arguments)
    return code if isinstance(code, int) else OK


def _explain(error: Exception, arguments: list[str]) -> int:
    from farm.cli.outcomes import code_of, sentence_of

    sys.stderr.write(f"farm: {sentence_of(error, _log_folder(arguments))}\n")
    return code_of(error)


def _log_folder(arguments: list[str]) -> Path | None:
    """``spool/logs`` of the farm that was meant; ``None`` when that cannot be told."""
    from pathlib import Path

    from farm.config import load_settings

    named = None
    if "--root" in arguments[:-1]:
        named = Path(arguments[arguments.index("--root") + 1])
    try:
        return load_settings(named)[0].spool_dir / "logs"
    except Exception:
        return None


def _be_quiet() -> None:
    """Let the interpreter flush into nothing: whoever read the pipe has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
