"""Watching a pipeline at work: its steps counted, shown, and stopped between two of them.

Invariant: a task that was asked to stop raises at its next step; a pipeline without a callback is
watched through its scheduler, whose class is exchanged and given back.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from farm import Task

SHOWN_EVERY_S = 2.0


class Steps:
    """How far a task is. calls, steps : that are expected; more of them are no error.

    look : is given the latents of a step, now and then and at the last one.
    """

    def __init__(
        self,
        task: Task[Any],
        steps: int,
        look: Callable[[Any], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = 0
        self.first_s: float | None = None
        self._task = task
        self._calls, self._steps = 1, max(1, steps)
        self._look = look
        self._clock = clock
        self._began_s = clock()
        self._looked_s = clock()
        self._second_s: float | None = None

    def expect(self, calls: int, steps: int) -> None:
        """How many calls of the pipeline there will be, and steps in each."""
        self._calls, self._steps = max(1, calls), max(1, steps)

    @property
    def total(self) -> int:
        """Steps of the whole task; at least as many as were made."""
        return max(self._calls * self._steps, self.done)

    def step(self, latents: Any = None) -> None:
        """One step is done. Raises TaskCancelled."""
        self.done += 1
        now_s = self._clock()
        if self.first_s is None:
            self.first_s = self._second_s = now_s
        # One more unit for decoding and writing.
        self._task.progress(self.done, self.total + 1, self._note(now_s))
        last = self.done % self._steps == 0
        if latents is not None and (last or now_s - self._looked_s >= SHOWN_EVERY_S):
            self._looked_s = now_s
            self._look(latents)

    def _note(self, now_s: float) -> str:
        note = f"step {self.done} of {self.total}"
        assert self.first_s is not None
        if self.done > 1 and (left := self.total - self.done):
            # The first step pays for warming up, so it is not counted.
            each_s = (now_s - self.first_s) / (self.done - 1)
            note += f", {_span(each_s * left)} left"
        return note

    @contextmanager
    def watching(self, pipe: Any, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The arguments of a call whose steps are counted."""
        takes = inspect.signature(pipe.__call__).parameters
        if "callback_on_step_end" in takes:
            yield {**arguments, "callback_on_step_end": self._at_end}
        else:
            with _stepping(pipe, self.step):
                yield arguments

    def _at_end(self, pipe: Any, number: int, moment: Any, tensors: dict[str, Any]) -> Any:
        # Fewer than were asked for where a picture is changed only in part; twice as many with some
        # samplers.
        self._steps = getattr(pipe, "num_timesteps", None) or self._steps
        self.step(tensors.get("latents"))
        return tensors


@contextmanager
def _stepping(pipe: Any, tell: Callable[..., None]) -> Iterator[None]:
    """The scheduler's class with a ``step`` that tells. A class, because pipelines copy schedulers
    and look at the signature of ``step``."""
    scheduler = getattr(pipe, "scheduler", None)
    if scheduler is None:
        yield
        return
    own = type(scheduler)

    @functools.wraps(own.step)
    def step(self: Any, *args: Any, **named: Any) -> Any:
        made = own.step(self, *args, **named)
        if self is scheduler:
            tell(made[0] if isinstance(made, tuple) else getattr(made, "prev_sample", None))
        return made

    scheduler.__class__ = type(own.__name__, (own,), {"step": step, "__module__": own.__module__})
    try:
        yield
    finally:
        scheduler.__class__ = own


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min"
