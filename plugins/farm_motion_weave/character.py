"""The character as it comes: its picture as light, and what of it is the character.

Invariant: picture, matte, plate and points are brought to one size, that of the film, and lie over one
another; a picture that is transparent already is its own matte.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError
from farm.media.film import film
from farm.media.lanczos import resized
from farm.media.light import Light, light_of
from farm.media.picture import orientation
from farm.media.planes import picture_of
from farm_motion_weave.filling import filled, without_holes
from farm_motion_weave.joints import Points
from farm_motion_weave.limbs import away
from farm_motion_weave.params import LARGEST_UNASKED

_MARGIN = 0.35
"""What is added around the picture, of its longer side, by going on as its border is."""
_LEAST = 16
_REACH = 0.012
"""How far around a matte its character may still show, of the longer side."""
_SAME = 0.03
"""Median difference, in light, up to which a plate is of the picture's own scene."""


@dataclass(frozen=True, slots=True)
class Character:
    """light (3, H, W) and alpha (H, W) of the picture with a margin; plate (3, h, w) without one.

    corner : of the film in the margined picture, pixels. width, height : of the film. scale : pixels
    of the margined picture for one of the whole picture across and down.
    """

    light: Light
    alpha: NDArray[np.float32]
    plate: Light
    plate_corner: Points
    corner: Points
    width: int
    height: int
    size: tuple[int, int]


def pictured(
    path: Path,
    matte: Path | None,
    plate: Path | None,
    width: int,
    height: int,
    cut_out: CutOut,
    bust: bool = False,
) -> Character:
    """The character at the size of the film, which it covers; what does not fit is cut evenly.

    bust : it is cut off by the lower border, so that gaps there are holes of its matte.

    Raises
    ------
    InputError : a picture that cannot be read, is tiny, or shows nothing.
    """
    light, own = opened(path, "character")
    across, down = _sizes(light.shape[2], light.shape[1], width, height)
    light = _sized(light, *across[:1], *down[:1])
    known = _read_matte(matte) if own is None and matte is not None else own
    if known is None:
        known = cut_out(light)
    alpha = np.clip(_sized(known[None], across[0], down[0])[0], 0.0, 1.0)
    alpha = np.where(alpha < 0.02, 0, np.where(alpha > 0.98, 1, alpha)).astype(np.float32)
    if bust and own is None:
        alpha = without_holes(alpha)
    if float(alpha.max()) < 0.5:
        raise InputError(
            "shows no character",
            where="matte" if own is None and matte else "character",
            expected="a matte that is white somewhere",
            got="one that is empty",
            mend="Send a picture with a clear character, or a matte of your own.",
            code="weave.no-character",
        )
    behind = _behind(light, alpha, own is not None) if plate is None else opened(plate, "plate")[0]
    behind = _sized(behind, across[0], down[0])
    if plate is not None and own is None:
        behind = _as_it_was(light, behind, alpha)
    if own is None:
        light = _unmixed(light, behind, alpha)
    margin = round(_MARGIN * max(across[0], down[0]))
    pad = ((margin, margin), (margin, margin))
    corner = np.array([across[1], down[1]], np.float64)
    return Character(
        np.pad(light, ((0, 0), *pad), mode="edge"),
        np.pad(alpha, pad, mode="edge"),
        behind,
        corner,
        corner + margin,
        across[2],
        down[2],
        (across[0], down[0]),
    )


class CutOut:
    """Makes a matte, float32 (H, W), of a picture's light (3, H, W) that came without one."""

    def __call__(self, light: Light) -> NDArray[np.float32]:
        """The matte."""
        from farm_motion_weave.cutting import cut_out

        return cut_out(light, self.strokes, self.reach)

    def __init__(self, strokes: Points | None, reach: float) -> None:
        """strokes (N, 4): lines in the character, shares of the picture; reach: how thick."""
        self.strokes, self.reach = strokes, reach


def opened(path: Path, label: str) -> tuple[Light, NDArray[np.float32] | None]:
    """Light (3, H, W) of the first frame, upright, and its alpha if it has one."""
    with film(path, label) as source:
        frame = next(source.frames(), None)
        if frame is None or min(frame.width, frame.height) < _LEAST:
            raise InputError(
                "is too small",
                where=label,
                expected=f"a picture of at least {_LEAST} pixels a side",
                got=f"{frame.width}x{frame.height}" if frame else "no picture",
                mend="Send a larger picture.",
                code="weave.small",
            )
        light = light_of(picture_of(frame, label))
        alpha = _alpha(frame) if _has_alpha(frame) else None
        return light, alpha if alpha is None or alpha.min() < 0.98 else None


def _has_alpha(frame: VideoFrame) -> bool:
    return any(part.is_alpha for part in frame.format.components) or frame.format.name == "pal8"


def _alpha(frame: VideoFrame) -> NDArray[np.float32]:
    alpha = frame.reformat(format="rgba", threads=1).to_ndarray()[..., 3]
    turns, mirrored, _ = orientation(frame)
    alpha = np.rot90(alpha[:, ::-1] if mirrored else alpha, turns)
    return np.ascontiguousarray(alpha, np.float32) / np.float32(255)


def _read_matte(path: Path) -> NDArray[np.float32]:
    with film(path, "matte") as source:
        frame = next(source.frames(), None)
        if frame is None:
            raise InputError("has no picture", where="matte", code="weave.matte")
        if _has_alpha(frame):
            alpha = _alpha(frame)
            if alpha.min() < 0.98:
                return alpha
        samples = frame.reformat(format="gray16le", threads=1).to_ndarray()
        top = 65535.0
        return np.ascontiguousarray(samples, np.float32) / np.float32(top)


Span = tuple[int, int, int]


def _sizes(width: int, height: int, wanted: int, high: int) -> tuple[Span, Span]:
    """Across and down: size of the picture, pixels cut before the film, size of the film."""
    if not wanted and not high:
        scale = min(1.0, LARGEST_UNASKED / max(width, height))
        wanted, high = int(width * scale) // 2 * 2, int(height * scale) // 2 * 2
    elif not wanted:
        wanted = max(2, round(width * high / height / 2) * 2)
    elif not high:
        high = max(2, round(height * wanted / width / 2) * 2)
    scale = max(wanted / width, high / height)
    if wanted <= width <= wanted + 1 and high <= height <= high + 1:
        scale = 1.0  # One odd row or column is cut, not resampled.
    across, down = max(wanted, round(width * scale)), max(high, round(height * scale))
    return (across, (across - wanted) // 2, wanted), (down, (down - high) // 2, high)


def _sized(planes: Light, width: int, height: int) -> Light:
    if planes.shape[1:] == (height, width):
        return planes
    return np.stack(
        [resized(np.ascontiguousarray(plane, np.float32), width, height) for plane in planes]
    )


def _behind(light: Light, alpha: NDArray[np.float32], cut: bool) -> Light:
    """What may be behind the character: what is around it flows in."""
    if cut:  # A cut-out has no background of its own: a calm one in its colours.
        mean = (light * alpha).sum(axis=(1, 2)) / max(float(alpha.sum()), 1.0)
        grey = np.float32(0.5) * mean + np.float32(0.5 * float(mean.mean()))
        rise = np.linspace(1.5, 0.9, light.shape[1], dtype=np.float32)[None, :, None]
        return np.clip(np.broadcast_to(grey[:, None, None] * rise, light.shape), 0.02, 0.9).astype(
            np.float32
        )
    reach = max(2.0, _REACH * max(alpha.shape))
    return filled(light, away(alpha > 0.02) > reach)


def _as_it_was(light: Light, plate: Light, alpha: NDArray[np.float32]) -> Light:
    """A plate of the same scene is needed near the character only: the rest is in the picture, and
    sharper. A plate of another place stays."""
    reach = _REACH * max(alpha.shape)
    far = away(alpha > 0.02) - np.float32(reach)
    seen = far > 0
    if not seen.any() or float(np.median(np.abs(light - plate)[:, seen])) > _SAME:
        return plate
    share = np.clip(far / np.float32(max(reach, 2.0)), 0, 1)
    return (plate + share * (light - plate)).astype(np.float32)


def _unmixed(light: Light, behind: Light, alpha: NDArray[np.float32]) -> Light:
    """The character's own colours where it covers a pixel in part."""
    part = (alpha > 0.02) & (alpha < 1)
    safe = np.maximum(alpha, np.float32(0.02))
    own = (light - (1 - alpha) * behind) / safe
    own = np.clip(own, 0, 1.2).astype(np.float32)
    made = np.where(part, own, light)
    # Outside, the edge goes on in the character's colours: what is sampled there is its own.
    return np.where(alpha > 0.02, made, filled(made, alpha > 0.5)).astype(np.float32)
