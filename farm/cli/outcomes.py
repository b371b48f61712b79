"""How a command ends: its exit code, and the one sentence a person is told.

Invariant: no traceback ever reaches the terminal; what nobody foresaw is written to a file, and the
line that is printed names it.
"""

from __future__ import annotations

import errno
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from farm.domain.errors import FarmError, UnknownName
from farm.domain.wording import refusal

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


_NO_RIGHT = (
    "it cannot be written",
    "Give this user the right to it, or name another folder with --root.",
)
_UNWRITABLE = {
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: ("it cannot be written", "Name a folder on another file system with --root."),
    errno.ENOSPC: ("there is no room left", "Free some room, or run `farm gc`."),
}


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
    if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename:
        what, mend = _UNWRITABLE[error.errno]
        return f"{error.filename}: {what}; got {error.strerror}. {mend}"
    if _is_damaged_ledger(error):
        return (
            "the ledger's file is damaged, or is no ledger. Put it aside and bring back a copy of it;"
            " `farm config show` names it under database."
        )
    if _is_connection_error(error):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return f"the ledger or the broker cannot be reached: {first}. Run `farm doctor`."
    kind = type(error).__name__
    return f"something unforeseen went wrong ({kind}: {error}). Trace: {_keep(error, log_folder)}"


def say_plainly(error: Any) -> None:
    """Say what an argument was expected to be in the farm's words, not in those of its checker."""
    errors = getattr(error.__cause__, "errors", None)
    if errors is None:
        return
    first = errors()[0]
    what, expected = refusal(first)
    error.message = f"expected {expected}, got {first['input']!r}" if expected else what


def _is_damaged_ledger(error: BaseException) -> bool:
    return type(error).__name__ == "DatabaseError" and any(
        words in str(error) for words in ("file is not a database", "disk image is malformed")
    )


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
