"""What went wrong in plugin code, as an error record with its class.

Invariant: every exception gets exactly one class. The plugin's word (a ``FarmError``, or the hook
``farm_classify_error``) counts first, then what the farm knows about memory and disk; the rest is
a bug of the plugin.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farm.domain.errors import ErrorClass, FarmError

_MEMORY_NAMES = frozenset({"OutOfMemoryError", "_ArrayMemoryError"})
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "RESOURCE_EXHAUSTED")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

Classify = Callable[[BaseException], str | None]


def error_record(error: BaseException, *, where: str, classify: Classify) -> dict[str, Any]:
    """The error as a ``FarmError`` record plus ``traceback`` (text, for operators).

    where : the stage's id. classify : the plugins' hook; what it raises is added to the traceback
    and otherwise ignored.
    """
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, FarmError):
        record: dict[str, Any] = error.record()
        record["where"] = record["where"] or where
    else:
        verdict, trouble = _verdict(error, classify)
        trace += trouble
        record = _foreign(error, verdict, where).record()
        record["class"] = verdict.value
    record["traceback"] = trace
    return record


def poisons_engine(error: BaseException) -> bool:
    """Whether the process is of no more use: a failed kernel breaks its CUDA context for good."""
    return type(error).__name__ == "AcceleratorError" or "CUDA error" in str(error)


def _verdict(error: BaseException, classify: Classify) -> tuple[ErrorClass, str]:
    trouble = ""
    try:
        answer = classify(error)
        if answer is not None:
            return ErrorClass(answer), ""
    except Exception:
        trouble = "\nfarm_classify_error itself failed:\n" + traceback.format_exc()
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, MemoryError) or names & _MEMORY_NAMES:
        return ErrorClass.RESOURCE, trouble
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return ErrorClass.RESOURCE, trouble
    if isinstance(error, OSError) and error.errno in _FULL:
        return ErrorClass.DISK, trouble
    if isinstance(error, RuntimeError) and any(word in str(error) for word in _MEMORY_WORDS):
        return ErrorClass.RESOURCE, trouble
    return ErrorClass.BUG, trouble


def _foreign(error: BaseException, verdict: ErrorClass, where: str) -> FarmError:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    said = str(error).strip().splitlines()
    name = type(error).__name__
    mend = {
        ErrorClass.BUG: "This is a fault of the plugin; the log has the traceback.",
        ErrorClass.RESOURCE: "It needs more memory than there was.",
        ErrorClass.DISK: "Free some room on the disk of the node's spool, or run `farm gc`.",
    }.get(verdict, "")
    return FarmError(
        f"{name}: {said[0][:500]}" if said else name,
        where=f"{where}{place}",
        mend=mend,
        code=f"stage.{verdict.value}",
    )
