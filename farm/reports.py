"""A report of the farm: what a period used, stored and saved; as text for programs.

Invariant: the screen, ``farm report`` and both exports show one and the same :class:`Report`.
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from farm.domain.errors import InputError
from farm.ledger.artifacts import Artifacts
from farm.ledger.views_reports import (
    GROUPS,
    LargeFile,
    Period,
    ReportViews,
    StoredDay,
    UsageLine,
)

if TYPE_CHECKING:
    from farm.ledger.database import Database

__all__ = ["GROUPS", "PERIODS", "Period", "Report", "as_csv", "as_json", "make_report", "period_of"]

PERIODS = ("24h", "7d", "30d", "90d", "all")
"""Periods to choose from; :func:`period_of` takes any of their kind."""

_PERIOD = re.compile(r"(?P<number>\d{1,4})(?P<unit>[hdw])")
_UNIT_S = {"h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class Report:
    """One period by one key.

    lines : one for each key. days : the same jobs day by day. stored : artifacts by the day they
    were made. kept_bytes : all that the store has now. took_s : seconds it took to make.
    """

    by: str
    since: str
    period: Period
    lines: Sequence[UsageLine]
    days: Sequence[UsageLine]
    stored: Sequence[StoredDay]
    kept_bytes: int
    largest: Sequence[LargeFile]
    took_s: float

    @property
    def jobs(self) -> int:
        """Jobs that ended in the period."""
        return sum(line.jobs for line in self.days)

    @property
    def failure_rate(self) -> float | None:
        """Failed jobs of those that were done or failed, 0 to 1."""
        failed = sum(line.failed for line in self.days)
        decided = failed + sum(line.done for line in self.days)
        return failed / decided if decided else None

    def total(self, what: str) -> float:
        """Sum of a column of :class:`UsageLine` over all jobs of the period."""
        return float(sum(getattr(line, what) for line in self.days))


def period_of(since: str, now_s: float) -> Period:
    """The period from ``since`` until now: ``24h``, ``7d``, ``2w``, ``all`` or ``2026-11-01``.

    Raises
    ------
    InputError : it is none of these.
    """
    offset_s = datetime.fromtimestamp(now_s).astimezone().utcoffset()
    offset = 0 if offset_s is None else int(offset_s.total_seconds())
    # What ended in this very moment belongs to it.
    until_s = now_s + 1.0
    if since == "all":
        return Period(0.0, until_s, offset)
    match = _PERIOD.fullmatch(since)
    if match is not None:
        return Period(now_s - int(match["number"]) * _UNIT_S[match["unit"]], until_s, offset)
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise InputError(
            f'no period is called "{since[:40]}"', where="since",
            expected="such as 24h, 7d, 2w, all or 2026-11-01",
            mend="Write --since 7d for the last week.", code="report.bad-period",
        ) from None  # fmt: skip
    return Period(datetime(day.year, day.month, day.day).astimezone().timestamp(), until_s, offset)


def make_report(
    database: Database, since: str, by: str, clock: Callable[[], float] = time.monotonic
) -> Report:
    """Read a report; a period with 100,000 jobs takes some seconds.

    Raises
    ------
    InputError : ``since`` is no period. UnknownName : ``by`` is not in ``GROUPS``.
    """
    begin = clock()
    period = period_of(since, database.clock())
    views = ReportViews(database)
    with database.snapshot():
        lines, days = views.usage(by, period)
        stored = views.stored_days(period)
        kept, largest = Artifacts(database).used_bytes(), views.largest(period)
    return Report(by, since, period, lines, days, stored, kept, largest, clock() - begin)


def record(line: UsageLine) -> dict[str, Any]:
    """A line as it is exported: hours and rates rounded as people read them."""
    return {
        "key": line.key,
        "jobs": line.jobs,
        "done": line.done,
        "failed": line.failed,
        "cancelled": line.cancelled,
        "failure_rate": _rounded(line.failure_rate, 4),
        "attempts": line.attempts,
        "failed_attempts": line.failed_attempts,
        "engine_hours": _rounded(line.engine_s / 3600, 6),
        "gpu_hours": _rounded(line.gpu_s / 3600, 6),
        "cpu_hours": _rounded(line.cpu_s / 3600, 6),
        "mean_wait_s": _rounded(line.wait_s, 3),
        "mean_run_s": _rounded(line.run_s, 3),
        "cached_tasks": line.cached,
        "saved_hours": _rounded(line.saved_s / 3600, 6),
    }


def as_csv(report: Report) -> str:
    """The report's lines with a heading. A key that a spreadsheet would run is made a text."""
    rows = [{report.by if k == "key" else k: v for k, v in record(line).items()}
            for line in report.lines]  # fmt: skip
    names = list(rows[0]) if rows else [report.by]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        key = str(row[report.by])
        writer.writerow({**row, report.by: f"'{key}" if key[:1] in ("=", "+", "-", "@") else key})
    return text.getvalue()


def as_json(report: Report) -> str:
    """The whole report as one JSON document."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The whole report as JSON."""
    return {
        "by": report.by,
        "since": report.since,
        "from_s": report.period.since_s,
        "until_s": report.period.until_s,
        "jobs": report.jobs,
        "usage": [record(line) for line in report.lines],
        "days": [record(line) for line in report.days],
        "storage": {
            "kept_bytes": report.kept_bytes,
            "days": [asdict(day) for day in report.stored],
            "largest": [asdict(file) for file in report.largest],
        },
        "took_s": _rounded(report.took_s, 3),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
