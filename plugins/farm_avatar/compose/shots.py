"""What is on screen between two moments: a card on the ground, still or moving inside.

Invariant: a shot that stands still is composed once; one that moves is drawn within its card alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from farm_avatar.compose.ground import add_shadow, rounded_mask
from farm_avatar.compose.layout import Box, Places, even
from farm_avatar.compose.moving import Moving
from farm_avatar.compose.planes import Planes, Sprite, lay, sprite_of
from farm_avatar.compose.theme import Palette


@dataclass(slots=True)
class Card:
    """A picture with round corners and its shadow, as one sprite.

    inner : the part of the sprite's planes that the picture fills.
    """

    sprite: Sprite
    inner: Planes


@dataclass(slots=True)
class Shot:
    """What is shown from ``start_s`` on. picture : the whole frame as it was last drawn.

    behind : what the card lies on. card : ``None`` where all of it is in ``behind``.
    """

    start_s: float
    transition: str
    behind: Planes
    card: Card | None = None
    moving: Moving | None = None
    picture: Planes = field(init=False)

    def __post_init__(self) -> None:
        self.picture = self.behind.copy()
        if self.moving is None and self.card is not None:
            lay(self.picture, self.card.sprite)

    def draw(self, at_s: float) -> Planes:
        """The frame at a moment of the scene."""
        if self.moving is None or self.card is None:
            return self.picture
        if self.moving.draw(self.card.inner, max(0.0, at_s - self.start_s)):
            sprite = self.card.sprite
            place = (sprite.x, sprite.y, *sprite.size)
            self.picture.cut(*place).put(self.behind.cut(*place))
            lay(self.picture, sprite)
        return self.picture

    def close(self) -> None:
        """Let go of files."""
        if self.moving is not None:
            self.moving.close()


def card(content: Image.Image | None, at: Box, places: Places, colours: Palette,
         size: tuple[int, int]) -> Card:  # fmt: skip
    """A card in a frame of ``size``. content : what fills it, of its size; black without."""
    unit = places.unit
    full = at.size == size
    pad = 0 if full else even(unit * 0.13)
    left, top = max(0, at.x - pad), max(0, at.y - pad)
    right, bottom = min(size[0], at.right + pad), min(size[1], at.bottom + pad)
    layer = Image.new("RGBA", (right - left, bottom - top))
    inside = Box(at.x - left, at.y - top, at.width, at.height)
    mask = rounded_mask(at.size, 0 if full else even(unit * 0.022))
    if not full:
        shade = Image.new("RGB", layer.size, (255, 255, 255))
        add_shadow(shade, mask, inside, unit, colours.shadow)
        layer.putalpha(shade.convert("L").point([255 - value for value in range(256)]))
    if not full:
        # A hairline: what is dark on a dark ground still has an edge.
        thin = max(1, round(unit / 500))
        rim = Box(inside.x - thin, inside.y - thin, at.width + 2 * thin, at.height + 2 * thin)
        shape = rounded_mask(rim.size, even(unit * 0.022) + thin)
        cover = Image.new("L", layer.size)
        cover.paste(shape.point([value * 3 // 5 for value in range(256)]), (rim.x, rim.y))
        edge = Image.new("RGBA", layer.size, colours.line)
        edge.putalpha(cover)
        layer.alpha_composite(edge)
    picture = (content or Image.new("RGB", at.size)).convert("RGBA")
    under = layer.getchannel("A")
    layer.paste(picture, (inside.x, inside.y), mask)
    under.paste(255, (inside.x, inside.y), mask)
    layer.putalpha(under)
    sprite = sprite_of(_corners_kept(layer, picture, inside), left, top)
    return Card(sprite, sprite.planes.cut(inside.x, inside.y, inside.width, inside.height))


def _corners_kept(layer: Image.Image, picture: Image.Image, inside: Box) -> Image.Image:
    # Where a round corner is half seen, its colour is the picture's, not a mixture with black.
    values, alpha = np.array(layer), np.array(layer.getchannel("A"))
    part = values[inside.y : inside.bottom, inside.x : inside.right]
    cover = np.array(rounded_mask(inside.size, 0))
    seen = alpha[inside.y : inside.bottom, inside.x : inside.right]
    edge = (seen > 127) & (cover > 0)
    part[edge, :3] = np.array(picture)[edge, :3]
    return Image.fromarray(values, "RGBA")


def placed(
    content: tuple[int, int], places: Places, cover: bool = False, enlarge: bool = True
) -> Box:
    """Where content of that size is put on the stage: whole, or (``cover``) filling it."""
    stage = places.stage
    if cover:
        return stage
    scale = min(stage.width / content[0], stage.height / content[1])
    scale = scale if enlarge else min(1.0, scale)
    wide = min(stage.width, max(2, even(content[0] * scale)))
    high = min(stage.height, max(2, even(content[1] * scale)))
    x = stage.x + even((stage.width - wide) * places.lean[0])
    y = stage.y + even((stage.height - high) * places.lean[1])
    return Box(x, y, wide, high)
