"""Times of a timeline: exact, and on the grid of its frames or refused.

Invariant: no time is rounded. What does not fall on a frame is the submitter's to decide.
"""

from __future__ import annotations

import re
from fractions import Fraction

from farm import InputError

NTSC = {
    round(float(Fraction(whole * 1000, 1001)), 3): Fraction(whole * 1000, 1001)
    for whole in (24, 30, 48, 60, 120)
} | {23.98: Fraction(24000, 1001)}
_CODE = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})")
_SECONDS = re.compile(r"-?\d{1,7}(\.\d{1,12})?s|-?\d{1,15}/\d{1,15}s")


def rate_of(value: float | str | Fraction, where: str) -> Fraction:
    """Frames per second; 23.976 and its like are the NTSC rates of that name.

    Raises
    ------
    InputError : ``timeline.bad-rate``.
    """
    try:
        rate = value if isinstance(value, Fraction) else Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    for name, exact in NTSC.items():
        if abs(rate - exact) < Fraction(1, 2000) or rate == Fraction(str(name)):
            rate = exact
    if not 1 <= rate <= 240 or rate.denominator > 1001:
        raise InputError(
            "is no frame rate",
            where=where,
            expected="1 to 240 frames per second, such as 25, 23.976 or 30000/1001",
            got=str(value),
            mend="Give the rate of the cut.",
            code="timeline.bad-rate",
        )
    return rate


def seconds_of(value: int | str, fps: Fraction, where: str) -> Fraction:
    """A moment in seconds; drop-frame time codes count as such.

    Raises
    ------
    InputError : ``timeline.bad-time``.
    """
    if isinstance(value, int):
        return value / fps
    text = value.strip()
    if _SECONDS.fullmatch(text) and "/0s" not in text:
        return Fraction(text[:-1])
    code = _CODE.fullmatch(text)
    whole = round(fps)
    if code and int(code[5]) < whole:
        hours, minutes, seconds = (int(code[n]) for n in (1, 2, 3))
        total = ((hours * 60 + minutes) * 60 + seconds) * whole + int(code[5])
        if code[4] == ";":
            total -= (whole // 15) * (hours * 54 + minutes - minutes // 10)
        return total / fps
    raise InputError(
        "is no time",
        where=where,
        expected='frames, "2.5s", or a time code such as "00:00:02:12"',
        got=repr(value)[:60],
        mend="Put time codes in quotes.",
        code="timeline.bad-time",
    )


def frames_of(value: int | str, fps: Fraction, where: str) -> int:
    """A moment in frames of the film.

    Raises
    ------
    InputError : ``timeline.bad-time``, or ``timeline.off-grid`` when it lies between two frames.
    """
    return on_grid(seconds_of(value, fps, where) * fps, fps, where)


def on_grid(frames: Fraction, fps: Fraction, where: str) -> int:
    """A whole number of frames; refuses what is off by over a thousandth, as binary numbers in
    documents are not exact. Raises InputError (``timeline.off-grid``)."""
    whole = round(frames)
    if abs(frames - whole) > Fraction(1, 1000):
        raise InputError(
            "does not fall on a frame",
            where=where,
            expected=f"a whole number of frames at {fps} per second",
            got=f"{float(frames):.3f} frames",
            mend="Move it to a frame, or give the rate that the cut was made at.",
            code="timeline.off-grid",
        )
    return whole
