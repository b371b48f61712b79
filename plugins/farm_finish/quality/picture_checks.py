"""Checks of the pictures, from one row of numbers for each.

Invariant: pure; a stretch begins with the first picture that shows the fault and ends after the
last, in seconds from the first picture of the film.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from farm_finish.audio.runs import Runs
from farm_finish.quality.film import Colours, Film
from farm_finish.quality.finding import Finding, Span
from farm_finish.quality.params import QualityParams

_DARK_SHARE = 0.995
_STILL, _STILL_SPOT = 0.0002, 0.002
# An encoder repeats a picture nearly to the bit; a slow drift of clouds is well above this.
_FLICKER_S, _FLICKER_TURNS = 0.5, 4
_BANDING_S = 0.5
_OUTSIDE = 0.02
_KEPT = 100
_SAME_CURVE = (1, 6, 14, 15)
_TOLD = {"matrix": 2, "primaries": 2, "transfer": 2}
Flags = NDArray[np.bool_]
Values = NDArray[np.float32]


def picture_findings(film: Film, params: QualityParams) -> Iterator[Finding]:
    """Every check of pictures, in the order of a report."""
    yield _damage(film)
    yield _frames(film, params)
    yield _rate(film)
    yield _size(film, params)
    if film.colours is not None:
        yield _tags(film.colours, params)
    if film.frames == 0:
        return
    yield _range(film)
    yield from _stretches(film, params)


def _damage(film: Film) -> Finding:
    count = film.damage.packets + film.damage.pictures
    said = f"{count} damaged pictures or packets" if count else "every picture decodes"
    return Finding("video.damage", count == 0, count, 0, "pictures", said)


def _frames(film: Film, params: QualityParams) -> Finding:
    wanted: int = film.promised or film.frames
    what = "the header tells"
    if params.frames:
        wanted, what = params.frames, "were asked for"
    passed = film.frames == wanted and film.frames > 0
    said = f"{film.frames} frames" if passed else f"{film.frames} frames; {what} {wanted}"
    if passed and params.duration_s and abs(film.length_s - params.duration_s) > 0.5 / film.fps:
        passed, said = False, f"{film.length_s:.3f} s; asked for {params.duration_s:g} s"
    return Finding("video.frames", passed, film.frames, wanted, "frames", said)


def _rate(film: Film) -> Finding:
    moments = np.frombuffer(film.series.moments, np.float64) if film.frames else np.zeros(0)
    off = np.abs(moments * float(film.fps) - np.arange(len(moments)))
    worst = float(off.max(initial=0.0))
    passed = worst <= 0.25
    spans: tuple[Span, ...] = ()
    said = f"{float(film.fps):g} frames a second throughout"
    if not passed:
        at = float(moments[int(np.argmax(off > 0.25))])
        spans = (Span(at, at + float(1 / film.fps), worst),)
        said = f"pictures come up to {worst:.1f} frames off the rate of {float(film.fps):g}"
    return Finding("video.rate", passed, worst, 0.25, "frames", said, spans)


def _size(film: Film, params: QualityParams) -> Finding:
    got = f"{film.width}x{film.height}"
    wanted = f"{params.width or film.width}x{params.height or film.height}"
    said = got if got == wanted else f"{got} instead of {wanted}"
    return Finding("video.size", got == wanted, got, wanted, "px", said)


def _tags(colours: Colours, params: QualityParams) -> Finding:
    told = {name: getattr(colours, name) for name in _TOLD}
    got = ", ".join(f"{name} {value}" for name, value in told.items()) + f", {colours.range} range"
    right = {"matrix": (1,), "primaries": (1,), "transfer": _SAME_CURVE}
    missing = [name for name, value in told.items() if value in (2, 3)]
    if colours.rgb:
        # Untold, it is sRGB: the same primaries, nearly the same curve.
        right = {"matrix": (0,), "primaries": (1, 2), "transfer": (*_SAME_CURVE, 2, 13)}
        missing = []
    elif colours.matrix == 0:
        missing.append("matrix (it says RGB)")
    if colours.range == "untold" and not colours.rgb:
        missing.append("range")
    wrong = [f"{name} {told[name]}" for name in told if told[name] not in right[name]]
    passed, said = True, got
    if params.colour != "any" and missing:
        passed, said = False, f"not told: {', '.join(missing)}"
    elif params.colour == "bt709" and wrong:
        passed, said = False, f"not BT.709: {', '.join(wrong)}"
    return Finding("video.tags", passed, got, params.colour, "", said)


def _range(film: Film) -> Finding:
    limited = film.colours is not None and film.colours.limited
    share = float(film.series.of("outside").mean()) if limited else 0.0
    passed = share <= _OUTSIDE
    said = f"{share:.1%} of all pixels lie outside of the limited range"
    if not passed:
        said += ", as in a full-range film that is tagged wrongly"
    return Finding("video.range", passed, share, _OUTSIDE, "share", said)


def _stretches(film: Film, params: QualityParams) -> Iterator[Finding]:
    series, fps = film.series, float(film.fps)
    black = series.of("dark") >= _DARK_SHARE
    yield _lasting("video.black", black, series.of("mean"), fps, params.black_s, "black pictures")
    repeats = (series.of("difference") < _STILL) & (series.of("worst_difference") < _STILL_SPOT)
    # The picture that is repeated counts too.
    still = (repeats | np.append(repeats[1:], False)) & ~black
    difference = series.of("difference")
    yield _lasting("video.frozen", still, difference, fps, params.frozen_s, "standing pictures")
    yield _flicker(series.of("mean"), fps, params.flicker)
    for name, values, limit, seconds in (
        ("blown", series.of("blown"), params.blown, params.clipped_s),
        ("crushed", np.where(black, 0, series.of("crushed")), params.crushed, params.clipped_s),
        ("banding", series.of("banding"), params.banding, _BANDING_S),
    ):
        yield _share(f"video.{name}", np.asarray(values, np.float32), fps, limit, seconds)


def _lasting(
    check: str, flags: Flags, values: Values, fps: float, limit_s: float, what: str
) -> Finding:
    """A fault that is measured by how long it lasts."""
    longest = max((b - a for a, b in runs(flags, 1)), default=0) / fps
    found = runs(flags, _frames_of(limit_s, fps))
    spans = tuple(Span(a / fps, b / fps, float(values[a:b].min())) for a, b in found)
    said = f"{what} for {longest:.2f} s" if longest else f"no {what}"
    return Finding(check, not spans, longest, limit_s, "s", said, spans)


def _share(check: str, values: Values, fps: float, limit: float, seconds: float) -> Finding:
    """A fault that is measured by how much of a picture it takes, for a time."""
    least = min(_frames_of(seconds, fps), max(1, len(values)))
    # What is exceeded for that long somewhere.
    windows = np.lib.stride_tricks.sliding_window_view(values, least)
    lasting = float(windows.min(axis=1).max())
    spans = tuple(
        Span(a / fps, b / fps, float(values[a:b].max())) for a, b in runs(values > limit, least)
    )
    kind = check.partition(".")[2]
    words = {"blown": "at white", "crushed": "at black", "banding": "in coarse steps"}
    said = f"{lasting:.1%} of the picture {words[kind]} for {least / fps:.2f} s"
    return Finding(check, not spans, lasting, limit, "share", said, spans)


def _flicker(mean: Values, fps: float, limit: float) -> Finding:
    steps = np.diff(mean)
    turns = np.zeros(len(mean), np.float32)
    if len(mean) > 2:
        there, back = steps[:-1], steps[1:]
        swing = np.minimum(np.abs(there), np.abs(back))
        turns[1:-1] = np.where(there * back < 0, swing, 0)
    size = max(_FLICKER_TURNS, round(_FLICKER_S * fps))
    strongest, flags = 0.0, np.zeros(len(mean), np.bool_)
    if len(mean) >= size:
        windows = np.lib.stride_tricks.sliding_window_view(turns, size)
        # As strong as the weakest of the turns that make it flicker.
        strength = np.partition(windows, size - _FLICKER_TURNS, axis=1)[:, size - _FLICKER_TURNS]
        strongest = float(strength.max())
        for start in np.flatnonzero(strength >= limit).tolist():
            inside = np.flatnonzero(turns[start : start + size] >= limit)
            flags[start + inside[0] - 1 : start + inside[-1] + 2] = True
    spans = tuple(Span(a / fps, b / fps, float(turns[a:b].max())) for a, b in runs(flags, 1))
    said = f"brightness swings by {strongest:.1%} of white within half a second"
    if not strongest:
        said = "brightness is steady"
    return Finding("video.flicker", not spans, strongest, limit, "share", said, spans)


def runs(flags: Flags, least: int) -> list[tuple[int, int]]:
    """Stretches of at least so many pictures: (first, after the last)."""
    found = Runs(least, _KEPT)
    found.feed(np.asarray(flags, np.bool_))
    found.finish()
    return found.spans


def _frames_of(seconds: float, fps: float) -> int:
    return max(1, round(seconds * fps))
