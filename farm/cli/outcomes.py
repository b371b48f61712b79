"""How a command ends: its exit code, and the one sentence a person is told.

Invariant: no traceback ever reaches the terminal; what nobody foresaw is written to a file, and the
line that is printed names it.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from pathlib import Path

from farm.domain.errors import FarmError, UnknownName

OK = 0
REFUSED = 1
USAGE = 2
UNREACHABLE = 3
UNKNOWN = 4
INTERRUPTED = 130

MEANINGS = {
    OK: "it worked",
    REFUSED: "the farm refused, or something failed",
    USAGE: "the command line was wrong",
    UNREACHABLE: "the ledger or the broker cannot be reached",
    UNKNOWN: "no job, task, node, pipeline or plugin has that name",
    INTERRUPTED: "interrupted with Ctrl-C",
}
"""Every exit code and what it means; ``docs/operate.md`` has the same table."""


class Unreachable(FarmError):
    """Raised when the ledger or the broker cannot be reached."""


def code_of(error: BaseException) -> int:
    """The exit code for an error."""
    if isinstance(error, UnknownName):
        return UNKNOWN
    if isinstance(error, Unreachable) or _is_connection_error(error):
        return UNREACHABLE
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else REFUSED


def sentence_of(error: BaseException, log_folder: Path | None) -> str:
    """What to tell a person; an unforeseen error is first written down in ``log_folder``."""
    if isinstance(error, FarmError):
        return error.sentence()
    if _is_connection_error(error):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return f"the ledger or the broker cannot be reached: {first}. Run `farm doctor`."
    kind = type(error).__name__
    return f"something unforeseen went wrong ({kind}: {error}). Trace: {_keep(error, log_folder)}"


def _is_connection_error(error: BaseException) -> bool:
    # By name, because importing the drivers to ask would cost every command their start-up time.
    drivers = ("sqlalchemy", "redis", "psycopg")
    names = ("OperationalError", "InterfaceError", "ConnectionError", "TimeoutError")
    return any(
        kind.__module__.split(".")[0] in drivers and kind.__name__ in names
        for kind in type(error).__mro__
    )


def _keep(error: BaseException, log_folder: Path | None) -> Path:
    text = "".join(traceback.format_exception(error))
    name = time.strftime("cli-%Y%m%d-%H%M%S.log")
    for folder in (log_folder, Path(tempfile.gettempdir())):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            continue
        return folder / name
    return Path("nowhere, because no folder could be written to")
