"""A drawn person who stands before a wall, with known points, and motions for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 240, 320
"""Size that the points are told in."""
NAMES = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye",
    "right_eye_outer", "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_pinky",
    "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip",
    "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel",
    "right_heel", "left_foot_index", "right_foot_index",
)  # fmt: skip
_MIDDLE = 120.0
_ARMS = ("elbow", "wrist", "pinky", "index", "thumb")


def rest() -> dict[str, np.ndarray]:
    """Points (2,) by name of the person who stands, arms a little away from the body."""
    points: dict[str, np.ndarray] = {}
    for side, sign in (("left", 1), ("right", -1)):
        for name, x, y in (
            ("eye_inner", 5, 56), ("eye", 8.5, 56), ("eye_outer", 12, 56), ("ear", 18, 60),
            ("shoulder", 27, 100), ("elbow", 41, 137), ("wrist", 49, 171), ("pinky", 53, 183),
            ("index", 49, 185), ("thumb", 46, 178), ("hip", 16, 172), ("knee", 19, 224),
            ("ankle", 20, 275), ("heel", 18, 281), ("foot_index", 28, 284),
        ):  # fmt: skip
            points[f"{side}_{name}"] = np.array([_MIDDLE + sign * x, float(y)])
    points["nose"] = np.array([_MIDDLE, 65.0])
    points["mouth_left"], points["mouth_right"] = (
        np.array([_MIDDLE + x, 74.0]) for x in (7.0, -7.0)
    )
    return points


def shifted(place: Sequence[float] | np.ndarray, across: float, down: float) -> np.ndarray:
    """A place (2,) moved."""
    return np.array([place[0] + across, place[1] + down], float)


def turned(
    points: dict[str, np.ndarray], names: Sequence[str], about: str, degrees: float
) -> dict[str, np.ndarray]:
    """Those points turned about another, clockwise as seen."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = points[about]
    return points | {name: middle + turn @ (points[name] - middle) for name in names}


def waving(moment: float) -> dict[str, np.ndarray]:
    """The person with the left arm raised and waving, and the knees giving way. moment : 0 to 1."""
    swing = np.sin(2 * np.pi * moment)
    raised = 0.5 - 0.5 * np.cos(2 * np.pi * min(moment * 2, 0.5))
    points = rest()
    lean = [
        name for name in NAMES if not name.endswith(("knee", "ankle", "heel", "foot_index", "hip"))
    ]
    for side in ("left", "right"):
        points = turned(points, [name for name in lean if name.startswith(side)], f"{side}_hip", 0)
    arm = [f"left_{part}" for part in _ARMS]
    points = turned(points, arm, "left_shoulder", -105 * raised)
    points = turned(points, arm[1:], "left_elbow", (-50 - 30 * np.sin(6 * np.pi * moment)) * raised)
    other = [f"right_{part}" for part in _ARMS]
    points = turned(points, other, "right_shoulder", -14 * swing)
    points = turned(points, other[1:], "right_elbow", 18 * swing)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        step = max(sign * swing, 0.0)
        leg = [f"{side}_{part}" for part in ("knee", "ankle", "heel", "foot_index")]
        points = turned(points, leg, f"{side}_hip", -sign * 24 * step)
        points = turned(points, leg[1:], f"{side}_knee", sign * 34 * step)
    face = ["nose", "mouth_left", "mouth_right"]
    face += [
        f"{s}_{p}" for s in ("left", "right") for p in ("eye_inner", "eye", "eye_outer", "ear")
    ]
    points["_neck"] = np.array([_MIDDLE, 98.0])
    points = turned(points, face, "_neck", 6 * swing)
    del points["_neck"]
    return points


def told(path: Path, frames: Sequence[dict[str, np.ndarray]], fps: Fraction = Fraction(24)) -> Path:
    """A ``farm.pose/1`` of one person."""
    head = {
        "schema": "farm.pose/1", "width": WIDTH, "height": HEIGHT, "fps": str(fps),
        "layout": "body33", "provider": "test", "points": list(NAMES),
    }  # fmt: skip
    lines = [json.dumps(head)]
    for number, points in enumerate(frames):
        found = [[*points[name].round(3).tolist(), 0.0, 0.99] for name in NAMES]
        person = {"id": 1, "score": 1.0, "filled": False, "points": found}
        lines.append(json.dumps({"frame": number, "cut": False, "persons": [person]}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def drawn(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The person before a wall, uint8 (H, W, 3), and the matte, uint8 (H, W)."""
    fine = 3
    width, height = round(WIDTH * scale) * fine, round(HEIGHT * scale) * fine
    y, x = np.mgrid[:height, :width]
    x, y = (x + 0.5) * WIDTH / width - 0.5, (y + 0.5) * HEIGHT / height - 0.5
    wall = np.stack([150 + 40 * y / HEIGHT, 165 + 10 * np.sin(x / 19), 180 - 30 * y / HEIGHT], -1)
    wall = np.where(
        (y > 262)[..., None], np.array([118, 96, 78]) + 6 * np.sin(x / 7)[..., None], wall
    )
    wall += 6 * (((x // 24) + (y // 24)) % 2)[..., None] * (y <= 262)[..., None]
    picture, matte = wall.copy(), np.zeros((height, width), bool)
    at = rest()

    def rod(
        one: np.ndarray, two: np.ndarray, wide: tuple[float, float], colour: Sequence[int]
    ) -> None:
        way = two - one
        share = np.clip(((x - one[0]) * way[0] + (y - one[1]) * way[1]) / (way @ way), 0, 1)
        off = np.hypot(x - one[0] - share * way[0], y - one[1] - share * way[1])
        thick = wide[0] + (wide[1] - wide[0]) * share
        inside = off < thick
        side = ((x - one[0]) * way[1] - (y - one[1]) * way[0]) / (np.hypot(*way) * thick)
        shade = 0.72 + 0.28 * np.sqrt(np.clip(1 - (side * 0.9) ** 2, 0, 1))
        weave = 1 + 0.05 * np.sin(x * 1.3) * np.sin(y * 1.1)
        picture[inside] = (np.array(colour)[None] * (shade * weave)[inside][:, None]).clip(0, 255)
        matte[inside] = True

    skin, shirt, trousers, shoe = (222, 172, 142), (178, 52, 60), (52, 66, 110), (60, 44, 38)
    for side in ("left", "right"):
        rod(at[f"{side}_hip"], at[f"{side}_knee"], (14, 11), trousers)
        rod(at[f"{side}_knee"], at[f"{side}_ankle"], (11, 8), trousers)
        rod(at[f"{side}_heel"], at[f"{side}_foot_index"], (6, 6), shoe)
    rod(np.array([_MIDDLE, 104.0]), np.array([_MIDDLE, 166.0]), (26, 23), shirt)
    rod(np.array([_MIDDLE, 104.0]), np.array([_MIDDLE, 78.0]), (9, 8), skin)
    for side in ("left", "right"):
        rod(at[f"{side}_shoulder"], at[f"{side}_elbow"], (11, 9), shirt)
        rod(at[f"{side}_elbow"], at[f"{side}_wrist"], (9, 7), shirt)
        rod(at[f"{side}_wrist"], at[f"{side}_index"], (6.5, 5), skin)
    for radius, middle, colour in ((21.5, (120, 57), (66, 44, 30)), (18.5, (120, 62), skin)):
        rod(shifted(middle, 0, -2), shifted(middle, 0, 2), (radius, radius * 0.92), colour)
    for side in ("left", "right"):
        eye = at[f"{side}_eye"]
        rod(shifted(eye, -2, 0), shifted(eye, 2, 0), (2.4, 2.4), (240, 240, 240))
        rod(shifted(eye, -0.1, 0), shifted(eye, 0.1, 0), (1.7, 1.7), (40, 60, 50))
        rod(shifted(eye, -4, -6), shifted(eye, 4, -6.5), (1.0, 1.0), (70, 48, 34))
    rod(np.array([120, 62.0]), np.array([120, 68.0]), (1.5, 2.4), (200, 148, 120))
    rod(np.array([113.5, 74.0]), np.array([126.5, 74.0]), (1.4, 1.4), (150, 70, 66))
    size = (width // fine, height // fine)
    small = Image.fromarray(picture.clip(0, 255).astype(np.uint8)).resize(
        size, Image.Resampling.BOX
    )
    cover = Image.fromarray((matte * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    return np.asarray(small), np.asarray(cover)
