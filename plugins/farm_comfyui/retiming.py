"""A film at another rate: every moment that was asked for is shown as it was then.

Invariant: a frame whose moment is a frame of the source is that frame, to the bit; what lies between
two is made from both by optical flow, but never across a cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from farm.media.between import Motion
from farm.media.planes import Picture
from farm.media.spans import is_cut
from farm_comfyui.bound import Finishing

_CLOSE = Fraction(1, 50)
"""Share of a frame's time by which nobody sees a difference."""


def moments(how: Finishing) -> Iterator[Fraction]:
    """For each frame of the result its place among the kept frames, in frames from the first.

    With ``ends`` the first and the last kept frame stay the first and the last of the result.
    """
    last = Fraction(how.keep_frames - 1)
    if how.ends and how.frames_out > 1:
        step = last / (how.frames_out - 1)
    else:
        step = Fraction(how.fps_in) / how.fps_out
    for number in range(how.frames_out):
        yield min(last, number * step)


def retimed(pictures: Iterable[Picture], how: Finishing) -> Iterator[Picture]:
    """The result's pictures, from the kept ones."""
    rest = iter(pictures)
    first = next(rest)
    second = next(rest, None)
    at, motion, cut = 0, None, False
    for moment in moments(how):
        while second is not None and moment >= at + 1:
            first, second = second, next(rest, None)
            at, motion = at + 1, None
        part = moment - at
        if second is None or part < _CLOSE:
            yield first
        elif part > 1 - _CLOSE:
            yield second
        else:
            if motion is None:
                motion = Motion.of(first, second)
                cut = is_cut(motion)
            yield first if cut else motion.picture(float(part))
