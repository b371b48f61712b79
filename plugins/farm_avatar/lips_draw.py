"""A frame with another mouth: lips, jaw and cheeks moved, the inside painted, all in its planes.

Invariant: nothing is touched beyond the cheeks, the nose and the neck, and every displacement fades to
nothing there, so there is no seam; coverage moves with the skin it belongs to.

Each column of the mouth is a line from the nose to the neck with knots at the rims of the lips and the
jaw; the shape says where the knots go, and what is between them is stretched along. Upper teeth that
the picture shows stay where the skull has them, whatever the lips do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from farm.media.compiled import kernel
from farm.media.warping import cubic
from farm_avatar.alpha_film import Plane, Planes
from farm_avatar.lips import REACH, SAMPLES, Mouths, Numbers

_F = np.float32
_REACH = np.float32(REACH)
_OPENING = np.float32(0.66)
"""How far lips part at most, in half widths of the mouth."""
_TOP_SHARE = np.float32(0.22)
"""Of the opening, what the upper lip makes."""
_JAW = np.float32(0.60)
_SIDES, _NECK = np.float32(2.35), np.float32(1.1)
_TEETH = np.float32(0.13)
"""How far teeth that the picture does not show reach below the line of closed lips."""
_SHOWN = 0.10
"""Gap between the lips, in half widths, from which a picture shows teeth of its own."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one portrait. numbers: luma of the skin, of teeth, of the dark; chromas of teeth and
    of the inside; whether the picture shows its own teeth."""

    numbers: Numbers


def look_of(planes: Planes, mouths: Mouths) -> Look:
    """What the inside of this mouth looks like, from the first frame of the loop."""
    x0, y0, ux, uy, half = (float(v) for v in mouths.frames[0])
    height, width = planes[0].shape
    seen = []
    for s in np.linspace(-1.7, 1.7, 18):
        for t in np.linspace(-2.2, 1.2, 18):
            x, y = x0 + half * (s * ux - t * uy), y0 + half * (s * uy + t * ux)
            row, column = (int(np.clip(v, 0, m - 1)) for v, m in ((y, height), (x, width)))
            chroma = min(row // 2, planes[1].shape[0] - 1), min(column // 2, planes[1].shape[1] - 1)
            seen.append((planes[0][row, column], planes[1][chroma], planes[2][chroma]))
    values = np.array(seen, np.float64)
    skin, blue, red = np.median(values, axis=0)
    bright = float(np.percentile(values[:, 0], 96))
    gap = float((mouths.curves[:, 2] - mouths.curves[:, 1]).max(axis=1).mean())
    return Look(
        np.array(
            [
                skin,
                np.clip(max(0.98 * bright, 1.05 * skin), 60, 228),
                16 + 0.13 * (skin - 16),
                128 + 0.55 * (blue - 128),
                128 + 0.42 * (red - 128),
                128 - 2,
                128 + min(14.0, 0.08 * skin),
                float(gap > _SHOWN),
            ],
            np.float32,
        )
    )


def spoken(planes: Planes, mouth: tuple[Numbers, Numbers], shape: Numbers, look: Look) -> Planes:
    """The frame with the mouth in that shape: (6,) of :func:`farm_avatar.lips.shapes`."""
    frame, curves = mouth
    height, width = planes[0].shape
    half = float(frame[4])
    up = abs(float(curves[5].min())) + 0.1
    down = float(curves[4].max()) + float(_NECK) + 0.1
    reach = max(float(_SIDES), down) * half
    box = np.array(
        [
            max(0, int(frame[1] - max(up * half, 0.3 * reach)) // 2 * 2),
            min(height, ceil(float(frame[1]) + down * half + 0.3 * half)),
            max(0, int(frame[0] - 1.1 * reach) // 2 * 2),
            min(width, ceil(float(frame[0]) + 1.1 * reach)),
        ],
        np.int64,
    )
    out: list[Plane] = [plane.copy() for plane in planes]
    alpha, cover = (planes[3], out[3]) if len(planes) == 4 else (planes[0][:0], out[0][:0])
    _speak(*planes[:3], alpha, frame, curves, shape, look.numbers, box, *out[:3], cover)
    return tuple(out)


@kernel
def _smooth(value, low, high):
    share = min(max((value - low) / (high - low), _F(0.0)), _F(1.0))
    return share * share * (_F(3.0) - _F(2.0) * share)


@kernel
def _knot(curve, s):
    at = (s + _REACH) / (_F(2.0) * _REACH) * _F(SAMPLES - 1)
    at = min(max(at, _F(0.0)), _F(SAMPLES - 1.001))
    left = int(at)
    return curve[left] + (curve[left + 1] - curve[left]) * (at - _F(left))


@kernel
def _between(value, low, high, from_low, from_high):
    return from_low + (value - low) * (from_high - from_low) / max(high - low, _F(1e-4))


@kernel
def _place(s, t, curves, shape, half, own):
    """Source of a place of the mouth, then: share of the inside, depth in it (0 at the upper rim),
    share of teeth, of tongue, how far teeth are the picture's own, and how dark the seam is."""
    zero, one = _F(0.0), _F(1.0)
    opened, wide, rounded = shape[0], shape[1], shape[2]
    press, bite, tongue_high = shape[3], shape[4], shape[5]
    level, chin = _knot(curves[5], zero), _knot(curves[4], zero)
    bend = max(_knot(curves[1], zero) - _F(0.06), zero)
    bend = min(bend + _F(0.42) * (_knot(curves[2], zero) - _knot(curves[1], zero)), _F(0.6))
    # Who speaks does not grin: the corners of a smile come down and in, the more for round sounds.
    calm = bend * min(_F(0.45) + _F(0.60) * rounded + _F(0.25) * opened, _F(1.05))
    width = one + _F(0.10) * wide - _F(0.25) * rounded - _F(0.05) * opened - _F(0.22) * calm
    width = max(width, _F(0.72))
    near = one - _smooth(-t, _F(0.1), -level)
    near *= one - _smooth(t, _F(0.22) * chin, _F(0.85) * chin)
    fall = (one - _smooth(abs(s), _F(0.75), _F(1.75))) * near
    s2 = s * (one + (one / width - one) * fall)
    upper, top = _knot(curves[0], s2), _knot(curves[1], s2)
    bottom, lower = _knot(curves[2], s2), _knot(curves[3], s2)
    jaw, nose = _knot(curves[4], s2), _knot(curves[5], s2)
    neck = jaw + _NECK
    side = one - _smooth(abs(s2), _F(0.75), _SIDES)
    rest = bottom - top
    inner = max(one - s2 * s2, zero)
    beside = (abs(s2) - one) / _F(0.55)
    lift = calm * (_F(0.45) * np.exp(-beside * beside) - _F(0.55) * inner)
    # Rounded lips are put forward: they cover the teeth.
    meet = top + _F(0.42) * rest + lift + _F(0.05) * rounded * inner
    # Lips that hardly part do so in the middle only.
    reach = _F(0.58) + _F(0.34) * min(one, _F(3.2) * opened)
    reach *= one - _F(0.18) * rounded
    arch = max(one - (s2 / reach) * (s2 / reach), zero)
    gap = _OPENING * opened * np.sqrt(arch * np.sqrt(arch))
    gap *= one + _F(0.25) * rounded
    rise = _TOP_SHARE * (one - _F(0.7) * rounded) * gap
    drop = gap - rise
    if bite > zero:
        # The lower lip lies at the edge of the upper teeth.
        hem = _F(0.11) * max(one - (s2 / _F(0.75)) * (s2 / _F(0.75)), zero)
        rise += bite * (_F(0.75) * hem - rise)
        drop += bite * (_F(0.25) * hem - drop)
    thin_up = one - _F(0.16) * press - _F(0.06) * opened + _F(0.40) * rounded
    thin_low = one - _F(0.16) * press - _F(0.40) * bite - _F(0.08) * opened + _F(0.25) * rounded
    new_top, new_bottom = meet - rise, meet + drop
    new_upper = new_top - (top - upper) * thin_up
    new_lower = new_bottom + (lower - bottom) * thin_low
    new_jaw = jaw + _JAW * _OPENING * opened * side
    # A hair's breadth of each rim is left out: there lips and teeth are mixed in the picture.
    hem = min(_F(1.1) / half + _F(0.02) * own, _F(0.25) * max(top - upper, lower - bottom))
    inside, depth, teeth, tongue, seam = zero, zero, zero, zero, zero
    if t <= nose or t >= neck:
        return s2, t, inside, depth, teeth, tongue, seam
    if t < new_upper:
        t2 = _between(t, nose, new_upper, nose, upper)
    elif t < new_top:
        t2 = _between(t, new_upper, new_top, upper, top - hem)
    elif t <= new_bottom:
        t2 = t
    elif t < new_lower:
        t2 = _between(t, new_bottom, new_lower, bottom + hem, lower)
    elif t < new_jaw:
        t2 = _between(t, new_lower, new_jaw, lower, jaw)
    else:
        t2 = _between(t, new_jaw, neck, jaw, neck)
    t2 = t + (t2 - t) * (one - _smooth(abs(s2), _F(1.5), _SIDES))
    if abs(s2) < one:
        # One pixel of softness at both rims.
        inside = min(t - new_top, new_bottom - t) * half + _F(0.5)
        inside = min(max(inside, zero), one)
        apart = (new_bottom - new_top) * half
        if apart < one:
            inside *= max(apart, zero)
        depth = max(t - new_top, zero)
        edge = bottom - _F(0.03) if own > zero else meet + _TEETH * (one - _F(0.55) * s2 * s2)
        edge -= _F(0.16) * rounded
        teeth = min(max((edge - t) * half / _F(1.5) + _F(0.5), zero), one)
        high = new_bottom - max((new_bottom - new_top) * (_F(0.36) + _F(0.5) * tongue_high), zero)
        high += _F(0.5) * s2 * s2 * (new_bottom - new_top)
        tongue = _smooth(t, high - _F(0.03), high + _F(0.05))
        away = (t - meet) * half / _F(1.6)
        seam = np.exp(-away * away) * max(one - _F(0.5) * max(apart, zero), zero)
        seam *= one - _smooth(abs(s2), _F(0.80), _F(0.98))
    return s2, t2, inside, depth, teeth, tongue, seam


@kernel
def _inner(s, t, depth, teeth, tongue, look, own_y, own_u, own_v):
    """Luma and chromas of the inside."""
    zero, one = _F(0.0), _F(1.0)
    luma, blue, red = look[2], look[5], look[6]
    flesh = _F(0.66) * look[0]
    lit = tongue * (_F(0.35) + _F(0.65) * _smooth(depth, _F(0.02), _F(0.25)))
    luma += lit * (flesh - luma)
    red += lit * _F(12.0)
    blue -= lit * _F(3.0)
    shade = _F(0.64) + _F(0.36) * _smooth(depth, zero, _F(0.08))
    if look[7] > zero:
        white_y, white_u, white_v = own_y, own_u, own_v
        shade = _F(0.5) * (one + shade)
    else:
        white_y, white_u, white_v = look[1], look[3], look[4]
        # Teeth get narrower and darker towards the cheeks.
        place = abs(s) / (_F(0.30) - _F(0.05) * abs(s))
        off = abs(place - np.floor(place) - _F(0.5)) * _F(2.0)
        white_y *= one - _F(0.09) * _smooth(off, _F(0.55), one)
        white_y *= one - _F(0.62) * _smooth(abs(s), _F(0.28), _F(0.92))
    white_y = _F(16.0) + (white_y - _F(16.0)) * shade
    luma += teeth * (white_y - luma)
    blue += teeth * (white_u - blue)
    red += teeth * (white_v - red)
    return luma, blue, red


@kernel
def _speak(y, u, v, a, frame, curves, shape, look, box, out_y, out_u, out_v, out_a):
    zero, one, half_ = _F(0.0), _F(1.0), _F(0.5)
    x0, y0, ux, uy, half = frame[0], frame[1], frame[2], frame[3], frame[4]
    own = look[7]
    for step in range(1, 3):
        # First luma and coverage, then the chromas, which have half the size.
        offset = half_ * _F(step - 1)
        for row in range(box[0] // step, min((box[1] + step - 1) // step, y.shape[0] // step)):
            for column in range(
                box[2] // step, min((box[3] + step - 1) // step, y.shape[1] // step)
            ):
                fx, fy = _F(column * step) + offset, _F(row * step) + offset
                s = ((fx - x0) * ux + (fy - y0) * uy) / half
                t = ((fy - y0) * ux - (fx - x0) * uy) / half
                if abs(s) >= _SIDES:
                    continue
                s2, t2, inside, depth, teeth, tongue, seam = _place(s, t, curves, shape, half, own)
                if s2 == s and t2 == t and inside == zero and seam == zero:
                    continue
                x = x0 + half * (s2 * ux - t2 * uy)
                yy = y0 + half * (s2 * uy + t2 * ux)
                own_y, own_u, own_v = zero, zero, zero
                if inside > zero and own > zero:
                    # What the picture shows between its lips stays at its place on the skull.
                    low = _knot(curves[1], s) + _F(0.05)
                    top = max(_knot(curves[2], s) - _F(0.05), low)
                    t3 = min(max(t, low), top)
                    x3, y3 = x0 + half * (s * ux - t3 * uy), y0 + half * (s * uy + t3 * ux)
                    if step == 1:
                        own_y = cubic(y, x3, y3)
                    else:
                        own_u = cubic(u, (x3 - half_) * half_, (y3 - half_) * half_)
                        own_v = cubic(v, (x3 - half_) * half_, (y3 - half_) * half_)
                luma, blue, red = _inner(s, t, depth, teeth, tongue, look, own_y, own_u, own_v)
                if step == 1:
                    value = cubic(y, x, yy)
                    value = _F(16.0) + (value - _F(16.0)) * (one - _F(0.42) * seam)
                    value += inside * (luma - value)
                    out_y[row, column] = np.uint8(min(max(value + half_, zero), _F(255.0)))
                    if a.shape[0] > 0:
                        value = cubic(a, x, yy)
                        out_a[row, column] = np.uint8(min(max(value + half_, zero), _F(255.0)))
                else:
                    x, yy = (x - half_) * half_, (yy - half_) * half_
                    value = cubic(u, x, yy)
                    value += inside * (blue - value)
                    out_u[row, column] = np.uint8(min(max(value + half_, zero), _F(255.0)))
                    value = cubic(v, x, yy)
                    value += inside * (red - value)
                    out_v[row, column] = np.uint8(min(max(value + half_, zero), _F(255.0)))
