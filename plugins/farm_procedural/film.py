"""A film as a function: frame number in, planes of pixels out.

Invariant: a frame depends on (prompt, seed, size, fps, frame number) and on nothing else, least of
all on the frames rendered before it; so windows join without a jump on any set of machines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import from_lch, light, mixed, ramp
from farm_procedural.drift import KINDS, scatter
from farm_procedural.field import Shape, gather_glow, paint_field
from farm_procedural.finish import crest_heights, develop
from farm_procedural.look import Look
from farm_procedural.motion import glide

F32 = NDArray[np.float32]
NO_WATER = 9.0


@dataclass(frozen=True, slots=True)
class Planes:
    """One frame, uint8 4:2:0 in BT.709 limited range: luma (H, W), cb and cr (H / 2, W / 2)."""

    luma: NDArray[np.uint8]
    cb: NDArray[np.uint8]
    cr: NDArray[np.uint8]


class Film:
    """Renders the frames of one look at one size. Not shared between threads: it keeps buffers."""

    def __init__(self, look: Look, width: int, height: int, fps: int) -> None:
        self.look, self.width, self.height, self.fps = look, width, height, fps
        self._table = ramp(look.stops)
        self._accent = _accents(look)
        self._field = np.empty((3, height // 2, width // 2), np.float32)
        glow_size = (-(-(height // 2) // 8), -(-(width // 2) // 8))
        self._glow = np.empty((3, *glow_size), np.float32)
        self._light = np.empty((height, width), np.float32)
        rows = look.ridges
        self._heights = np.empty((rows, width), np.float32)
        self._horizon = round(0.08 + 0.10 * look.chance("horizon"), 4)
        self._places, self._hills = _hills(look, self._horizon)
        self._motes = KINDS[look.drift]
        self._mote_colour = _f32(light(_mote_colour(look)))
        self._dither = _dither_tile()

    def frame(self, number: int, planes: Planes) -> None:
        """Render frame ``number`` (from 0) into ``planes``."""
        look, seed = self.look, np.uint32(self.look.key)
        t = number / self.fps
        pan = 0.10 * glide(t * look.energy, 23.0, look.chance("pan"))
        pan += 0.02 * t * look.energy * (1 if look.chance("way") < 0.5 else -1)
        shape = self._shape(t, pan)
        orbs = _orbs(look, t, self._horizon, self.width / self.height)
        paint_field(self._field, shape, orbs, self._table, self._accent, seed)
        gather_glow(self._field, self._glow)
        self._light.fill(0.0)
        ceiling = self._horizon + 0.44 if look.water else 1.0
        stars_only = look.drift == "stars" and (look.water or look.ridges > 0)
        scatter(
            self._light,
            self._motes,
            np.float32(t),
            np.uint32(seed ^ np.uint32(0x5BD1E995)),
            np.float32(ceiling if stars_only else 1.0),
        )
        crest_heights(self._heights, self._places, np.float32(look.rough), np.float32(pan), seed)
        develop(
            planes.luma,
            planes.cb,
            planes.cr,
            self._field,
            self._glow,
            self._light,
            self._heights,
            self._hills,
            self._mote_colour,
            look.drift == "stars",
            np.float32(0.7),
            np.float32(self._horizon + 0.5 if look.water else NO_WATER),
            np.float32(t),
            self._dither,
        )

    def _shape(self, t: float, pan: float) -> Shape:
        look = self.look
        moving = t * look.energy
        abstract = look.scenery == "flow"
        lean = 0.075 if abstract else 0.0
        zoom = 1.0 / (1.0 + 0.07 * glide(moving, 19.0, look.chance("zoom")))
        turn = lean * glide(moving, 29.0, look.chance("turn"))
        # Half-angle form of cosine and sine: exact arithmetic, always a rotation.
        q = turn / 2
        cos, sin = (1 - q * q) / (1 + q * q) * zoom, 2 * q / (1 + q * q) * zoom
        side = 1.0 if look.chance("side") < 0.5 else -1.0
        if abstract:
            values = {
                "scale": 1.25 * look.scale,
                "stretch": 1.0,
                "warp": 0.85,
                "base": 0.46 + 0.08 * (look.chance("base") - 0.5),
                "across": 0.24 * side,
                "down": -0.20,
                "swing": 0.42,
                "relief": 0.17,
                "folds": 0.17,
                "veins": 0.20,
                "keen": 5.0,
                "rays": 0.0,
            }
        elif look.scenery == "aurora":
            values = {
                "scale": 1.1 * look.scale,
                "stretch": 1.0,
                "warp": 0.7,
                "base": 0.22,
                "across": 0.02 * side,
                "down": 0.24,
                "swing": 0.08,
                "relief": 0.02,
                "folds": 0.0,
                "veins": 0.0,
                "keen": 3.0,
                "rays": 1.7,
            }
        else:
            top, low = 0.10, 0.88
            down = (low - top) / (self._horizon + 0.5)
            values = {
                "scale": 1.05 * look.scale,
                "stretch": 2.1,
                "warp": 0.55,
                "base": top + 0.5 * down,
                "across": 0.05 * side,
                "down": down,
                "swing": 0.13,
                "relief": 0.05,
                "folds": 0.0,
                "veins": 0.0,
                "keen": 3.0,
                "rays": 0.0,
            }
        values["horizon"] = self._horizon if look.water else NO_WATER
        values["ripple"] = 0.16
        return Shape(
            np.float32(cos),
            np.float32(sin),
            np.float32(pan if abstract else pan * 0.35),
            np.float32(0.03 * glide(moving, 31.0, look.chance("rise")) if abstract else 0.0),
            np.float32(0.34 * moving if abstract else 0.30 * moving),
            *(np.float32(value) for value in values.values()),
        )


def _orbs(look: Look, t: float, horizon: float, aspect: float) -> F32:
    """Lights in the field: the sun or the moon, or three slow glows in an abstract picture."""
    warm, pale = light(look.stops[3]), light(look.stops[4])
    if look.scenery == "flow":
        reach = 0.42 * aspect
        power = 0.52 * (1.0 - 1.2 * max(0.0, look.stops[0][0] - 0.2))
        first = light(mixed(look.stops[3], look.stops[4], 0.4))
        rows = []
        for i in range(3):
            phase = look.chance(f"glow {i}")
            u = reach * glide(t * look.energy, 17.0 + 5 * i, phase)
            v = 0.36 * glide(t * look.energy, 13.0 + 4 * i, phase + 0.37)
            colour = first if i == 0 else warm
            size = 0.17 + 0.13 * look.chance(f"size {i}")
            rows.append([u, v, -1.0, 0.01, size, *colour, power * (1.0 - 0.15 * i)])
        return _f32(rows)
    if look.orb is None:
        return np.empty((0, 9), np.float32)
    u = (look.chance("orb") - 0.5) * 0.62 * aspect
    if look.orb == "moon":
        v = -0.26 + 0.10 * look.chance("orb height") - 0.0015 * t
        return _f32([[u, v, 0.062, 0.004, 0.16, *(0.95 * c for c in pale), 0.40]])
    v = horizon - 0.115 - 0.05 * look.chance("orb height") + 0.012 * glide(t, 37.0, 0.0)
    return _f32(
        [
            [u, v, 0.055, 0.005, 0.12, *(1.1 * c for c in pale), 0.55],
            [u, v, -1.0, 0.01, 0.50, *warm, 0.40],
        ]
    )


def _hills(look: Look, horizon: float) -> tuple[F32, F32]:
    """Where the rows of hills stand and their colours, far to near."""
    rows = look.ridges
    if rows == 0:
        return np.empty((0, 3), np.float32), np.empty((0, 7), np.float32)
    places, hills = [], []
    # By day the land is lit; at night it stands dark before the sky.
    low = 1 if look.stops[0][0] > 0.33 else 0
    air = look.stops[2 if look.scenery == "aurora" else 3]
    for k in range(rows):
        near = (k + 1) / rows
        far = 1.0 - near
        if look.water:
            base = horizon + 0.495 - 0.05 * far
            tall = 0.045 + 0.05 * far
        else:
            base = 0.60 + 0.33 * near
            tall = 0.085 + 0.05 * near
        places.append([base, tall, 0.25 + 1.1 * near])
        # Air between the rows: the farther, the more a hill takes the colour of the sky behind.
        own = mixed(look.ground[low], look.ground[low + 1], 0.45)
        body = mixed(mixed(own, look.ground[low + 2], 0.45 * far), air, 0.62 * far)
        mist = mixed(body, air, 0.32)
        hills.append([*light(body), 0.9 if near < 1 else 0.25, *light(mist)])
    return _f32(places), _f32(hills)


def _accents(look: Look) -> F32:
    """Colours of veins: near the ground, and high up. Curtains of light turn violet on top."""
    low = mixed(look.stops[3], look.stops[4], 0.25)
    high = from_lch(0.58, 0.19, 0.86) if look.scenery == "aurora" else low
    return _f32([light(low), light(high)])


def _mote_colour(look: Look) -> tuple[float, float, float]:
    pale = look.stops[4]
    if look.drift in ("snow", "stars", "rain"):
        return mixed(pale, from_lch(0.97, 0.0, 0.0), 0.6)
    return mixed(look.stops[3], pale, 0.45)


def _dither_tile() -> F32:
    """A 64 x 64 tile of offsets in (0, 1) - 0.5 whose neighbours differ (blue noise), in levels."""
    numbers = np.arange(64 * 64, dtype=np.uint64)
    rank = np.argsort((numbers * 2654435761 + 12345) % 4294967291 % 65521, kind="stable")
    tile = np.argsort(rank, kind="stable").reshape(64, 64).astype(np.int64)
    for _ in range(8):
        around = sum(
            np.roll(tile, (dy, dx), (0, 1)) * (2 if dx == 0 or dy == 0 else 1)
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if dx or dy
        )
        sharp = (12 * tile - around).ravel()
        tile = np.argsort(np.argsort(sharp, kind="stable"), kind="stable").reshape(64, 64)
    return (tile.astype(np.float32) + np.float32(0.5)) / np.float32(4096.0) - np.float32(0.5)


def _f32(values: object) -> F32:
    return np.ascontiguousarray(np.array(values, np.float32))
