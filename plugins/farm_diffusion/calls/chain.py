"""Long films in windows: what a window takes over from the one before, and what it makes anew.

Invariant: the frames that two neighbouring windows share are the same to the bit, because the later
one takes them from the earlier one's tail instead of making them again; and a window depends on
nothing but its inputs, its seed and that tail, so it can be made again alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from farm import ParameterError, Window

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """What a window asks of its model. All in frames.

    shared : taken from the tail. lead : the last of those, which the model goes on from. fresh :
    new ones that are kept. made : that the model makes, lead included. start : the film's frame
    that the first made one is. stop : the film's frame after the last that is kept.
    """

    shared: int
    lead: int
    fresh: int
    made: int
    start: int

    @property
    def stop(self) -> int:
        """The frame after the last one."""
        return self.start + self.lead + self.fresh


def span_of(window: Window, overlap: int, *, lead: int, step: int, plus: int) -> Span:
    """How a window is made by a model that makes ``step * k + plus`` frames.

    lead : frames the model would like to go on from; the most that the overlap holds are taken.

    Raises
    ------
    ParameterError : the overlap holds none.
    """
    if window.index == 0:
        return Span(0, 0, window.frames, at_least(window.frames, step, plus), window.start)
    least = plus or step
    if overlap < least:
        raise ParameterError(
            "too small for a model that goes on from the window before",
            where="overlap",
            expected=f"at least {least} frames",
            got=str(overlap),
            code="diffusion.overlap",
        )
    held = min(lead, overlap)
    held = max(least, (held - plus) // step * step + plus)
    fresh = window.frames - overlap
    made = at_least(held + fresh, step, plus)
    return Span(overlap, held, fresh, made, window.start + overlap - held)


def at_least(frames: int, step: int, plus: int) -> int:
    """The smallest ``step * k + plus`` that is not below ``frames``."""
    least = max(frames, plus or step)
    return -(-(least - plus) // step) * step + plus


def part_of(items: Sequence[T], start: int, count: int) -> list[T]:
    """``count`` items from ``start`` on; beyond the end it goes to and fro over what there is.

    So a model gets conditions that move on where its frames are cut off afterwards anyway.
    """
    turn = max(1, 2 * len(items) - 2)
    folded = (number % turn for number in range(start, start + count))
    return [items[min(place, turn - place) if len(items) > 1 else 0] for place in folded]
