"""What everything lies on: a quiet gradient, and cards with round corners and soft shadows.

Invariant: edges are smooth (drawn four times as large, or blurred), and nothing here is random, so
equal scenes have equal grounds. A faint ordered pattern keeps the gradient free of bands.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from farm_avatar.compose.layout import Box
from farm_avatar.compose.theme import Palette, Rgb

_FINER = 4
_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)


def ground(size: tuple[int, int], colours: Palette) -> Image.Image:
    """The background: from top to bottom, with a wide light in the upper left."""
    width, height = size
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    share = np.clip(down * 0.85 + across * 0.15, 0, 1)[..., None]
    top, bottom = (np.array(c, np.float32) for c in (colours.top, colours.bottom))
    picture = top + (bottom - top) * share
    aspect = width / height
    far = ((across - 0.18) * aspect) ** 2 + (down + 0.05) ** 2
    light = (0.34 * np.exp(-far / 0.55))[..., None]
    picture += (np.array(colours.glow, np.float32) - picture) * light
    pattern = np.tile(_BAYER / 16, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    return Image.fromarray(np.clip(picture + pattern, 0, 255).astype(np.uint8))


def rounded_mask(size: tuple[int, int], radius: int) -> Image.Image:
    """``L`` mask of a rectangle with round corners, smooth."""
    mask = Image.new("L", size, 255)
    radius = min(radius, size[0] // 2, size[1] // 2)
    if radius < 1:
        return mask
    fine = radius * _FINER
    corner = Image.new("L", (fine, fine), 0)
    ImageDraw.Draw(corner).ellipse((0, 0, 2 * fine - 1, 2 * fine - 1), fill=255)
    corner = corner.resize((radius, radius), Image.Resampling.BOX)
    for x, y, turned in (
        (0, 0, corner),
        (size[0] - radius, 0, corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        (0, size[1] - radius, corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM)),
        (size[0] - radius, size[1] - radius, corner.transpose(Image.Transpose.ROTATE_180)),
    ):
        mask.paste(turned, (x, y))
    return mask


def add_shadow(picture: Image.Image, mask: Image.Image, at: Box, unit: int, dark: float) -> None:
    """The shadow of something of shape ``mask`` in the box ``at``: near and sharp, far and soft."""
    for reach, fall, strength in ((0.009, 0.004, 0.55), (0.04, 0.02, 0.75)):
        blur, drop = max(1, round(unit * reach)), round(unit * fall)
        pad = blur * 3
        cast = Image.new("L", (at.width + 2 * pad, at.height + 2 * pad))
        cast.paste(mask, (pad, pad))
        cast = cast.filter(ImageFilter.GaussianBlur(blur))
        cast = cast.point([round(value * dark * strength) for value in range(256)])
        picture.paste((0, 0, 0), (at.x - pad, at.y - pad + drop), cast)


def panel_picture(size: tuple[int, int], colours: Palette) -> Image.Image:
    """What a presenter stands in front of: a light behind the head, darker to the edges."""
    width, height = size
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * (width / max(width, height))
    far = across**2 * 1.6 + (down - 0.38) ** 2 * 1.6
    light = np.exp(-far / 0.36)[..., None]
    glow, edge = (np.array(c, np.float32) for c in (_lit(colours), colours.panel))
    pattern = np.tile(_BAYER / 16, (height // 4 + 1, width // 4 + 1))[:height, :width, None]
    picture = edge + (glow - edge) * light + pattern
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def _lit(colours: Palette) -> Rgb:
    mixed = [round(p + (a - p) * 0.36) for p, a in zip(colours.panel, colours.accent, strict=True)]
    return mixed[0], mixed[1], mixed[2]
