"""One picture through a lens, by parameters: highlights, blur by depth, breathing.

Invariant: a picture depends on itself, its depth and its focus alone, so windows of a clip are the
frames of the whole to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm.media.compiled import inlined, kernel
from farm.media.light import light_of, picture_of_light
from farm.media.planes import Picture
from farm.media.source import opened, video_stream
from farm_optics.focus.aperture import OUTLINES, Aperture, Outline, disc
from farm_optics.focus.depth import Power, fitted
from farm_optics.focus.layers import Blur
from farm_optics.focus.recover import sharpened
from farm_optics.focus.render import Renderer
from farm_optics.lens import Lens
from farm_optics.params import BokehParams

_FINEST = {"draft": 6.0, "standard": 12.0, "exact": 1e6}
_EDGE = np.float32(0.75)
"""Luminance above which a highlight is taken to have been cut off."""


@dataclass(slots=True)
class Look:
    """A lens and a look. taken : the lens a blurred picture was taken with. Not for several threads.

    farthest : of the whole track, the focus at which a breathing lens sees most. device : where torch
    makes the blur (``cuda:0``); empty for the compiled renderer.
    """

    params: BokehParams
    lens: Lens
    aperture: Aperture
    farthest: float = math.inf
    taken: Lens | None = None
    deblur: bool = False
    device: str = ""
    checkpoint: Callable[[], None] = lambda: None
    renderer: Renderer = field(init=False)

    def __post_init__(self) -> None:
        finest = _FINEST[self.params.quality]
        fringing = self.params.fringing
        given = (self.aperture, finest, fringing, self.checkpoint)
        if self.device:
            from farm_optics.focus.torch_render import TorchRenderer

            self.renderer = TorchRenderer(*given, device=self.device)
        else:
            self.renderer = Renderer(*given)

    def seen(self, picture: Picture, power: Power, focus_m: float) -> Picture:
        """The picture as the lens sees it, focused at that distance."""
        layout = picture.layout
        power = fitted(power, layout.width, layout.height)
        lens = self.lens.focused(focus_m)
        strength = self.params.strength
        blur, infinity = blur_of(power, lens, layout.width, layout.height, strength)
        light = light_of(picture)
        if self.taken is not None:
            had, _ = blur_of(power, self.taken, layout.width, layout.height)
            if self.deblur:
                light = sharpened(light, np.where(np.abs(had) > np.abs(blur), had, 0))
            # Blurs add as their squares do.
            more = np.maximum(blur * blur - had * had, np.float32(0))
            blur = np.where(blur < 0, -np.sqrt(more), np.sqrt(more))
        if self.params.highlights:
            _brighten(light, _EDGE, np.float32(2.0**self.params.highlights - 1))
        light = self.renderer.blurred(light, blur, infinity)
        if self.params.highlights:
            _dim(light, _EDGE, np.float32(2.0**self.params.highlights - 1))
        growth = 1 + self.params.breathing * (lens.breathing(self.farthest) - 1)
        if growth > 1:
            grown = np.empty_like(light)
            _grow(light, np.float32(1 / growth), grown)
            light = grown
        return picture_of_light(light, layout)


def blur_of(
    power: Power, lens: Lens, width: int, height: int, strength: float = 1.0
) -> tuple[Blur, float]:
    """Signed radius of the blur of each pixel, and at infinity, in pixels."""
    scale = 500 * strength * width / lens.sensor.framed(width, height)[0]
    # Evenly over 1/distance: one number at infinity, one for each 1/m.
    far = lens.blur_at_infinity_mm() / 1000
    slope = lens.pupil_mm * lens.focal_mm / 1e6
    if not math.isinf(lens.focus_m):
        slope = far * lens.focus_m
    blur = np.float32(far * scale) - power * np.float32(slope * scale)
    return blur, far * scale


def aperture_of(params: BokehParams, mask: Path | None) -> Aperture:
    """The opening. Raises InputError if it is to be a picture and there is none."""
    if params.shape == "image":
        if mask is None:
            raise InputError(
                "is missing",
                where="mask",
                expected="a picture of the opening, white where light passes",
                mend="Send one, or choose another shape.",
                code="defocus.no-mask",
            )
        return Aperture(np.zeros((0, 4)), mask_of(mask), params.cats_eye)
    if params.shape == "swirl":
        return Aperture(disc(), None, max(params.cats_eye, 0.6), 1.0)
    make = OUTLINES[params.shape]
    outline: Outline = make(params.blades, params.roundness, params.squeeze, params.rotation_deg)
    return Aperture(outline, None, params.cats_eye)


def mask_of(path: Path) -> NDArray[np.float32]:
    """The brightness of a picture, at most 64 pixels a side. Raises InputError if it is black."""
    with opened(path, "mask") as container:
        frame = next(container.decode(video_stream(container, "mask")))
        scale = min(1.0, 64 / max(frame.width, frame.height))
        size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        grey = frame.reformat(*size, format="gray", threads=1, interpolation=av_area())
        mask = grey.to_ndarray().astype(np.float32) / np.float32(255)
    mask[mask < np.float32(0.02)] = 0
    if not mask.any():
        raise InputError(
            "lets no light through",
            where="mask",
            expected="white where light passes",
            got="a black picture",
            code="defocus.dark-mask",
        )
    return mask


def av_area() -> int:
    """The scaler's mean over areas, with the same bits on any processor."""
    return int(av.video.reformatter.Interpolation.AREA) | 0x80000 | 0x40000


@inlined
def _raised(top, edge, most):
    """How bright something of that brightness, 0 to 1, is taken to have been."""
    part = max((top - edge) / (np.float32(1.0) - edge), np.float32(0.0))
    return top + top * most * part * part * (np.float32(3.0) - np.float32(2.0) * part)


@kernel
def _brighten(light, edge, most):
    """Raise light (3, H, W) above ``edge``, smoothly, to ``1 + most`` times at white."""
    for y in range(light.shape[1]):
        for x in range(light.shape[2]):
            top = max(light[0, y, x], max(light[1, y, x], light[2, y, x]))
            if top > edge:
                gain = _raised(min(top, np.float32(1.0)), edge, most) / top
                light[0, y, x] *= gain
                light[1, y, x] *= gain
                light[2, y, x] *= gain


@kernel
def _dim(light, edge, most):
    """The inverse: what was not blurred is as it was, what is brighter than white keeps its hue."""
    for y in range(light.shape[1]):
        for x in range(light.shape[2]):
            top = max(light[0, y, x], max(light[1, y, x], light[2, y, x]))
            if top > edge:
                low, high = edge, np.float32(1.0)
                for _ in range(16):
                    middle = np.float32(0.5) * (low + high)
                    if _raised(middle, edge, most) < top:
                        low = middle
                    else:
                        high = middle
                gain = high / top
                light[0, y, x] *= gain
                light[1, y, x] *= gain
                light[2, y, x] *= gain


@kernel
def _cubic(t, weights):
    """Catmull and Rom's weights of four neighbours."""
    half, one, two = np.float32(0.5), np.float32(1.0), np.float32(2.0)
    weights[0] = half * t * (t * (two - t) - one)
    weights[1] = half * (t * t * (np.float32(3.0) * t - np.float32(5.0)) + two)
    weights[2] = half * t * (t * (np.float32(4.0) - np.float32(3.0) * t) + one)
    weights[3] = half * t * t * (t - one)


@kernel
def _grow(light, shrink, out):
    """Light (3, H, W) enlarged around its middle; ``shrink`` is one over how much."""
    height, width = light.shape[1:]
    half = np.float32(0.5)
    middle_y, middle_x = half * np.float32(height), half * np.float32(width)
    across, down = np.empty(4, np.float32), np.empty(4, np.float32)
    for y in range(height):
        at = (np.float32(y) + half - middle_y) * shrink + middle_y - half
        top = int(np.floor(at))
        _cubic(at - np.float32(top), down)
        for x in range(width):
            along = (np.float32(x) + half - middle_x) * shrink + middle_x - half
            left = int(np.floor(along))
            _cubic(along - np.float32(left), across)
            for channel in range(3):
                total = np.float32(0.0)
                for j in range(4):
                    row = min(max(top - 1 + j, 0), height - 1)
                    for i in range(4):
                        column = min(max(left - 1 + i, 0), width - 1)
                        total += down[j] * across[i] * light[channel, row, column]
                out[channel, y, x] = total
