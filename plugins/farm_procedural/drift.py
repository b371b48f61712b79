"""What floats in the air: stars, embers, snow, rain, dust, petals, bokeh, bubbles.

Invariant: where a mote is at a time follows in closed form from its number and the seed; nothing is
simulated step by step, so any frame can be rendered alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from farm_procedural.compiled import kernel
from farm_procedural.lexicon import Drift
from farm_procedural.noise import f4, gradient_noise, i4, u4, unit


class Motes(NamedTuple):
    """How motes of one kind behave. Lengths in frame heights, times in seconds, all float32."""

    count: np.int32
    life: np.float32
    fall: np.float32
    """Speed downwards; negative rises."""
    slide: np.float32
    sway: np.float32
    small: np.float32
    large: np.float32
    """Radii; most motes are nearer to ``small``."""
    bright: np.float32
    flicker: np.float32
    streak: np.float32
    """Length along the fall, as a multiple of the radius."""
    disc: np.float32
    """0 is a point of light, 1 a flat disc out of focus."""


def _motes(count: int, *values: float) -> Motes:
    return Motes(np.int32(count), *(np.float32(value) for value in values))


#                     life   fall  slide   sway   small  large bright flick streak disc
KINDS: dict[Drift, Motes] = {
    "stars": _motes(420, 60.0, 0.0, 0.0, 0.0, 0.0011, 0.0040, 0.9, 0.55, 1.0, 0.0),
    "embers": _motes(190, 3.6, -0.24, 0.03, 0.05, 0.0016, 0.0062, 1.5, 0.5, 1.5, 0.0),
    "snow": _motes(330, 7.0, 0.11, 0.02, 0.03, 0.0022, 0.0085, 0.75, 0.0, 1.0, 0.25),
    "rain": _motes(300, 0.75, 1.25, -0.10, 0.0, 0.0011, 0.0019, 0.40, 0.0, 26.0, 0.0),
    "dust": _motes(90, 9.0, -0.012, 0.008, 0.05, 0.0018, 0.0080, 0.34, 0.35, 1.0, 0.1),
    "petals": _motes(90, 8.0, 0.075, 0.045, 0.05, 0.0040, 0.0120, 0.5, 0.25, 1.5, 0.75),
    "bokeh": _motes(46, 9.0, -0.012, 0.006, 0.03, 0.014, 0.070, 0.26, 0.2, 1.0, 1.0),
    "bubbles": _motes(80, 8.0, -0.07, 0.0, 0.03, 0.0040, 0.0190, 0.25, 0.1, 1.0, 0.8),
}


@kernel
def scatter(light, motes, t, seed, ceiling):
    """Add the motes at time ``t`` (s) to ``light``, float32 (H, W).

    ceiling : motes are born above this share of the height (stars stay out of the water).
    """
    h, w = light.shape
    fh = f4(h)
    aspect = f4(f4(w) / fh)
    for n in range(motes.count):
        life = f4(motes.life * f4(f4(0.7) + f4(0.6) * unit(n, 1, seed)))
        turns = f4(f4(t / life) + unit(n, 2, seed))
        cycle = i4(turns)
        age = f4(turns - f4(cycle))
        own = u4(seed + u4(u4(cycle) * u4(7919)))
        a = unit(n, 3, own)
        size = f4(motes.small + f4(motes.large - motes.small) * f4(a * a * a))
        near = f4(f4(0.55) + f4(0.9) * a)
        since = f4(age * life)
        wobble = f4(since * f4(0.33))
        px = f4(
            unit(n, 4, own) * f4(aspect + f4(0.2))
            - f4(0.1)
            + motes.slide * near * since
            + motes.sway * gradient_noise(wobble, f4(f4(n) * f4(0.73)), own)
        )
        py = f4(
            unit(n, 5, own) * f4(ceiling + f4(0.1))
            - f4(0.05)
            + motes.fall * near * f4(since - f4(0.5) * life)
            + motes.sway * gradient_noise(f4(f4(n) * f4(0.61)), wobble, own)
        )
        show = f4(f4(4.0) * age * f4(f4(1.0) - age))
        show = min(f4(show * f4(1.6)), f4(1.0))
        beat = gradient_noise(
            f4(t * f4(f4(0.7) + f4(2.2) * unit(n, 6, seed))), f4(f4(n) * f4(1.37)), seed
        )
        power = f4(motes.bright * show * f4(f4(1.0) + motes.flicker * beat * f4(1.6)))
        power = f4(power * f4(f4(0.25) + f4(0.75) * unit(n, 7, own)))
        # A mote never gets smaller than a pixel; it gets dimmer instead.
        radius = f4(size * fh * f4(1.6))
        if radius < f4(1.25):
            power = f4(power * radius * radius * f4(0.64))
            radius = f4(1.25)
        tall = f4(radius * motes.streak)
        cx = f4(px * fh)
        cy = f4(py * fh)
        x0, x1 = max(0, i4(cx - radius)), min(w, i4(cx + radius) + 2)
        y0, y1 = max(0, i4(cy - tall)), min(h, i4(cy + tall) + 2)
        rx, ry = f4(f4(1.0) / radius), f4(f4(1.0) / tall)
        soft = f4(f4(1.0) - motes.disc)
        for y in range(y0, y1):
            dy = f4(f4(f4(i4(y)) + f4(0.5) - cy) * ry)
            row = light[y]
            for x in range(x0, x1):
                dx = f4(f4(f4(i4(x)) + f4(0.5) - cx) * rx)
                q = max(f4(f4(1.0) - dx * dx - dy * dy), f4(0.0))
                flat = min(f4(q * f4(5.0)), f4(1.0))
                rim = f4(flat * f4(f4(1.15) - f4(0.5) * q))
                point = f4(q * q * q)
                row[x] = f4(row[x] + power * f4(point * soft + rim * motes.disc))
