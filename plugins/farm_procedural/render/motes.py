"""What floats in the air: stars, embers, snow, rain, petals, sparks and the like.

Invariant: where a mote is at a time follows in closed form from its number and the seed; nothing is
simulated step by step, so any frame can be rendered alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from farm_procedural.compiled import kernel
from farm_procedural.noise import f4, gradient_noise, i4, u4, unit
from farm_procedural.render.camera import View
from farm_procedural.render.motion import direction
from farm_procedural.script import ParticleKind, Particles

F32 = NDArray[np.float32]


class Habit(NamedTuple):
    """How motes of one kind behave. Lengths in frame heights, times in seconds."""

    count: int
    life: float
    fall: float
    """Speed downwards; negative rises."""
    slide: float
    sway: float
    small: float
    large: float
    """Radii; most motes are nearer to ``small``."""
    bright: float
    flicker: float
    streak: float
    """Length along the way, as a multiple of the radius."""
    disc: float
    """0 is a point of light, 1 a flat disc out of focus."""
    solid: float = 0.0
    """0 adds light, 1 covers what is behind."""
    tumble: float = 0.0
    """Turns per second about its own axis."""
    burst: float = 0.0
    """How far it is thrown from a common origin."""


#                    count life   fall  slide   sway   small  large bright flick streak disc ...
HABITS: dict[ParticleKind, Habit] = {
    "stars": Habit(420, 60.0, 0.0, 0.0, 0.0, 0.0011, 0.0040, 0.9, 0.55, 1.0, 0.0),
    "embers": Habit(190, 3.6, -0.24, 0.03, 0.05, 0.0016, 0.0062, 1.5, 0.5, 1.5, 0.0),
    "snow": Habit(330, 7.0, 0.11, 0.02, 0.03, 0.0022, 0.0085, 0.75, 0.0, 1.0, 0.25),
    "rain": Habit(300, 0.75, 1.25, -0.10, 0.0, 0.0011, 0.0019, 0.40, 0.0, 26.0, 0.0),
    "dust": Habit(90, 9.0, -0.012, 0.008, 0.05, 0.0018, 0.0080, 0.34, 0.35, 1.0, 0.1),
    "petals": Habit(110, 8.0, 0.075, 0.045, 0.05, 0.0050, 0.0130, 0.9, 0.0, 1.7, 1.0, 0.85, 0.35),
    "bokeh": Habit(46, 9.0, -0.012, 0.006, 0.03, 0.014, 0.070, 0.26, 0.2, 1.0, 1.0),
    "bubbles": Habit(80, 8.0, -0.07, 0.0, 0.03, 0.0040, 0.0190, 0.25, 0.1, 1.0, 0.8),
    "sparks": Habit(150, 1.3, 0.10, 0.0, 0.0, 0.0010, 0.0026, 2.6, 0.4, 6.0, 0.0, 0.0, 0.0, 0.75),
    "confetti": Habit(170, 6.0, 0.19, 0.0, 0.04, 0.0045, 0.0085, 1.0, 0.0, 1.7, 1.0, 1.0, 0.9),
    "leaves": Habit(60, 8.0, 0.10, 0.07, 0.07, 0.0070, 0.0170, 0.8, 0.0, 1.9, 1.0, 0.95, 0.3),
    "fireflies": Habit(60, 6.0, -0.01, 0.0, 0.10, 0.0026, 0.0060, 1.9, 0.95, 1.0, 0.0),
}  # fmt: skip


def drawn(
    light: F32,
    part: Particles,
    colours: F32,
    *,
    t: float,
    view: View,
    blur: float,
    gain: float,
    ceiling: float,
    seed: int,
) -> None:
    """Draw the particles at ``t`` (s of movement) over ``light``, float32 (3, H, W).

    colours : float32 (n, 3) linear light that motes choose from. blur : depth of field, 0 to 1.
    ceiling : motes are born above this share of the height (stars stay out of the water).
    """
    h, w = light.shape[1], light.shape[2]
    habit = HABITS[part.kind]
    aspect = w / h
    count = round(habit.count * min(max(part.density, 0.0), 3.0) * max(aspect / 1.78, 0.3))
    slide, fall = habit.slide, habit.fall
    if part.direction is not None:
        cos, sin = direction(part.direction)
        pace = max((slide * slide + fall * fall) ** 0.5, 0.05)
        slide, fall = pace * cos, -pace * sin
    far = part.kind == "stars"
    numbers = (
        habit.life, fall * part.speed, slide * part.speed, habit.sway, habit.small, habit.large,
        habit.bright * gain, habit.flicker, habit.streak, habit.disc, habit.solid,
        habit.tumble * part.speed, habit.burst * part.speed, 0.0 if far else 1.0, blur,
        view.cos, view.sin, view.x, view.y, view.zoom, 0.0 if far else view.dolly,
        ceiling, t + 64.0,
    )  # fmt: skip
    scatter(light, count, np.array(numbers, np.float32), colours, np.uint32(seed))


@kernel
def scatter(light, count, p, colours, seed):
    """Draw ``count`` motes; ``p`` holds the numbers that :func:`drawn` puts together."""
    h, w = light.shape[1], light.shape[2]
    fh = f4(h)
    aspect = f4(f4(w) / fh)
    half = f4(aspect * f4(0.5))
    life_of, fall, slide, sway = p[0], p[1], p[2], p[3]
    small, large, bright, flicker = p[4], p[5], p[6], p[7]
    streak, disc, solid, tumble = p[8], p[9], p[10], p[11]
    burst, depth, blur = p[12], p[13], p[14]
    cos, sin, look_x, look_y, zoom, dolly = p[15], p[16], p[17], p[18], p[19], p[20]
    ceiling, t = p[21], p[22]
    wide = f4(aspect * f4(1.1))
    f4(np.sqrt(f4(fall * fall + slide * slide)))
    for n in range(count):
        life = f4(life_of * f4(f4(0.7) + f4(0.6) * unit(n, 1, seed)))
        turns = f4(f4(t / life) + unit(n, 2, seed))
        cycle = i4(turns)
        age = f4(turns - f4(cycle))
        own = u4(seed + u4(u4(cycle) * u4(7919)))
        a = unit(n, 3, own)
        size = f4(small + f4(large - small) * a * a * a)
        near = f4(f4(0.3) + f4(0.7) * a * depth) if depth > f4(0.0) else f4(0.0)
        since = f4(f4(age - f4(0.5)) * life)
        wobble = f4(t * f4(f4(0.16) + f4(0.2) * unit(n, 8, seed)))
        pace = f4(f4(0.55) + f4(0.9) * a)
        vx, vy = f4(slide * pace), f4(fall * pace)
        if burst > f4(0.0):
            # Thrown out from one place, braked by the air, pulled down by its weight.
            group = u4(seed + u4(u4(cycle) * u4(31)))
            ox = f4(f4(unit(n & 3, 21, group) - f4(0.5)) * aspect * f4(0.7))
            oy = f4(f4(unit(n & 3, 22, group) - f4(0.5)) * f4(0.6))
            gx = f4(unit(n, 23, own) - f4(0.5))
            gy = f4(unit(n, 24, own) - f4(0.5))
            norm = f4(f4(1.0) / f4(np.sqrt(f4(gx * gx + gy * gy)) + f4(0.05)))
            out = f4(burst * f4(f4(0.3) + f4(0.7) * a))
            slow = f4(f4(1.0) - age)
            went = f4(f4(f4(1.0) - slow * slow) * out * f4(0.5))
            u = f4(ox + gx * norm * went)
            v = f4(oy + gy * norm * went + f4(fall * life * age * age * f4(2.0)))
            vx = f4(gx * norm * out * slow)
            vy = f4(gy * norm * out * slow + fall * age * f4(4.0))
        else:
            u = f4(unit(n, 4, own) * wide - f4(wide * f4(0.5)) + vx * since)
            v = f4(unit(n, 5, own) * f4(1.1) * ceiling - f4(0.55) + vy * since)
            u = f4(u + sway * gradient_noise(f4(f4(n & 63) * f4(0.61)), wobble, own))
            v = f4(v + f4(0.6) * sway * gradient_noise(f4(f4(n & 63) * f4(0.61)), wobble, seed))
        # The camera; what leaves on one side comes in on the other.
        share = f4(f4(0.35) + f4(0.65) * near)
        u = f4(u - look_x * share)
        v = f4(v - look_y * share)
        reach = f4(zoom * f4(f4(1.0) + dolly * f4(f4(0.15) + f4(0.85) * near)))
        if ceiling >= f4(1.0):
            u = f4(u - wide * f4(np.floor(f4(u / wide + f4(0.5)))))
            v = f4(v - f4(1.1) * f4(np.floor(f4(v / f4(1.1) + f4(0.5)))))
        px = f4(f4(cos * u + sin * v) * reach + half)
        py = f4(f4(cos * v - sin * u) * reach + f4(0.5))
        show = f4(f4(4.0) * age * f4(f4(1.0) - age))
        show = min(f4(show * f4(1.6)), f4(1.0))
        if burst > f4(0.0):
            show = f4(f4(1.0) - age * age)
        beat = gradient_noise(
            f4(t * f4(f4(0.7) + f4(2.2) * unit(n, 6, seed))), f4(f4(n & 63) * f4(1.37)), seed
        )
        power = f4(bright * show * max(f4(f4(1.0) + flicker * beat * f4(1.6)), f4(0.0)))
        power = f4(power * f4(f4(0.25) + f4(0.75) * unit(n, 7, own)))
        # Depth of field: what is near the lens, or far behind, opens into a dimmer disc.
        radius = f4(size * fh * f4(1.6) * reach)
        spread = f4(blur * fh * f4(0.014) * abs(f4(f4(1.0) + near - f4(1.5) * depth)))
        if spread > f4(0.0):
            ratio = f4(radius / f4(radius + spread))
            power = f4(power * ratio * f4(f4(0.3) + f4(0.7) * ratio))
            radius = f4(radius + spread)
        # A mote never gets smaller than a pixel; it gets dimmer instead.
        if radius < f4(1.25):
            power = f4(power * radius * radius * f4(0.64))
            radius = f4(1.25)
        tall = f4(radius * streak)
        # It lies along its way, or tumbles.
        ca, sa = f4(0.0), f4(1.0)
        flat = f4(1.0)
        if tumble > f4(0.0):
            x = f4(unit(n, 9, own) + t * tumble * f4(f4(0.4) + unit(n, 10, own)))
            x = f4(x - f4(np.floor(x)))
            y = f4(f4(4.0) * x - f4(2.0))
            ca = f4(f4(1.0) - abs(y))
            sa = f4(np.sqrt(max(f4(f4(1.0) - ca * ca), f4(0.0))))
            z = f4(unit(n, 11, own) + t * tumble * f4(1.7))
            z = f4(z - f4(np.floor(z)))
            flat = f4(f4(0.22) + f4(0.78) * abs(f4(f4(1.0) - f4(2.0) * z)))
        elif streak > f4(1.0):
            way = f4(np.sqrt(f4(vx * vx + vy * vy)))
            if way > f4(1e-6):
                ca, sa = f4(vx / way), f4(vy / way)
            if burst > f4(0.0):
                tall = f4(radius * f4(f4(1.0) + streak * min(f4(way * f4(1.5)), f4(1.5))))
        radius = f4(radius * flat)
        radius = max(radius, f4(1.0))
        cx = f4(px * fh)
        cy = f4(py * fh)
        bx = f4(f4(abs(ca) * tall) + f4(abs(sa) * radius))
        by = f4(f4(abs(sa) * tall) + f4(abs(ca) * radius))
        x0, x1 = max(0, i4(f4(cx - bx))), min(w, i4(f4(cx + bx)) + 2)
        y0, y1 = max(0, i4(f4(cy - by))), min(h, i4(f4(cy + by)) + 2)
        across, along = f4(f4(1.0) / radius), f4(f4(1.0) / tall)
        soft = f4(f4(1.0) - disc)
        # A disc's edge takes a pixel and a half at any size.
        steep = min(f4(radius * f4(0.6)), f4(9.0))
        tone = u4(unit(n, 12, own) * f4(colours.shape[0]))
        r, g, b = colours[tone, 0], colours[tone, 1], colours[tone, 2]
        cover = f4(min(show * f4(2.0), f4(1.0)) * solid)
        for y in range(y0, y1):
            dy = f4(f4(i4(y)) + f4(0.5) - cy)
            red, green, blue = light[0, y], light[1, y], light[2, y]
            for x in range(x0, x1):
                dx = f4(f4(i4(x)) + f4(0.5) - cx)
                e = f4(f4(ca * dx + sa * dy) * along)
                s = f4(f4(ca * dy - sa * dx) * across)
                q = max(f4(f4(1.0) - e * e - s * s), f4(0.0))
                body = min(f4(q * steep), f4(1.0))
                rim = f4(body * f4(f4(1.15) - f4(0.5) * q))
                point = f4(q * q * q)
                part = f4(point * soft + rim * disc)
                if solid > f4(0.0):
                    over = f4(body * cover)
                    lit = f4(bright * f4(f4(0.55) + f4(0.45) * flat))
                    red[x] = f4(red[x] + f4(r * lit - red[x]) * over)
                    green[x] = f4(green[x] + f4(g * lit - green[x]) * over)
                    blue[x] = f4(blue[x] + f4(b * lit - blue[x]) * over)
                else:
                    p1 = f4(power * part)
                    red[x] = f4(red[x] + p1 * f4(r + p1 * f4(0.35)))
                    green[x] = f4(green[x] + p1 * f4(g + p1 * f4(0.35)))
                    blue[x] = f4(blue[x] + p1 * f4(b + p1 * f4(0.35)))
