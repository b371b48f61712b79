"""A film as a function: frame number in, planes of pixels out.

Invariant: a frame depends on (script, frame number) and on nothing else, least of all on the frames
rendered before it; so windows join without a jump on any set of machines.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import light, ramp
from farm_procedural.render import lights, motes
from farm_procedural.render.camera import View, view_at
from farm_procedural.render.develop import develop
from farm_procedural.render.field import FORMS, paint_bends, paint_field
from farm_procedural.render.grade import curves, dither_tile, told
from farm_procedural.render.land import crest_heights, draw_land
from farm_procedural.render.planes import Planes
from farm_procedural.render.scenery import (
    Moment,
    field_at,
    horizon_of,
    moment_of,
    travelled,
)
from farm_procedural.render.shapes import draw_overlays
from farm_procedural.render.titles import draw_titles
from farm_procedural.render.transitions import iris_of, mix
from farm_procedural.render.unfold import GLOW_CELL, draw_disc, gather_glow, unfold
from farm_procedural.script import Script, Shot

__all__ = ["Film", "Planes"]

F32 = NDArray[np.float32]
SHAPES_NEAR = 0.6
"""Where shapes are between the horizon (0) and the lens (1)."""
TALL, TALL_WATER = 600, 1000
"""Rows from which on the soft part is painted at a quarter instead of half the resolution."""


class Film:
    """Renders the frames of a script. Not shared between threads: it keeps buffers."""

    def __init__(self, script: Script) -> None:
        self.script = script
        width, height = script.width, script.height
        self._ends = list(accumulate(shot.frames for shot in script.shots))
        self._light = np.empty((3, height, width), np.float32)
        cells = (-(-height // GLOW_CELL), -(-width // GLOW_CELL))
        self._glow = np.empty((3, *cells), np.float32)
        # The blur of the bloom grows with the picture: about a twentieth of its height.
        reach = 2 + sum(height >= rows for rows in (450, 900, 1800, 3600))
        self._gaps = np.array((1, 2, 3, 5, 8, 13)[:reach], np.int64)
        self._bends = np.empty((2, -(-height // 16), -(-width // 16)), np.float32)
        self._fields: dict[int, F32] = {}
        self._heights = np.empty((6, width), np.float32)
        self._shades = np.empty((6, width), np.float32)
        self._tile = np.ascontiguousarray(np.tile(dither_tile(), -(-width // 64))[:, :width])
        self._next: Planes | None = None
        # Two shots at once while one becomes the other.
        self._prepared = lru_cache(maxsize=2)(self._prepare)

    @property
    def frames(self) -> int:
        """Frames of the whole film."""
        return self._ends[-1]

    def frame(self, number: int, planes: Planes) -> None:
        """Render frame ``number`` (from 0) into ``planes``."""
        index = min(bisect_right(self._ends, number), len(self._ends) - 1)
        shot = self.script.shots[index]
        local = number - (self._ends[index] - shot.frames)
        self._render(index, local, number, planes)
        change = shot.transition
        done = local - (shot.frames - change.frames)
        if done < 0 or change.frames <= 0 or index + 1 == len(self._ends):
            return
        width, height = self.script.width, self.script.height
        if self._next is None:
            self._next = Planes.blank(width, height)
        self._render(index + 1, local - shot.frames, number, self._next)
        shape, centre = iris_of(self.script.shots[index + 1], width / height)
        progress = (done + 1) / (change.frames + 1)
        mix(
            change.kind, planes, self._next, progress, change.angle, planes,
            shape=shape, centre=centre,
        )  # fmt: skip

    def _render(self, index: int, local: int, number: int, planes: Planes) -> None:
        shot = self.script.shots[index]
        fps = self.script.fps
        ready = self._prepared(index)
        now = moment_of(shot, local, number, fps)
        view = view_at(shot.camera, now.p, now.seconds, now.pulse)
        if shot.depth.water:
            view = replace(view, degrees=0.0, cos=1.0, sin=0.0)  # Water lies level.
        gain = lights.exposure(shot, now)
        self._paint(shot, ready, now, view, gain)
        self._scatter(shot, ready, now, view, gain, behind=True)
        self._land(shot, now, view)
        self._shapes(shot, ready, now, view)
        self._scatter(shot, ready, now, view, gain, behind=False)
        self._titles(shot, ready, now)
        self._develop(shot, ready, number, planes)

    def _paint(self, shot: Shot, ready: _Ready, now: Moment, view: View, gain: float) -> None:
        """The soft part, enlarged, with the discs of its lights."""
        width, height = self.script.width, self.script.height
        aspect = width / height
        field, steps = field_at(shot, now, view, aspect, gain)
        orbs = lights.orbs(shot, now, aspect)
        if len(orbs) and shot.light.beams > 0.0 and shot.light.orb != "none":
            field = field._replace(beam_u=orbs[0, 0], beam_v=orbs[0, 1])
        factor = 4 if height >= (TALL_WATER if shot.depth.water else TALL) else 2
        buffer = self._fields.get(factor)
        if buffer is None:
            buffer = np.empty((3, -(-height // factor), -(-width // factor)), np.float32)
            self._fields[factor] = buffer
        seed = np.uint32(shot.key)
        bends = self._bends[:, :0] if factor == 2 or shot.texture.scale > 2.0 else self._bends
        if bends.size and len(steps) > FORMS:
            paint_bends(bends, *buffer.shape[1:], field, steps, seed)
        paint_field(buffer, field, steps, bends, orbs, ready.table, ready.accent, ready.tint, seed)
        unfold(self._light, buffer, factor)
        if shot.light.orb != "none":
            u, v, radius, edge = (float(value) for value in orbs[0, :4])
            x, y = _sky_point(view, u, v, shot)
            draw_disc(
                self._light,
                *(np.float32(n) for n in (x, y, radius * view.zoom, edge * view.zoom)),
                *(np.float32(gain * c) for c in orbs[0, 5:8]),
                np.float32(0.28 if shot.light.orb == "moon" else 0.0),
                field.horizon if shot.depth.water else np.float32(1.0),
                seed,
            )

    def _land(self, shot: Shot, now: Moment, view: View) -> None:
        rows = min(max(shot.depth.layers, 0), 6)
        if rows == 0:
            return
        width, height = self.script.width, self.script.height
        way = travelled(shot, now)[0]
        places, hills = lights.land(shot, now, view, (width, height), way)
        heights, shades = self._heights[:rows], self._shades[:rows]
        seed = np.uint32(shot.key)
        sun = shot.light.key * (1.0 if _lit_from_left(shot.light.angle) else -1.0)
        crest_heights(
            heights,
            shades,
            places,
            np.float32(shot.depth.rough * (1.0 - 0.5 * shot.depth.blur * (1.0 - shot.depth.focus))),
            np.float32(-view.sin / max(view.cos, 0.2) * width / height),
            np.float32(sun),
            seed,
        )
        waterline, shifts = np.float32(9.0), _STILL
        if shot.depth.water:
            waterline = np.float32(0.5 + view.onto(0.0, horizon_of(shot), 0.0)[1])
            shifts = _mirror_sway(height, float(waterline), now.moving)
        draw_land(self._light, heights, shades, hills, lights.rim(shot), waterline, shifts, 0, rows)

    def _shapes(self, shot: Shot, ready: _Ready, now: Moment, view: View) -> None:
        if not shot.overlays:
            return
        share = 0.35 + 0.65 * SHAPES_NEAR
        draw_overlays(
            self._light,
            ready.overlays,
            now.t * max(shot.motion.level, 0.0) / 0.4,
            shot.key,
            camera=(view.reach(SHAPES_NEAR), view.x * share, -view.y * share, view.degrees),
            scale=1.0 + 0.06 * now.pulse,
            sway=min(2.0 * shot.motion.level, 1.0),
            rim=shot.light.rim,
            angle=shot.light.angle,
        )

    def _scatter(
        self, shot: Shot, ready: _Ready, now: Moment, view: View, gain: float, *, behind: bool
    ) -> None:
        """Motes; stars are behind the land, all others in front of it."""
        for number, part in enumerate(shot.particles):
            if (part.kind == "stars") is not behind:
                continue
            ceiling = 1.0
            if behind and shot.depth.water:
                ceiling = horizon_of(shot) + 0.44
            motes.drawn(
                self._light,
                part,
                ready.motes[number],
                t=now.moving,
                view=view,
                blur=shot.depth.blur * (shot.depth.focus if behind else 1.0),
                gain=gain,
                ceiling=ceiling,
                seed=shot.key ^ (0x5BD1E995 + 7919 * number) & 0xFFFFFFFF,
            )

    def _titles(self, shot: Shot, ready: _Ready, now: Moment) -> None:
        if shot.titles:
            draw_titles(self._light, ready.titles, now.t, accent=shot.palette[3])

    def _develop(self, shot: Shot, ready: _Ready, number: int, planes: Planes) -> None:
        height, width = self.script.height, self.script.width
        grade = shot.grade
        bloom, halo = 0.85 * shot.light.bloom, grade.halation
        if bloom > 0.0 or halo > 0.0:
            gather_glow(self._light, self._glow, np.float32(0.62), self._gaps)
        bars = 0
        if grade.letterbox > width / height:
            bars = 2 * round((height - width / grade.letterbox) / 4)
        look = (
            bloom,
            halo,
            0.95 * grade.vignette,
            grade.grain,
            grade.saturation,
        )
        develop(
            planes.luma,
            planes.cb,
            planes.cr,
            self._light,
            self._glow,
            np.array(look, np.float32),
            ready.curves,
            self._tile,
            np.uint32((number * 2654435761 + self.script.seed * 40503 + 977) & 0xFFFFFFFF),
            bars,
        )

    def _prepare(self, index: int) -> _Ready:
        return _Ready(self.script.shots[index])


class _Ready:
    """What a shot needs in every frame."""

    def __init__(self, shot: Shot) -> None:
        self.table = ramp(shot.palette)
        self.accent = lights.accents(shot)
        self.tint = np.array(light(shot.palette[4]), np.float32)
        self.motes = tuple(lights.mote_colours(shot, part.kind) for part in shot.particles)
        self.curves = curves(shot.grade)
        unsharp = 0.6 * shot.depth.blur * abs(shot.depth.focus - SHAPES_NEAR)
        self.overlays = tuple(
            replace(shape, colour=told(shape.colour), soft=min(1.0, shape.soft + unsharp))
            for shape in shot.overlays
        )
        self.titles = tuple(replace(title, colour=told(title.colour)) for title in shot.titles)


_STILL = np.zeros(1, np.float32)


def _sky_point(view: View, u: float, v: float, shot: Shot) -> tuple[float, float]:
    """Where a point of the field is on the screen."""
    share = 0.5 if shot.depth.layers else 1.0
    du, dv = (u - view.x * share) * view.zoom, (v - view.y * share) * view.zoom
    return view.cos * du + view.sin * dv, view.cos * dv - view.sin * du


def _lit_from_left(angle: float) -> bool:
    return 90.0 < angle % 360.0 < 270.0


def _mirror_sway(height: int, waterline: float, moving: float) -> F32:
    """How far each row of a mirrored land is moved aside, in frame heights."""
    rows = (np.arange(height) + 0.5) / height - waterline
    far = 1.0 / (np.maximum(rows, 0.0) + 0.035)
    turns = far * 1.1 + 0.6 * moving
    x = turns - np.floor(turns + 0.5)
    wave = 8.0 * x - 16.0 * x * np.abs(x)
    return np.asarray(0.06 * wave * (np.maximum(rows, 0.0) + 0.01), np.float32)
