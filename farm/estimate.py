"""How far a job is and how long it will still take: pure arithmetic.

Invariant: progress is between 0 and 1 and is 1 only when nothing is left; an estimate is either a
number of seconds or absent, never a guess out of nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """A job's tasks.

    total : tasks there are; a stage whose windows are not cut yet counts as one.
    done : finished ones, those from the cache included. cached : those from the cache.
    running : sum of the progress (0 to 1 each) of running attempts.
    """

    total: int
    done: int = 0
    cached: int = 0
    running: float = 0.0

    @property
    def left(self) -> float:
        """Tasks still to do; a half-done one counts as a half."""
        return max(0.0, self.total - self.done - self.running)

    @property
    def worked(self) -> float:
        """Tasks that took engine time so far; what came from the cache took none."""
        return max(0.0, self.done - self.cached + self.running)


def progress(work: Work) -> float:
    """Share that is done, 0 to 1: done tasks and running attempts' progress over all tasks."""
    if work.total <= 0:
        return 0.0
    return min(1.0, max(0.0, 1.0 - work.left / work.total))


def expected_s(stages: Iterable[tuple[int, float | None]], engines: int) -> float | None:
    """Seconds that open tasks will take, from recorded durations; ``None`` without any record.

    stages : for each stage its open tasks and the typical duration of one, in seconds. Stages
        without a record count as nothing: they never ran here, or took too little to be recorded.
    engines : how many engines share the work (at least one).

    Stages follow one another, and the windows of one stage run in parallel.
    """
    known = [(tasks, typical_s) for tasks, typical_s in stages if tasks and typical_s is not None]
    if not known:
        return None
    slots = max(1, engines)
    return sum(-(-tasks // slots) * typical_s for tasks, typical_s in known)


def remaining_s(
    work: Work, *, elapsed_s: float | None, recorded_s: float | None = None
) -> float | None:
    """Seconds until the job is done; ``None`` when nothing is known yet.

    elapsed_s : since it started; ``None`` before. recorded_s : :func:`expected_s`, which is used
        until the job has some work of its own to measure.
    """
    if work.left <= 0:
        return 0.0
    if elapsed_s is not None and elapsed_s > 0 and work.worked > 0:
        return elapsed_s * work.left / work.worked
    return recorded_s
