"""How far a task whose model is warm may overtake one whose model would have to be loaded.

Invariant: overtaking is bounded. The task at the head of a queue is overtaken a limited number of
times and for a limited time; after that it is next, whatever it costs to load its model.
"""

from __future__ import annotations

MOST_SKIPS = 32
"""Times that a task may be overtaken while it is first in its queue."""
MOST_WAIT_S = 600.0
"""Seconds from the first time it was overtaken until it is next."""
LOOK_AHEAD = 64
"""How many tasks with a model, from the head of the queue, are looked through for a warm one."""


def is_tired(skips: int, overtaken_at: float | None, now_s: float) -> bool:
    """Whether a task has been overtaken enough. Times in seconds since 1970."""
    waited_s = 0.0 if overtaken_at is None else now_s - overtaken_at
    return skips >= MOST_SKIPS or waited_s >= MOST_WAIT_S
