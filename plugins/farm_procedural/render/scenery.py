"""From a shot to the field's numbers in a moment: what forms there are and how they move.

Invariant: a field is a function of (shot, moment, view); offsets that grow with time are reduced in
double precision to the noise's period, so an hour into a film it is as fine as at its start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_procedural.noise import PERIOD
from farm_procedural.render.camera import View
from farm_procedural.render.field import CONIC, DIAMOND, LINEAR, RADIAL, Field
from farm_procedural.render.motion import beat, direction, swelled
from farm_procedural.script import Shot

F32 = NDArray[np.float32]
NO_WATER = 9.0
USUAL_LEVEL = 0.4
_FAR = ("sky", "aurora", "clouds")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in a shot. t: seconds into it; p: its progress, 0 to 1; moving: seconds of movement
    gone by; pulse: how hard the beat hits; seconds: of the film."""

    t: float
    p: float
    moving: float
    pulse: float
    seconds: float


def moment_of(shot: Shot, frame: int, number: int, fps: int) -> Moment:
    """The moment of ``frame`` of a shot, which is frame ``number`` of the film."""
    t, length = frame / fps, shot.frames / fps
    p = frame / max(shot.frames - 1, 1)
    motion = shot.motion
    clock = shot.clock_s + swelled(t, length, shot.energy_from, shot.energy_to, motion.easing)
    seconds = number / fps
    return Moment(
        t=t,
        p=min(max(p, 0.0), 1.0),
        moving=clock * max(motion.level, 0.0) / USUAL_LEVEL,
        pulse=beat(seconds, motion.pulse),
        seconds=seconds,
    )


def chance(key: int, name: str) -> float:
    """A number in [0, 1) that is this key's own for this name."""
    digest = hashlib.blake2b(f"{key}:{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def travelled(shot: Shot, now: Moment) -> tuple[float, float]:
    """How far the forms went, to the right and down, in frame heights."""
    if shot.motion.direction is None:
        return 0.0, 0.0
    cos, sin = direction(shot.motion.direction)
    way = now.moving * (0.03 + shot.texture.flow)
    return cos * way, -sin * way


def horizon_of(shot: Shot) -> float:
    """Where the sky ends, in frame heights below the middle."""
    return round(0.08 + 0.10 * chance(shot.key, "horizon"), 4)


def field_at(shot: Shot, now: Moment, view: View, aspect: float, gain: float) -> tuple[Field, F32]:
    """The field's numbers and its octaves of noise in a moment."""
    key, texture, scenery = shot.key, shot.texture, shot.scenery
    far = scenery in _FAR
    share = 0.5 if shot.depth.layers else 1.0
    horizon = horizon_of(shot)
    side = 1.0 if chance(key, "side") < 0.5 else -1.0
    amount = min(max(texture.amount, 0.0), 1.0) / 0.4
    warp, rake = min(max(texture.warp, 0.0), 1.0), max(shot.light.key, 0.0) / 0.3
    values = {
        "scale": 1.05, "stretch": 1.0, "warp": 1.1 * warp, "swing": 0.13 * amount, "rake": 0.05,
        "folds": 0.0, "veins": 0.0, "keen": 3.0, "cloud": 0.0, "gas": 0.0, "rays": 0.0,
    }  # fmt: skip
    if scenery == "flow":
        values |= {
            "scale": 1.25, "warp": 1.7 * warp, "swing": 0.42 * amount, "rake": 0.17,
            "folds": 0.17, "veins": 0.20 * min(amount, 1.5), "keen": 5.0,
        }  # fmt: skip
    elif scenery == "sky":
        values |= {"stretch": 2.4, "rake": 0.03}
    elif scenery == "aurora":
        values |= {"scale": 1.1, "swing": 0.08 * amount, "rake": 0.02, "rays": 1.7}
    elif scenery == "clouds":
        values |= {
            "scale": 1.3, "stretch": 1.7, "warp": 0.55 * warp, "swing": 0.04 * amount,
            "rake": 0.11, "cloud": 0.30 + 0.2 * min(amount, 2.0),
        }  # fmt: skip
    elif scenery == "nebula":
        values |= {
            "scale": 1.0, "warp": 1.9 * warp, "swing": 0.50 * amount, "rake": 0.05, "gas": 0.9,
            "veins": 0.12 * min(amount, 1.5), "keen": 6.0,
        }  # fmt: skip
    else:
        values |= {"swing": 0.16 * amount, "rake": 0.04}
    if amount == 0.0:
        values["rake"] = 0.0
    kind, gradient = _gradient(shot, aspect, horizon, far, side)
    # The light's angle points to where it comes from; rows run downwards.
    cos, sin = direction(shot.light.angle)
    rake = values.pop("rake") * rake * min(amount, 1.5)
    lit = {"light_x": -1.17 * rake * cos, "light_y": 1.17 * rake * sin}
    screen = view.onto(0.0, horizon, 0.0)[1]
    beam_u, beam_v = beam_source(shot, aspect)
    field = Field(
        cos=np.float32(view.cos / view.zoom),
        sin=np.float32(view.sin / view.zoom),
        pan_x=np.float32(view.x * share),
        pan_y=np.float32(view.y * share),
        kind=np.int32(kind),
        **{name: np.float32(value) for name, value in (gradient | lit | values).items()
           if name != "scale"},
        scale=np.float32(values["scale"] * texture.scale),
        way=np.float32(travelled(shot, now)[0] % PERIOD),
        horizon=np.float32(screen if shot.depth.water else NO_WATER),
        ripple=np.float32(0.16),
        beam=np.float32(0.55 * shot.light.beams),
        beam_u=np.float32(beam_u),
        beam_v=np.float32(beam_v),
        drift=np.float32((0.34 if scenery == "flow" else 0.30) * now.moving),
        gain=np.float32(gain),
    )  # fmt: skip
    return field, _steps(shot, now, values, amount)


def beam_source(shot: Shot, aspect: float) -> tuple[float, float]:
    """Where rays come from: out of the picture, on the key light's side."""
    cos, sin = direction(shot.light.angle)
    return cos * (0.5 * aspect + 0.1), -sin * 0.66


def _gradient(
    shot: Shot, aspect: float, horizon: float, far: bool, side: float
) -> tuple[int, dict[str, float]]:
    gradient = shot.gradient
    strength = min(max(gradient.strength, 0.0), 1.0)
    gu, gv = gradient.centre
    values = {"grad_x": 0.0, "grad_y": 0.0, "grad_u": gu, "grad_v": gv, "span": 0.0, "base": 0.5}
    if far and gradient.kind == "vertical":
        # A sky: dark above, light at the horizon.
        top, low = (0.22, 0.37) if shot.scenery == "aurora" else (0.10, 0.88)
        middle = 0.5 * (top + low)
        top, low = (middle + (end - middle) * (0.25 + 0.9375 * strength) for end in (top, low))
        fall = (low - top) / (horizon + 0.5)
        values |= {"grad_x": 0.05 * side, "grad_y": fall, "grad_u": 0.0, "grad_v": -0.5}
        return LINEAR, values | {"base": top}
    if gradient.kind in ("radial", "diamond"):
        reach_u, reach_v = 0.5 * aspect + abs(gu), 0.5 + abs(gv)
        if gradient.kind == "diamond":
            span, kind = strength / (0.8 * (reach_u + reach_v)), DIAMOND
        else:
            span, kind = strength / (0.95 * (reach_u**2 + reach_v**2) ** 0.5), RADIAL
        return kind, values | {"span": span, "base": 0.5 + 0.5 * strength}
    angle = gradient.angle
    if gradient.kind == "vertical":
        angle = 90.0 if direction(angle)[1] >= 0 else -90.0
    elif gradient.kind == "horizontal":
        angle = 0.0 if direction(angle)[0] >= -1e-6 else 180.0
    cos, sin = direction(angle)
    if gradient.kind == "conic":
        return CONIC, values | {"grad_x": cos, "grad_y": -sin, "span": strength}
    reach = (0.5 * aspect * abs(cos) + 0.5 * abs(sin)) * 2.0
    return LINEAR, values | {"grad_x": strength * cos / reach, "grad_y": -strength * sin / reach}


#          frequency, way of its own per second (x, y), strength
_WARPS = (
    (1.0, 0.31, -0.17, 1.0), (2.03, -0.23, 0.29, 0.5),
    (1.0, -0.21, 0.26, 1.0), (1.97, 0.27, 0.11, 0.5),
    (1.0, 0.0, 2.2, 1.0), (2.7, -1.0, 1.5, 1.0),
)  # fmt: skip
_FORMS = ((0.12, 0.09), (0.0, -0.2), (-0.25, 0.0), (0.21, 0.17), (-0.3, 0.2), (0.15, -0.33))


def _steps(shot: Shot, now: Moment, values: dict[str, float], amount: float) -> F32:
    """float32 (6 + octaves, 4): frequency, offsets and strength of each octave."""
    needed = amount > 0.0 or shot.scenery == "aurora"
    octaves = min(max(shot.texture.octaves, 1), 6) if needed else 0
    blurred = shot.depth.blur * shot.depth.focus
    right, down = travelled(shot, now)
    scale = values["scale"] * shot.texture.scale
    # Forms that travel keep more of their shape, so that the way they go can be seen.
    drift = 0.34 * now.moving * (1.0 if shot.motion.direction is None else 0.3)
    drift *= 0.6 + 4.0 * shot.texture.flow
    rows = []
    for k, (frequency, dx, dy, amp) in enumerate(_WARPS):
        gone_x, gone_y = (right * scale, down * scale * values["stretch"]) if k < 4 else (0.0, 0.0)
        off = 17.3 if k in (2, 3) else 0.0
        speed = 0.34 * now.moving if k > 3 else drift
        rows.append((
            frequency,
            (dx * speed - frequency * gone_x + off) % PERIOD,
            (dy * speed - frequency * gone_y - off) % PERIOD,
            amp,
        ))  # fmt: skip
    frequency, amp = 1.0, 1.0
    fade = 0.45
    if shot.scenery == "clouds":
        octaves, fade = max(octaves, 5) if octaves else 0, 0.54  # Puffs on puffs.
    for k in range(octaves):
        dx, dy = _FORMS[k]
        gone_x, gone_y = right * scale * 0.9, down * scale * values["stretch"] * 0.9
        rows.append((
            frequency,
            (dx * drift - frequency * gone_x + 3.7 * k) % PERIOD,
            (dy * drift - frequency * gone_y) % PERIOD,
            amp * (1.0 - 0.85 * blurred * min(k / 2.0, 1.0)),
        ))  # fmt: skip
        frequency *= 2.07
        amp *= fade
    return np.array(rows, np.float32)
