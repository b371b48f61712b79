"""The film of a face that drives expressions: cut out of the film of a performer.

Invariant: a frame in which no face was found shows nothing (black), so no expression is made up
from what happens to be there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from farm import InputError

Box = tuple[float, ...] | None
"""Left, top, right, bottom, 0 to 1 of the picture; ``None`` where nobody is seen."""
SCHEMA = "farm.face/1"
ROOM = 1.3
"""Side of the square around a face, in sides of its box."""


def boxes_of(path: Path, fps: Fraction, frames: range, label: str = "motion_face") -> list[Box]:
    """The box of the surest face in each of ``frames`` of a film at ``fps``.

    Raises
    ------
    InputError : it is no file of faces.
    """
    try:
        header, *lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if header["schema"] != SCHEMA:
            raise ValueError(header["schema"])
        ratio = Fraction(str(header["fps"])) / fps
        size = (float(header["width"]), float(header["height"])) * 2
        boxes: list[Box] = []
        for frame in frames:
            at = int((frame + Fraction(1, 2)) * ratio)
            faces = lines[at]["faces"] if at < len(lines) else []
            best = max(faces, key=lambda face: float(face["score"]), default=None)
            boxes.append(
                best and tuple(float(a) / b for a, b in zip(best["box"], size, strict=True))
            )
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise InputError(
            "is no file of faces",
            where=label,
            expected=f"JSON lines, schema {SCHEMA}",
            got=str(error) or type(error).__name__,
            mend="Make it with face.landmarks.",
            code="diffusion.faces",
        ) from error
    return boxes


def face_film(pictures: Sequence[Any], boxes: Sequence[Box], side: int) -> list[Any]:
    """Square pictures of ``side`` pixels around each face; black where there is none."""
    from PIL import Image

    film = []
    for picture, box in zip(pictures, boxes, strict=False):
        if box is None:
            film.append(Image.new("RGB", (side, side)))
            continue
        left, top, right, bottom = (
            value * extent for value, extent in zip(box, picture.size * 2, strict=True)
        )
        half = max(right - left, bottom - top) * ROOM / 2
        x, y = (left + right) / 2, (top + bottom) / 2
        cut = tuple(round(value) for value in (x - half, y - half, x + half, y + half))
        film.append(picture.crop(cut).resize((side, side), Image.Resampling.LANCZOS))
    return film


def no_face(count: int, side: int) -> list[Any]:
    """A film that shows no face."""
    from PIL import Image

    return [Image.new("RGB", (side, side)) for _ in range(count)]
