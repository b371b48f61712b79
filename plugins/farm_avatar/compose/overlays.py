"""What is laid over a scene: a lower third, a bar of progress, a chapter's card.

Invariant: an overlay is drawn once; frame by frame only its place and its strength change, and both
follow from the frame's moment alone.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from farm_avatar.compose.camera import eased
from farm_avatar.compose.ground import add_shadow, ground, rounded_mask
from farm_avatar.compose.layout import Box, Places, even
from farm_avatar.compose.planes import Planes, Sprite, lay, mix, planes_of, sprite_of
from farm_avatar.compose.scene import Chapter, LowerThird, Progress, Scene
from farm_avatar.compose.theme import Palette
from farm_avatar.compose.titles import add_title
from farm_avatar.compose.wrapping import fitted

_IN_S, _OUT_S = 0.5, 0.35
CARD_OUT_S = 0.5
"""How long a chapter's card takes to give way."""


class Banner:
    """A lower third that slides in, stands, and fades."""

    def __init__(self, what: LowerThird, start_s: float, places: Places,
                 colours: Palette) -> None:  # fmt: skip
        self._start_s, self._stop_s = start_s, start_s + what.seconds
        self._slide = places.unit * (-0.09 if not places.lower_right else 0.09)
        self._sprite = _banner(what, places, colours)

    def draw(self, target: Planes, at_s: float) -> None:
        """Draw it as it is at a moment of the scene."""
        if not self._start_s <= at_s < self._stop_s:
            return
        into = eased(min(1.0, (at_s - self._start_s) / _IN_S))
        left = min(1.0, (self._stop_s - at_s) / _OUT_S)
        lay(target, self._sprite, into * left, dx=even(self._slide * (1 - into)))


def _banner(what: LowerThird, places: Places, colours: Palette) -> Sprite:
    unit, area = places.unit, places.lower
    pad, bar = round(unit * 0.03), max(4, even(unit * 0.012))
    share = 0.62 if places.shape == "wide" and places.frame != "card" else 0.9
    room = round(area.width * share) - bar - 2 * pad
    big, small = round(unit * 0.05), round(unit * 0.034)
    name = fitted(what.name, "strong", big, (room, 3 * big), "lower third: name", 2, 0.6, 1.2)
    role = None
    if what.role:
        role = fitted(what.role, "text", small, (room, 4 * small), "lower third: role", 2, 0.7)
    wide = bar + 2 * pad + max(name.width, role.width if role else 0)
    high = round(pad * 1.3) + name.height + (role.height + round(pad * 0.1) if role else 0)
    wide, high = even(wide), even(high)
    margin = even(unit * 0.1)
    layer = Image.new("RGBA", (wide + 2 * margin, high + 2 * margin))
    at = Box(margin, margin, wide, high)
    mask = rounded_mask(at.size, round(unit * 0.016))
    shade = Image.new("RGB", layer.size, (255, 255, 255))
    add_shadow(shade, mask, at, unit, colours.shadow * 0.8)
    layer.putalpha(shade.convert("L").point([255 - value for value in range(256)]))
    plate = Image.new("RGB", at.size, colours.panel)
    ImageDraw.Draw(plate).rectangle((0, 0, bar - 1, high), fill=colours.accent)
    y = round(pad * 0.65)
    name.draw(plate, (bar + pad, y), colours.ink)
    if role:
        role.draw(plate, (bar + pad, y + name.height + round(pad * 0.1)), colours.faint)
    over, cover = Image.new("RGBA", layer.size), Image.new("L", layer.size)
    over.paste(plate, (margin, margin))
    cover.paste(mask.point([round(v * 0.97) for v in range(256)]), (margin, margin))
    over.putalpha(cover)
    layer.alpha_composite(over)
    gap = even(unit * 0.035)
    x = area.right - wide - gap if places.lower_right else area.x + gap
    if places.shape == "upright":
        x = even(area.x + (area.width - wide) / 2)
    return sprite_of(layer, x - margin, area.bottom - high - gap - margin)


class Bar:
    """One piece for each scene; those before are full, this one fills while it is shown."""

    def __init__(self, what: Progress, places: Places, colours: Palette) -> None:
        area = places.progress
        gap = max(2, even(area.height * 1.2)) if what.count > 1 else 0
        piece = (area.width - gap * (what.count - 1)) / what.count
        if piece < area.height:
            # More scenes than there is room for pieces: one line for all of them.
            gap, piece = 0, area.width / what.count
        self._track = Image.new("RGBA", area.size)
        self._full: list[Sprite] = []
        for number in range(what.count):
            left = round(number * (piece + gap))
            right = max(left + 1, round(number * (piece + gap) + piece))
            full = number < what.index
            _pill(self._track, left, right, colours.accent if full else colours.ink,
                  255 if full else 70)  # fmt: skip
        self._under = sprite_of(self._track, area.x, area.y)
        lit = Image.new("RGBA", area.size)
        self._left = round(what.index * (piece + gap))
        self._right = max(self._left + 1, round(what.index * (piece + gap) + piece))
        _pill(lit, self._left, self._right, colours.accent, 255)
        self._lit = sprite_of(lit, area.x, area.y)

    def draw(self, target: Planes, share: float) -> None:
        """Draw it. share : how much of this scene is over, 0 to 1."""
        lay(target, self._under)
        wide = even(self._left + (self._right - self._left) * min(1.0, max(0.0, share)))
        if wide > 0:
            lit = self._lit
            planes = lit.planes.cut(0, 0, wide, lit.size[1])
            alpha = (lit.alpha[0][:, :wide], lit.alpha[1][:, : wide // 2])
            lay(target, Sprite(lit.x, lit.y, planes, alpha))


def _pill(
    picture: Image.Image, left: int, right: int, colour: tuple[int, int, int], alpha: int
) -> None:
    size = (right - left, picture.height)
    shape = rounded_mask(size, picture.height // 2).point([v * alpha // 255 for v in range(256)])
    piece = Image.new("RGBA", size, colour)
    piece.putalpha(shape)
    picture.paste(piece, (left, 0))


class ChapterCard:
    """A card over the whole picture that gives way to the scene."""

    def __init__(self, what: Chapter, scene: Scene, places: Places, colours: Palette) -> None:
        self._until_s = what.seconds
        picture = ground(scene.size, colours)
        wide, high = scene.size
        inset = even(min(wide, high) * 0.09)
        # Captions stay where they are while the card is up, so its title stands above them.
        bottom = places.captions.y if scene.captions != "none" else high
        area = Box(inset, inset, wide - 2 * inset, bottom - 2 * inset)
        add_title(picture, area, colours, places.unit, what.title, "", what.label,
                  centred=True, where="chapter")  # fmt: skip
        self._planes = planes_of(picture)

    def covers(self, at_s: float) -> bool:
        """Whether nothing else is seen at a moment."""
        return at_s < self._until_s - CARD_OUT_S

    def draw(self, target: Planes, at_s: float) -> None:
        """Draw it over a frame, or what is left of it."""
        left = (self._until_s - at_s) / CARD_OUT_S
        if left >= 1:
            target.put(self._planes)
        elif left > 0:
            mix(target, target, self._planes, eased(left))
