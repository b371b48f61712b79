"""Where a face has its mouth and eyes, and how a sheet looks when they open and close.

Invariant: a closed mouth and open eyes leave the sheet as it is to the bit; nothing beyond the cheeks
and the chin is touched.

The lower face is pushed down by as much as the lips part, less and less towards the cheeks and the
neck; a lid is the skin above the eye, drawn over it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from farm import InputError
from farm.media.compiled import kernel
from farm.media.light import Light, signal_of
from farm.media.warping import cubic
from farm_motion_weave.chance import bump, drawn
from farm_motion_weave.hearing import Mouth
from farm_motion_weave.joints import AT, Points

_F = np.float32
_OPENING = 0.62
"""How far lips part at most, in halves of the mouth's width."""
_BLINK_S, _BLINKS_EVERY_S = 0.22, 3.6
_CORNERS, _LIPS, _CHIN = (61, 291), (13, 14), 152
_EYES = ((33, 133, 159, 145), (362, 263, 386, 374))
"""Points of the face mesh: an eye's two corners, its upper and its lower lid."""


@dataclass(frozen=True, slots=True)
class Face:
    """mouth (8,): middle, direction along, half width, half of the lips' bend, chin, both in half
    widths. eyes (E, 6): middle, direction along, half width, half height. All in pixels."""

    mouth: Light
    eyes: Light

    def shown(self, sheet: Light, mouth: Mouth, lid: float) -> Light:
        """The sheet (6, H, W) with the mouth and the lids so; itself when there is nothing to do."""
        moves = mouth.open > 0.01 or mouth.wide > 0.02 or mouth.round > 0.02
        lids = lid > 0.02 and len(self.eyes) > 0
        if not moves and not lids:
            return sheet
        half = float(self.mouth[4])
        reach = 4.2 * half
        x, y = float(self.mouth[0]), float(self.mouth[1])
        for eye in self.eyes:
            reach = max(reach, *(abs(eye[:2] - self.mouth[:2]) + 4 * eye[4]))
        height, width = sheet.shape[1:]
        box = np.array(
            [
                max(0, int(y - reach)),
                min(height, ceil(y + reach)),
                max(0, int(x - reach)),
                min(width, ceil(x + reach)),
            ]
        )
        out = sheet.copy()
        if box[0] < box[1] and box[2] < box[3]:
            shape = np.array([mouth.open * _OPENING, mouth.wide, mouth.round], np.float32)
            _reshape(sheet, self.mouth, shape, self.eyes, _F(lid if lids else 0.0), box, out)
        return out


def lid_at(time_s: float, seed: int) -> float:
    """How far eyes are shut at a moment, 0 to 1: a blink every few seconds, when is chance."""
    turn = int(time_s / _BLINKS_EVERY_S)
    begins = (turn + 0.15 + 0.7 * drawn(seed, "blink", turn)) * _BLINKS_EVERY_S
    return bump((time_s - begins) / _BLINK_S) ** 0.7


def face_of_mesh(path: Path, scale: tuple[float, float], shift: Points) -> Face | None:
    """The face of the first frame of a ``farm.face/1``; ``None`` if it shows none.

    Raises
    ------
    InputError : it is no such file.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        header = json.loads(lines[0])
        if header.get("schema") != "farm.face/1":
            raise ValueError(f"schema {header.get('schema')}")
        size = np.array([header["width"], header["height"]], np.float64)
        faces = [face for line in lines[1:2] for face in json.loads(line)["faces"]]
        if not faces:
            return None
        best = max(faces, key=lambda face: float(np.ptp(np.array(face["points"])[:, 1])))
        points = np.array(best["points"], np.float64)[:, :2]
        points = points * (np.array(scale) / size) + shift
        right, left = points[_CORNERS[0]], points[_CORNERS[1]]
        upper, lower = points[_LIPS[0]], points[_LIPS[1]]
        eyes = [_eye(*(points[index] for index in group)) for group in _EYES]
        return Face(_mouth(right, left, (upper + lower) / 2, points[_CHIN]), np.stack(eyes))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            "cannot be read",
            where="face",
            expected="JSON lines, schema farm.face/1, of 468 points",
            got=str(error),
            mend="Send the output of face.landmarks for the picture.",
            code="weave.face",
        ) from error


def face_of_body(rest: Points, light: Light) -> Face | None:
    """The face as far as a body's points tell; ``None`` if they tell no mouth that is seen."""
    left, right = rest[AT["mouth_left"]], rest[AT["mouth_right"]]
    if min(left[3], right[3]) < 0.4 or np.hypot(*(left - right)[:2]) < 3:
        return None
    # Corners of the mouth by their look in the picture, whichever the person's side.
    one, two = sorted((left[:2], right[:2]), key=lambda place: float(place[0]))
    middle = _lips(one, two, light)
    nose = rest[AT["nose"], :2]
    chin = middle + (middle - nose) * 1.15
    eyes = []
    for side in ("left", "right"):
        inner, outer = rest[AT[f"{side}_eye_inner"]], rest[AT[f"{side}_eye_outer"]]
        if min(inner[3], outer[3]) > 0.4 and np.hypot(*(inner - outer)[:2]) > 3:
            ends = sorted((inner[:2], outer[:2]), key=lambda place: float(place[0]))
            centre = rest[AT[f"{side}_eye"], :2]
            half = 0.62 * np.hypot(*(ends[1] - ends[0]))
            way = (ends[1] - ends[0]) / max(np.hypot(*(ends[1] - ends[0])), 1e-6)
            eyes.append(np.array([*centre, *way, half, 0.45 * half], np.float32))
    return Face(_mouth(one, two, middle, chin), np.array(eyes, np.float32).reshape(-1, 6))


def _mouth(one: Points, two: Points, lips: Points, chin: Points) -> Light:
    one, two = sorted((one, two), key=lambda place: float(place[0]))
    way = two - one
    half = max(float(np.hypot(*way)) / 2, 1.0)
    way = way / (2 * half)
    down = np.array([-way[1], way[0]])
    middle = (one + two) / 2
    bend = float(np.clip((lips - middle) @ down / half, -0.5, 0.8))
    below = float(np.clip((chin - middle) @ down / half, 1.2, 3.5))
    return np.array([*middle, *way, half, bend, below, 0.0], np.float32)


def _eye(one: Points, two: Points, upper: Points, lower: Points) -> Light:
    one, two = sorted((one, two), key=lambda place: float(place[0]))
    way = two - one
    long = max(float(np.hypot(*way)), 2.0)
    high = max(float(np.hypot(*(lower - upper))) / 2 * 1.3, 0.12 * long)
    return np.array([*((one + two + upper + lower) / 4), *(way / long), long / 2, high], np.float32)


def _lips(one: Points, two: Points, light: Light) -> Points:
    """Where the lips meet: the darkest place on the way across, near the line of the corners."""
    way = two - one
    half = float(np.hypot(*way)) / 2
    down = np.array([-way[1], way[0]]) / (2 * half)
    middle = (one + two) / 2
    luma = signal_of(np.maximum(light, 0).mean(axis=0))
    steps = np.linspace(-0.3, 0.7, 41)
    found = np.zeros(len(steps))
    for across in np.linspace(-0.3, 0.3, 7):
        for number, step in enumerate(steps):
            x, y = middle + way / 2 * across + down * half * step
            row = int(np.clip(round(y), 0, luma.shape[0] - 1))
            column = int(np.clip(round(x), 0, luma.shape[1] - 1))
            found[number] += luma[row, column] / 7
    best = steps[int(np.argmin(found + 0.12 * (steps - 0.12) ** 2))]
    lips: Points = middle + down * half * best
    return lips


@kernel
def _smooth(value, low, high):
    share = min(max((value - low) / (high - low), _F(0.0)), _F(1.0))
    return share * share * (_F(3.0) - _F(2.0) * share)


@kernel
def _reshape(sheet, mouth, shape, eyes, lid, box, out):
    zero, one, half_ = _F(0.0), _F(1.0), _F(0.5)
    x0, y0, ux, uy, half = mouth[0], mouth[1], mouth[2], mouth[3], mouth[4]
    bend, chin = mouth[5], mouth[6]
    opened, wide, rounded = shape[0], shape[1], shape[2]
    # Rounded lips are narrower and part farther for their width; drawn ones are wider.
    width = one + _F(0.16) * wide - _F(0.30) * rounded
    gap_wide = max(_F(0.35), _F(0.80) * width)
    rows, columns = sheet.shape[1:]
    for row in range(box[0], box[1]):
        for column in range(box[2], box[3]):
            x, y = _F(column), _F(row)
            s = ((x - x0) * ux + (y - y0) * uy) / half
            t = ((y - y0) * ux - (x - x0) * uy) / half
            hole, depth = zero, zero
            side = one - _smooth(abs(s), _F(0.9), _F(2.3))
            if side > zero and -_F(2.0) < t < chin + _F(2.2):
                narrow = _smooth(abs(t), zero, _F(1.3))
                stretch = width + (one - width) * max(narrow, _smooth(abs(s), _F(0.9), _F(2.0)))
                bent = bend * (one - min(s * s, one))
                arch = one - (s / gap_wide) * (s / gap_wide)
                gap = opened * np.sqrt(arch) if arch > zero else zero
                top, low = bent - _F(0.22) * gap, bent + _F(0.78) * gap
                shift = zero
                if t >= low:
                    deep = _smooth(t - low, zero, _F(1.1))
                    jaw = _F(0.78) * opened * side
                    shift = _F(0.78) * gap + (jaw - _F(0.78) * gap) * deep
                    shift *= one - _smooth(t, chin + _F(0.2), chin + _F(2.1))
                elif t <= top:
                    shift = -_F(0.22) * gap * (one - _smooth(top - t, zero, _F(0.9)))
                else:
                    deep_top = (t - top) * half
                    deep_low = (low - t) * half
                    hole = min(one, min(deep_top, deep_low) + _F(0.3))
                    hole = max(hole, zero)
                    depth = (t - top) / max(low - top, _F(1e-3))
                    shift = _F(0.96) * (t - bent)
                s2, t2 = s / stretch, t - shift
                x = x0 + half * (s2 * ux - t2 * uy)
                y = y0 + half * (s2 * uy + t2 * ux)
            for at in range(len(eyes)):
                if lid <= zero:
                    break
                e = eyes[at]
                s = ((x - e[0]) * e[2] + (y - e[1]) * e[3]) / e[4]
                t = ((y - e[1]) * e[2] - (x - e[0]) * e[3]) / e[5]
                if abs(s) >= _F(1.25) or t < _F(-3.2) or t > _F(1.4):
                    continue
                oval = max(one - s * s / _F(1.5625), zero)
                line = _F(-0.9) + _F(1.75) * lid * np.sqrt(oval)
                if t < line:
                    # The skin from the brow to the lid is drawn down to the line.
                    share = (t + _F(3.2)) / (line + _F(3.2))
                    t = _F(-3.2) + share * _F(2.05 + 0.25)
                    x = e[0] + e[4] * s * e[2] - e[5] * t * e[3]
                    y = e[1] + e[4] * s * e[3] + e[5] * t * e[2]
            if x == _F(column) and y == _F(row) and hole == zero:
                continue
            cover = min(max(cubic(sheet[3], x, y), zero), one)
            out[3, row, column] = cover
            for channel in range(3):
                value = max(cubic(sheet[channel], x, y), zero)
                if hole > zero:
                    # Teeth behind the upper lip where there is room, then the dark of the mouth.
                    inside = _F(0.012) if channel else _F(0.035)
                    teeth = (one - _smooth(depth, _F(0.22), _F(0.38))) * _smooth(
                        opened, _F(0.22), _F(0.55)
                    )
                    teeth *= _smooth(depth, _F(0.02), _F(0.14))
                    bright = _F(0.50) - _F(0.09) * _F(channel)
                    tongue = _smooth(depth, _F(0.6), one) * (_F(0.10) if channel == 0 else _F(0.03))
                    inside += teeth * (bright - inside) + tongue
                    value += hole * (inside * cover - value)
                out[channel, row, column] = value
            i = min(max(int(x + half_), 0), columns - 1)
            j = min(max(int(y + half_), 0), rows - 1)
            out[4, row, column], out[5, row, column] = sheet[4, j, i], sheet[5, j, i]
