"""How a presenter's film is put into its place: its size, the part that shows, its frame.

Invariant: rather the chest is cut off than the head, and where the film's own side cuts the figure
off, the edge is soft or lies at the side of a frame.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from farm_avatar.compose.figure import Figure
from farm_avatar.compose.ground import add_shadow, panel_picture, rounded_mask
from farm_avatar.compose.layout import Box, Places, even
from farm_avatar.compose.planes import Plane, Sprite, sprite_of
from farm_avatar.compose.theme import Palette


def fitted_film(seen: Figure, places: Places) -> tuple[tuple[int, int], Box, Box]:
    """Size the whole film is scaled to, where it lies, and the part of it that is drawn."""
    area = places.presenter
    wide = (seen.right - seen.left) * seen.size[0]
    high = (seen.bottom - seen.top) * seen.size[1]
    if places.frame == "cutout":
        scale = min(area.width / wide, area.height / high)
    elif places.frame == "full":
        scale = min(0.92 * area.height / high, 1.3 * area.width / wide)
        if not seen.clear:
            scale = max(scale, min(area.width / wide, 1.4 * area.height / high))
        scale = max(area.width / wide, area.height / high) if seen.opaque else scale
    elif seen.opaque:
        scale = max(area.width / wide, area.height / high)
    elif places.frame == "round":
        scale = 1.12 * max(area.width / wide, 0.88 * area.height / high)
    else:
        scale = min(0.86 * area.height / high, 1.5 * area.width / wide)
        if not seen.clear:
            # The panel's sides cut the figure off, as the film's did.
            scale = max(scale, min(area.width / wide, 1.7 * area.height / high))
    size = (max(2, even(seen.size[0] * scale)), max(2, even(seen.size[1] * scale)))
    middle = (seen.left + seen.right) / 2 * size[0]
    x = area.x + area.width / 2 - middle
    if places.frame == "cutout" and places.shape != "upright":
        # In a corner the figure stands at the picture's edge, not in the middle of its place.
        spare = max(0.0, (area.width - wide * scale) / 2)
        x += -spare * 0.6 if places.lower_right else spare * 0.6
    y = area.bottom - seen.bottom * size[1]
    head = area.y + 0.09 * area.height
    if y + seen.top * size[1] < head and not seen.opaque:
        # Rather the chest is cut off than the head.
        y = head - seen.top * size[1]
    if seen.opaque:
        y = area.y + min(0.0, (area.height - size[1]) * 0.3)
    place = Box(even(x), even(y), *size)
    left, top = max(area.x, place.x), max(area.y, place.y)
    right, bottom = min(area.right, place.right), min(area.bottom, place.bottom)
    return size, place, Box(left, top, max(2, right - left), max(2, bottom - top))


def shape_mask(seen: Figure, place: Box, window: Box, area: Box, places: Places) -> Plane:
    """How much of each pixel may be seen, 0-255: the shape of its frame, and soft cut edges."""
    mask = np.full((window.height, window.width), 255, np.uint8)
    if places.frame in ("round", "card"):
        radius = area.width if places.frame == "round" else even(places.unit * 0.03)
        shape = np.array(rounded_mask(area.size, radius))
        x, y = window.x - area.x, window.y - area.y
        mask = shape[y : y + window.height, x : x + window.width].copy()
    if not seen.clear and not seen.opaque:
        soft = max(4, round(places.unit * (0.16 if places.frame == "full" else 0.05)))
        ramp = np.clip((np.arange(soft, dtype=np.float32) + 0.5) / soft, 0, 1)
        ramp = ramp * ramp * (3 - 2 * ramp)
        edge = np.ones(window.width, np.float32)
        if window.x == place.x and window.width > soft:
            edge[:soft] = ramp
        if window.right == place.right and window.width > soft:
            edge[-soft:] = ramp[::-1]
        mask = (mask * edge[None, :] + np.float32(0.5)).astype(np.uint8)
    return np.ascontiguousarray(mask)


def backing(places: Places, colours: Palette) -> Sprite:
    """What a framed presenter stands in front of, with its shadow and its ring."""
    unit, area = places.unit, places.presenter
    pad = even(unit * 0.12)
    round_frame = places.frame == "round"
    ring = max(2, even(unit * 0.007)) if round_frame else 0
    layer = Image.new("RGBA", (area.width + 2 * pad, area.height + 2 * pad))
    inside = Box(pad, pad, area.width, area.height)
    outer = Box(pad - ring, pad - ring, area.width + 2 * ring, area.height + 2 * ring)
    radius = area.width if round_frame else even(unit * 0.03)
    mask = rounded_mask(outer.size, radius + ring)
    shade = Image.new("RGB", layer.size, (255, 255, 255))
    add_shadow(shade, mask, outer, unit, colours.shadow)
    layer.putalpha(shade.convert("L").point([255 - value for value in range(256)]))
    for at, fill, shape in (
        (outer, Image.new("RGB", outer.size, colours.accent), mask),
        (inside, panel_picture(inside.size, colours), rounded_mask(inside.size, radius)),
    ):
        over = Image.new("RGBA", layer.size)
        over.paste(fill, (at.x, at.y))
        cover = Image.new("L", layer.size)
        cover.paste(shape, (at.x, at.y))
        over.putalpha(cover)
        layer.alpha_composite(over)
    return sprite_of(layer, area.x - pad, area.y - pad)
