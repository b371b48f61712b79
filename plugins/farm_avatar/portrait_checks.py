"""Whether the face of a picture can be made to speak, and what about it is doubtful.

Invariant: light follows from the pixels and the points alone; every refusal and every warning has a
name of its own and says how to mend it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm_avatar.mesh import LOWER_OUTER, UPPER_OUTER, Face, no_face

Pixels = NDArray[np.uint8]
_TINY, _SMALL = 40, 110
"""Width of a face in pixels below which it is refused, or told to look soft."""
_PROFILE, _TURNED = 38.0, 20.0
_BOWED, _TILTED = 28.0, 22.0
"""Degrees."""
_BLACK, _DARK, _BRIGHT = 14.0, 48.0, 238.0
"""Levels of 255 of the brighter half of a face."""
_FLAT, _DRAWN = 1.0, 0.55
"""Levels between neighbours that count as none, and the share of such pixels in a drawing."""
_COVERED, _DOUBTED = 0.135, 0.055
"""How far the chromaticity around a mouth may lie from that of the cheeks and the nose."""
_AS_LARGE = 0.5
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_SKIN = (50, 280, 101, 330, 197, 195, 5, 118, 347, 108, 337)
"""Below the eyes, along the nose, on the brow."""
_AROUND_MOUTH = (61, 291, 17, 0, 199, 200, 208, 428, 164, 92, 322, 18, 57, 287)


@dataclass(frozen=True, slots=True)
class Warned:
    """Something doubtful. code : its name. mend : what to do about it."""

    code: str
    message: str
    mend: str


def chosen(pixels: Pixels, faces: list[Face], whose: str) -> tuple[Face, list[Warned]]:
    """The face of the picture (H, W, 3) that is to speak. whose : as the parameter ``face``.

    Raises
    ------
    InputError : there is none, more than one that could be meant, or it is tiny or in profile.
    """
    if not faces:
        level = float(np.percentile(pixels[::4, ::4] @ _LUMA, 90))
        raise _too_dark(level) if level < _BLACK else no_face("image")
    faces = sorted(faces, key=_width, reverse=True)
    alike = [face for face in faces if _width(face) >= _AS_LARGE * _width(faces[0])]
    warned = []
    if len(alike) > 1 and whose == "only":
        raise InputError(
            "shows several faces",
            where="image",
            expected="one person",
            got=f"{len(alike)} faces",
            mend="Crop the picture to one person, or set face to largest, left or right.",
            code="avatar.several-faces",
        )
    if len(faces) > 1:
        text = f"{len(faces) - 1} more in the picture; whoever is left in the crop does not move."
        warned.append(Warned("other-faces", text, "Crop the picture to one person."))
    face = faces[0]
    if whose in ("left", "right"):
        sign = 1 if whose == "left" else -1
        face = min(alike, key=lambda one: sign * float(one.points[:, 0].mean()))
    return face, warned + _posed(face, pixels.shape[1], pixels.shape[0])


def _posed(face: Face, width: int, height: int) -> list[Warned]:
    wide, warned = _width(face), []
    if wide < _TINY:
        raise InputError(
            "shows too small a face",
            where="image",
            expected=f"at least {_TINY} pixels from ear to ear, better {_SMALL}",
            got=f"{wide:.0f}",
            mend="Send a larger picture of the same, or one taken from nearer.",
            code="avatar.tiny",
        )
    turn, nod = face.expression.get("turn", 0.0), face.expression.get("nod", 0.0)
    if abs(turn) > _PROFILE:
        raise InputError(
            "shows a face in profile",
            where="image",
            expected=f"a face turned by at most {_PROFILE:.0f} degrees",
            got=f"{abs(turn):.0f} degrees",
            mend="Send a picture in which the person looks at the camera.",
            code="avatar.profile",
        )
    if wide < _SMALL:
        text = f"The face is {wide:.0f} pixels wide and will look soft."
        warned.append(Warned("small-face", text, f"Send one of {_SMALL} pixels or more."))
    if abs(turn) > _TURNED:
        text = f"The face is turned by {abs(turn):.0f} degrees; the mouth will look flat."
        warned.append(Warned("turned", text, "Send a picture taken from in front."))
    if abs(nod) > _BOWED or abs(face.expression.get("tilt", 0.0)) > _TILTED:
        text = "The head is bowed or tilted far; it will move oddly."
        warned.append(Warned("tilted", text, "Send a picture with the head upright."))
    left, top, right, bottom = face.box
    if left < 0 or top < 0 or right > width or bottom > height:
        text = "The face reaches beyond the border of the picture."
        warned.append(Warned("cut-off", text, "Send a picture with room around the head."))
    return warned


def doubts(pixels: Pixels, face: Face) -> list[Warned]:
    """What the pixels (H, W, 3) of the face make doubtful. Raises InputError if it is hidden."""
    left, top, right, bottom = (round(side) for side in face.box)
    part = pixels[max(0, top) : max(1, bottom), max(0, left) : max(1, right)].astype(np.float64)
    if part.size == 0:
        raise no_face("image")
    warned = []
    luma = part @ _LUMA
    level = float(np.percentile(luma, 75))
    if level < _BLACK:
        raise _too_dark(level)
    if level < _DARK:
        text = f"The face is dark: {level:.0f} of 255."
        warned.append(Warned("dark", text, "Send a brighter picture."))
    elif level > _BRIGHT:
        text = f"The face is nearly white: {level:.0f} of 255."
        warned.append(Warned("overexposed", text, "Send a darker picture."))
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    flat = float(((across < _FLAT) & (down < _FLAT)).mean())
    if flat > _DRAWN and level >= _DARK:
        text = "It looks drawn, not photographed; eyes and mouth may be found beside their places."
        warned.append(Warned("drawn", text, "Look at the loop, or send a photo."))
    away = _apart(pixels, face)
    if level >= _DARK and away > _COVERED:
        raise InputError(
            "shows a face whose mouth is covered",
            where="image",
            expected="lips that can be seen",
            got="the colour of something else around the mouth",
            mend="Send a picture without a mask, scarf, cup or microphone before the mouth.",
            code="avatar.hidden-mouth",
        )
    if away > _DOUBTED:
        text = "Around the mouth the colour is not that of the cheeks: it may be covered."
        warned.append(Warned("mouth-doubted", text, "Send one with the mouth free."))
    return warned


def _too_dark(level: float) -> InputError:
    return InputError(
        "is too dark to see a face",
        where="image",
        expected=f"a face of at least {_BLACK:.0f} levels of 255, better {_DARK:.0f}",
        got=f"{level:.0f}",
        mend="Send a brighter picture.",
        code="avatar.dark",
    )


def _apart(pixels: Pixels, face: Face) -> float:
    """Chromaticity around the mouth against that of the skin: lips are redder, a mask is not."""
    skin, mouth = (
        np.median([_colour(pixels, face.points[n]) for n in which], axis=0)
        for which in (_SKIN, (*_AROUND_MOUTH, *UPPER_OUTER, *LOWER_OUTER))
    )
    offset = mouth - skin
    # Red lips and a flush are no cover.
    if offset[0] > 0:
        offset[0] = max(0.0, offset[0] - 0.05)
    return float(np.hypot(*offset))


def _colour(pixels: Pixels, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Red and blue of a pixel's light in the whole of it."""
    height, width = pixels.shape[:2]
    x, y = (
        int(np.clip(round(v), 1, m - 2)) for v, m in zip(point[:2], (width, height), strict=True)
    )
    light = pixels[y - 1 : y + 2, x - 1 : x + 2].astype(np.float64).mean(axis=(0, 1)) + 4
    share: NDArray[np.float64] = light[[0, 2]] / light.sum()
    return share


def _width(face: Face) -> float:
    return float(np.ptp(face.points[:, 0]))
