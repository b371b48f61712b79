"""The stage ``avatar.portrait``: a picture of a person becomes one that can speak, or is refused.

Invariant: what comes out shows one face, from in front, with its mouth and eyes, and the points lie on
it; what is doubtful is told as a warning with a name and a way to mend it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from farm import InputError, Result, Task
from farm_avatar.alpha_film import planes_of, write_planes
from farm_avatar.mesh import CHIN, CROWN, Face, read_faces, write_track
from farm_avatar.portrait_checks import chosen, doubts
from farm_avatar.presenter_params import PortraitParams

Pixels = NDArray[np.uint8]
_FACE_SHARE = 0.30
"""Height of the face, chin to hairline, in that of the crop."""
_ABOVE = 0.62
"""Room above the hairline, in heights of the face."""
_MOST_ENLARGED = 2.0
_MOST_PIXELS = 120_000_000
_STILL_FPS = Fraction(25)


@dataclass(frozen=True, slots=True)
class Crop:
    """left, top, right, bottom: pixels of the picture. width, height: what it becomes, even."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int


def run(task: Task[PortraitParams]) -> Result:
    """Check ``image`` by its ``face``; write the crop, its points and what was doubtful.

    Raises
    ------
    InputError : it cannot be read, or nobody in it could speak; the message says what to send.
    """
    image = task.output("image", ".png")
    still, face = task.output("still", ".mkv"), task.output("face", ".jsonl")
    report = task.output("report", ".json")
    pixels = picture(task.input("image").path, "image")
    found = read_faces(task.input("face").path, "face")
    height, width = pixels.shape[:2]
    scale = np.array([width / found.width, height / found.height, width / found.width])
    faces = [replace(one, points=one.points * scale) for frame in found.frames[:1] for one in frame]
    whose, warnings = chosen(pixels, faces, task.params.face)
    warnings += doubts(pixels, whose)
    crop = crop_of(whose, width, height, task.params)
    made = Image.fromarray(pixels).resize(
        (crop.width, crop.height),
        Image.Resampling.LANCZOS,
        box=(crop.left, crop.top, crop.right, crop.bottom),
        reducing_gap=3.0,
    )
    made.save(image, compress_level=6)
    frame = VideoFrame.from_ndarray(np.asarray(made), format="rgb24")
    write_planes(still, [planes_of(frame)], _STILL_FPS)
    zoom = crop.width / (crop.right - crop.left)
    points = (whose.points - np.array([crop.left, crop.top, 0.0])) * zoom
    write_track(face, crop.width, crop.height, _STILL_FPS, [replace(whose, points=points)])
    document = {
        "schema": "farm.avatar-portrait/1",
        "crop": [crop.left, crop.top, crop.right, crop.bottom],
        "size": [crop.width, crop.height],
        "face_px": round(float(np.ptp(whose.points[:, 0])), 1),
        "turn": round(whose.expression.get("turn", 0.0), 1),
        "nod": round(whose.expression.get("nod", 0.0), 1),
        "tilt": round(whose.expression.get("tilt", 0.0), 1),
        "warnings": [asdict(warning) for warning in warnings],
    }
    report.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for warning in warnings:
        task.log.warning("%s: %s %s", warning.code, warning.message, warning.mend)
    task.progress(1, 1)
    return {"image": image, "still": still, "face": face, "report": report}


def picture(path: Path, label: str) -> Pixels:
    """uint8 (H, W, 3), upright; what is transparent lies over a middle grey. Raises InputError."""
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise InputError(
                    "has too many pixels",
                    where=label,
                    expected=f"at most {_MOST_PIXELS // 1_000_000} million",
                    got=f"{opened.width}x{opened.height}",
                    mend="Make it smaller, and send it again.",
                    code="avatar.too-large",
                )
            upright = ImageOps.exif_transpose(opened)
            if upright.has_transparency_data:
                ground = Image.new("RGBA", upright.size, (128, 128, 128, 255))
                upright = Image.alpha_composite(ground, upright.convert("RGBA"))
            return np.asarray(upright.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        raise InputError(
            "cannot be read as a picture",
            where=label,
            expected="PNG, JPEG or WebP",
            got=str(error)[:200],
            mend="Check that it opens in a viewer, and send it again.",
            code="avatar.picture",
        ) from error


def crop_of(face: Face, width: int, height: int, params: PortraitParams) -> Crop:
    """Head and shoulders around a face, as much as the picture has of them."""
    if params.frame == "whole":
        left, top, right, bottom = 0, 0, width, height
    else:
        tall = abs(float(face.points[CHIN, 1] - face.points[CROWN, 1]))
        aspect = 1.0 if params.frame == "square" else 0.75
        side = min(tall / _FACE_SHARE, height, width / aspect)
        top = max(0, round(float(face.points[CROWN, 1]) - _ABOVE * tall))
        bottom = min(height, round(top + side))
        # Where the picture ends early the crop stays as wide: shoulders need their room.
        top = max(0, min(top, round(bottom - 0.8 * side)))
        wide = min(width, round(side * aspect))
        middle = float(face.points[:, 0].mean())
        left = min(max(0, round(middle - wide / 2)), width - wide)
        right = left + wide
    zoom = min(params.size / (bottom - top), _MOST_ENLARGED)
    across = max(2, round((right - left) * zoom / 2) * 2)
    return Crop(left, top, right, bottom, across, max(2, round((bottom - top) * zoom / 2) * 2))
