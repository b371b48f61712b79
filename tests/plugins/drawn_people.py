"""A portrait, a drawn hand and a drawn skeleton whose points are known."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw

from farm.media.film import write_lossless
from farm.media.planes import Layout, Picture
from farm_vision.people.records import Header, Written
from farm_vision.people.regions import Region
from farm_vision.people.skeleton import BODY33
from farm_vision.people.steady import Frame
from farm_vision.people.tracks import Find

EYES = np.array([[203.0, 101.5], [247.0, 103.5]])
"""Pupils of the portrait, the person's right one first; measured by eye, to a pixel or two."""
NOSE, CHIN, MOUTH = (223.0, 127.0), (223.5, 178.5), ((203.0, 139.5), (245.5, 140.0))
OUTLINE = (
    (154, 95), (165, 45), (190, 22), (225, 14), (262, 22), (292, 45), (300, 80), (296, 112),
    (276, 132), (262, 152), (285, 166), (303, 195), (306, 230), (335, 255), (350, 300), (358, 348),
    (393, 343), (448, 357), (480, 390), (497, 440), (495, 512), (18, 512), (24, 440), (40, 310),
    (58, 262), (92, 225), (112, 213), (118, 185), (140, 160), (188, 150), (183, 132), (168, 122),
)  # fmt: skip
"""Around the person of the portrait and the helmet she holds; drawn by hand."""


def portrait() -> np.ndarray:
    """uint8 (512, 512, 3)."""
    return skimage.data.astronaut()


def picture(pixels: np.ndarray) -> Picture:
    """RGB pixels as a picture."""
    layout = Layout(pixels.shape[1], pixels.shape[0], "gbrp", full=True, matrix=0)
    green, blue, red = (np.ascontiguousarray(pixels[..., channel]) for channel in (1, 2, 0))
    return Picture(layout, (green, blue, red))


def movie(path: Path, frames: Iterable[np.ndarray], fps: int = 24) -> Path:
    """A lossless film of RGB frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lossless(path, map(picture, frames), Fraction(fps))
    return path


def placed(
    pixels: np.ndarray, size: tuple[int, int], at: tuple[float, float], side: int, angle: float = 0
) -> np.ndarray:
    """A square picture ``side`` wide with its corner at ``at`` of a grey one, turned clockwise."""
    ground = Image.new("RGB", size, (96, 110, 128))
    part = Image.fromarray(pixels).resize((side, side), Image.Resampling.LANCZOS)
    if angle:
        part = part.rotate(-angle, Image.Resampling.BICUBIC, fillcolor=(96, 110, 128))
    ground.paste(part, (round(at[0]), round(at[1])))
    return np.asarray(ground)


# --- A hand -----------------------------------------------------------------------------------------

FINGERS = {
    "thumb": ((0.42, 0.74), (0.34, 0.66), (0.27, 0.58), (0.225, 0.50)),
    "index": ((0.42, 0.50), (0.39, 0.36), (0.375, 0.27), (0.365, 0.19)),
    "middle": ((0.50, 0.48), (0.50, 0.33), (0.50, 0.23), (0.50, 0.145)),
    "ring": ((0.575, 0.50), (0.595, 0.36), (0.605, 0.27), (0.615, 0.19)),
    "pinky": ((0.645, 0.55), (0.685, 0.44), (0.705, 0.37), (0.725, 0.305)),
}
"""Joints of the drawn hand as shares of its side: a left hand that shows its palm."""
_WIDE = {"thumb": 0.040, "index": 0.034, "middle": 0.036, "ring": 0.034, "pinky": 0.029}
_PALM = (
    (0.43, 0.86), (0.385, 0.62), (0.385, 0.5), (0.45, 0.46), (0.55, 0.455), (0.63, 0.49),
    (0.68, 0.56), (0.665, 0.68), (0.61, 0.86),
)  # fmt: skip


def hand(side: int) -> np.ndarray:
    """uint8 (side, side, 3): a drawn hand, its fingers upwards."""
    fine = side * 4
    image = Image.new("RGB", (fine, fine), (96, 110, 128))
    pen = ImageDraw.Draw(image)
    skin, dark = (224, 172, 140), (176, 120, 92)

    def rod(one: tuple[float, float], two: tuple[float, float], wide: float, fill: object) -> None:
        for share in np.linspace(0, 1, 40):
            x, y = (fine * (a + (b - a) * share) for a, b in zip(one, two, strict=True))
            pen.ellipse([x - wide * fine, y - wide * fine, x + wide * fine, y + wide * fine], fill)

    for edge, fill in ((0.006, dark), (0.0, skin)):
        rod((0.52, 1.05), (0.52, 0.82), 0.092 + edge, fill)
        pen.polygon([(x * fine, y * fine) for x, y in _PALM], fill=fill)
        for name, joints in FINGERS.items():
            for one, two in pairwise(joints):
                rod(one, two, _WIDE[name] + edge, fill)
    for joints in FINGERS.values():
        for x, y in joints[1:3]:
            box = [fine * (x - 0.03), fine * (y - 0.012), fine * (x + 0.03), fine * (y + 0.012)]
            pen.arc(box, 20, 160, fill=dark, width=4)
    pen.arc([0.40 * fine, 0.50 * fine, 0.66 * fine, 0.66 * fine], 190, 330, fill=dark, width=8)
    pen.arc([0.40 * fine, 0.55 * fine, 0.60 * fine, 0.9 * fine], 250, 350, fill=dark, width=8)
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


# --- A skeleton -------------------------------------------------------------------------------------


def skeleton(
    legs: float = 1.0, arms: float = 1.0, swing: float = 0.0, scale: float = 100.0
) -> np.ndarray:
    """Points (33, 3) in metres times ``scale``, y downwards, feet on the same ground whatever the
    legs. legs, arms : times the usual length. swing : radians the left arm is raised sideways."""
    hip, thigh, shin = 0.10, 0.42 * legs, 0.42 * legs
    upper, fore, torso = 0.28 * arms, 0.25 * arms, 0.50
    points = dict.fromkeys(BODY33, (0.0, 0.0, 0.0))
    floor, knee, hips = 0.0, -shin, -(shin + thigh)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        points |= {
            f"{side}_hip": (sign * hip, hips, 0.0),
            f"{side}_knee": (sign * hip, knee, 0.0),
            f"{side}_ankle": (sign * hip, floor, 0.0),
            f"{side}_heel": (sign * hip, floor, 0.04),
            f"{side}_foot_index": (sign * hip, floor, -0.15),
        }
        raised = swing if side == "left" else 0.0
        way = np.array([sign * np.sin(raised), np.cos(raised), 0.0])
        shoulder = np.array([sign * 0.19, hips - torso, 0.0])
        wrist = shoulder + way * (upper + fore)
        points |= {
            f"{side}_shoulder": tuple(shoulder),
            f"{side}_elbow": tuple(shoulder + way * upper),
            f"{side}_wrist": tuple(wrist),
            f"{side}_pinky": tuple(wrist + way * 0.08 + np.array([0.02 * sign, 0, 0])),
            f"{side}_index": tuple(wrist + way * 0.09),
            f"{side}_thumb": tuple(wrist + way * 0.05 - np.array([0.03 * sign, 0, 0])),
        }
    nose = np.array([0.0, hips - torso - 0.2, -0.1])
    points["nose"] = tuple(nose)
    for name, (x, y) in {
        "eye_inner": (0.02, 0.03),
        "eye": (0.03, 0.03),
        "eye_outer": (0.045, 0.03),
        "ear": (0.07, 0.0),
    }.items():
        points[f"left_{name}"] = tuple(nose + np.array([x, -y, 0.02]))
        points[f"right_{name}"] = tuple(nose + np.array([-x, -y, 0.02]))
    points["mouth_left"], points["mouth_right"] = (
        tuple(nose + np.array([x, 0.06, 0.0])) for x in (0.02, -0.02)
    )
    return np.array([points[name] for name in BODY33]) * scale


def shifted(points: np.ndarray, at: tuple[float, float] = (320, 460)) -> np.ndarray:
    """Points (N, 3) moved to a place of the picture."""
    return points + np.array([*at, 0.0])


def posed(
    path: Path,
    frames: list[np.ndarray],
    at: tuple[float, float] = (320.0, 460.0),
    world: bool = True,
) -> Path:
    """A film of drawn skeletons, 640x480: pixels and metres of one person."""
    header = Header("persons", 640, 480, Fraction(24), "body33", "test")

    def told(points: np.ndarray) -> Find:
        sure = np.concatenate([shifted(points, at), np.ones((33, 1))], axis=1)
        metres = points / 100 if world else None
        return Find(sure, 1.0, Region(0, 0, 1, 1), metres, number=1)

    path.parent.mkdir(parents=True, exist_ok=True)
    Written(header).write(path, (Frame(n, finds=[told(p)]) for n, p in enumerate(frames)))
    return path
