"""The character as a puppet: its sheets, their nets, and how a pose draws them.

Invariant: at rest it is the picture; sheets are drawn from back to front, and what a limb covers is
there behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from farm.media.light import Light
from farm_motion_weave.bones import ARMS, HEAD, LEGS, SKULL, Body, Posed
from farm_motion_weave.character import Character
from farm_motion_weave.drawing import Canvas, Lamps
from farm_motion_weave.features import Face
from farm_motion_weave.hearing import Mouth
from farm_motion_weave.joints import AT, NAMES, Points
from farm_motion_weave.lattice import Net, net_of
from farm_motion_weave.limbs import Limb, taken_apart
from farm_motion_weave.moves import View, moved
from farm_motion_weave.relief import inflated, slopes
from farm_motion_weave.rigid import Rigid

_BEHIND = 0.45
"""How far an arm is behind the trunk, in torsos, before it is drawn behind it."""
_SQUARES = 15
"""Squares of a net along the torso."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    limb: str
    bones: tuple[int, ...]
    planes: Light
    corner: Points
    net: Net
    rigid: Rigid
    heights: Points


class Puppet:
    """A character that can be posed. limbs : whether its body is known, else it bends as one."""

    def __init__(self, character: Character, body: Body, limbs: bool, lit: bool) -> None:
        self._character, self._body = character, body
        step = int(np.clip(round(body.torso / _SQUARES), 3, 32))
        size = 0.45 * body.torso
        heights = inflated(character.alpha, size)
        if limbs:
            heights = heights + _dome(heights, body) * character.alpha
        slope = slopes(heights, character.light, size) if lit else None
        self._sheets = [
            _sheet(limb, body, step, heights / np.float32(max(size, 1)), slope)
            for limb in taken_apart(character.light, character.alpha, body, limbs)
            if limb.region.any()
        ]

    def drawn(
        self,
        canvas: Canvas,
        posed: Posed,
        view: View,
        lamps: Lamps,
        face: Face | None,
        mouth: Mouth,
        lid: float,
    ) -> None:
        """Draw the puppet into the frame, over what is there."""
        stretched = np.stack([_upright(matrix) for matrix in posed.maps[:, :, :2]])
        for sheet in self._ordered(posed):
            places = self._places(sheet, posed, stretched, view)
            planes = sheet.planes
            if sheet.limb == "trunk" and face is not None:
                planes = _within(face, sheet.corner).shown(planes, mouth, lid)
            knots = sheet.net.knots - sheet.corner
            canvas.sheet(planes, sheet.net.triangles, knots, places, lamps)

    def _places(self, sheet: _Sheet, posed: Posed, stretched: Points, view: View) -> Points:
        """Where the knots of a sheet are in the frame."""
        net, bones = sheet.net, list(sheet.bones)
        maps = posed.maps[bones]
        each = np.einsum("bij,nj->nbi", maps[:, :, :2], net.knots) + maps[:, :, 2]
        goals = (each * net.weights[:, :, None]).sum(axis=1)
        shapes = np.einsum("nb,bij->nij", net.weights, stretched[bones])
        places = sheet.rigid.pulled(goals, shapes)
        if SKULL in bones and np.any(posed.turn):
            places = places + self._facing(net, posed)
        places = moved(places - self._character.corner, view.figure)
        if view.bulge:
            places[:, 0] += view.bulge * sheet.heights
        return places

    def _facing(self, net: Net, posed: Posed) -> Points:
        """A head that turns: what is in front of it moves, its outline stays."""
        head = self._body.joints[HEAD][:2]
        away = np.hypot(*(net.knots - head).T) / (1.15 * self._body.skull)
        front = np.sqrt(np.clip(1 - away**2, 0.0, 1.0))
        turn: Points = posed.maps[SKULL, :, :2] @ posed.turn
        return front[:, None] * turn[None]

    def _ordered(self, posed: Posed) -> list[_Sheet]:
        def place(sheet: _Sheet) -> tuple[int, float]:
            side, _, part = sheet.limb.partition("_")
            if sheet.limb == "seat":
                return 0, 0.0
            if part == "leg":
                return 1, -float(posed.depth[list(LEGS[side])].mean())
            if part == "arm":
                away = float(posed.depth[list(ARMS[side][:2])].mean())
                return (2 if away > _BEHIND else 4), -away
            return 3, 0.0

        return sorted(self._sheets, key=place)


def _dome(heights: Light, body: Body) -> Light:
    """A head is rounder than its outline tells, which is that of its hair."""
    head, reach = body.joints[HEAD][:2], 0.85 * body.skull
    rows, columns = np.ogrid[: heights.shape[0], : heights.shape[1]]
    away = ((columns - head[0]) / reach) ** 2 + ((rows - head[1]) / (1.3 * reach)) ** 2
    dome: Light = (0.75 * reach * np.clip(1 - away, 0, 1) ** 0.75).astype(np.float32)
    return dome


def unknown_body(alpha: NDArray[np.float32]) -> Points:
    """Joints (joints, 4) for a character without a known body: hips, chest and head of its outline."""
    rows, columns = np.nonzero(alpha > 0.5)
    top, bottom = float(rows.min()), float(rows.max())
    middle = float(columns.mean())
    wide = max(4.0, 0.5 * float(np.percentile(columns, 90) - np.percentile(columns, 10)))
    high = max(8.0, bottom - top)
    places = {
        "hip": (0.5 * wide, bottom),
        "shoulder": (0.5 * wide, bottom - 0.55 * high),
        "ear": (0.3 * wide, bottom - 0.8 * high),
    }
    joints = np.zeros((len(NAMES), 4))
    joints[:, :2] = middle, bottom - 0.5 * high
    for part, (half, row) in places.items():
        joints[AT[f"left_{part}"]] = middle + half, row, 0.0, 1.0
        joints[AT[f"right_{part}"]] = middle - half, row, 0.0, 1.0
    joints[AT["nose"]] = middle, bottom - 0.78 * high, 0.0, 0.0
    return joints


def _sheet(limb: Limb, body: Body, step: int, heights: Light, slope: Light | None) -> _Sheet:
    rows, columns = np.nonzero(limb.region)
    top, left = max(0, rows.min() - 4), max(0, columns.min() - 4)
    part = (slice(top, rows.max() + 5), slice(left, columns.max() + 5))
    alpha = limb.alpha[part]
    planes = np.zeros((6, *alpha.shape), np.float32)
    planes[:3] = limb.light[:, part[0], part[1]] * alpha
    planes[3] = alpha
    if slope is not None:
        planes[4:] = slope[:, part[0], part[1]]
    net = net_of(limb, body, step)
    x = np.clip(np.round(net.knots[:, 0]), 0, heights.shape[1] - 1).astype(int)
    y = np.clip(np.round(net.knots[:, 1]), 0, heights.shape[0] - 1).astype(int)
    corner = np.array([left, top], np.float64)
    return _Sheet(limb.name, limb.bones, planes, corner, net, Rigid(net), heights[y, x] + 0.0)


def _within(face: Face, corner: Points) -> Face:
    mouth, eyes = face.mouth.copy(), face.eyes.copy()
    mouth[:2] -= corner.astype(np.float32)
    eyes[:, :2] -= corner.astype(np.float32)
    return replace(face, mouth=mouth, eyes=eyes)


def _upright(matrix: Points) -> Points:
    """The part of a map that stretches before the part that turns."""
    stood, spun = matrix[0, 0] + matrix[1, 1], matrix[1, 0] - matrix[0, 1]
    size = max(float(np.hypot(stood, spun)), 1e-9)
    cos_, sin_ = stood / size, spun / size
    back = np.array([[cos_, sin_], [-sin_, cos_]])
    shape: Points = back @ matrix
    return shape
