"""Log lines of the farm's processes: for people, or one JSON object each.

Invariant: a line that is about a submission carries its id, the same in the daemon, on the node and
in the engine, under ``correlation``; and a JSON line is one line, whatever the message contains.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

FORMATS = ("pretty", "json")

_about: ContextVar[Mapping[str, Any]] = ContextVar("about")


@contextlib.contextmanager
def about(correlation: str, **what: Any) -> Iterator[None]:
    """Everything this thread logs meanwhile belongs to ``correlation``.

    what : further fields of the JSON form (``job``, ``task``, ``attempt``).
    """
    token = _about.set({"correlation": correlation, **what})
    try:
        yield
    finally:
        _about.reset(token)


def json_line(record: logging.LogRecord, fields: Mapping[str, Any]) -> str:
    """A record as one JSON object: ``at``, ``level``, ``message``, ``logger``, then ``fields``."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    line: dict[str, Any] = {
        "at": f"{stamp}.{int(record.msecs):03d}Z",
        "level": record.levelname,
        "message": record.getMessage(),
        "logger": record.name,
        **fields,
    }
    if record.exc_info:
        line["traceback"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(line, ensure_ascii=False, default=str)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        place = {"process": record.processName, "thread": record.threadName}
        return json_line(record, {**place, **_about.get({})})


class _Pretty(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        correlation = _about.get({}).get("correlation")
        return f"{text} [{correlation}]" if correlation else text


def formatter(form: str) -> logging.Formatter:
    """The formatter for ``pretty`` or ``json``."""
    if form == "json":
        return _Json()
    return _Pretty("%(asctime)s %(levelname)-7s %(processName)s/%(threadName)s %(message)s")
