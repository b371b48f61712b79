"""Thumbnails in a row: the terminal's own graphics where it has them, half blocks everywhere else.

Invariant: a picture takes the same cells whichever way it is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.containers import HorizontalScroll, Vertical
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from farm.tui.thumbnails import Picture

CELLS = (32, 9)
"""The box of one picture in cells."""
_CELL_PIXELS = (10, 20)


def box() -> tuple[int, int]:
    """Pixels to decode into."""
    wide, high = CELLS
    return (wide * _CELL_PIXELS[0], high * _CELL_PIXELS[1]) if graphics() else (wide, high * 2)


def graphics() -> Any | None:
    """The widget that draws through the terminal's graphics, if the terminal was asked and has any."""
    if "textual_image.widget" not in sys.modules:
        return None
    from textual_image.renderable import Image, SixelImage, TGPImage
    from textual_image.widget import Image as Drawn

    return Drawn if Image in (SixelImage, TGPImage) else None


class HalfBlocks(Widget):
    """A picture whose every cell shows two pixels, one above the other."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture
        self.styles.width = picture.width
        self.styles.height = picture.height // 2

    def render_line(self, y: int) -> Strip:
        """Two rows of pixels."""
        picture = self._picture
        stride = picture.width * 3
        above = picture.rgb[2 * y * stride : (2 * y + 1) * stride]
        below = picture.rgb[(2 * y + 1) * stride : (2 * y + 2) * stride]
        if len(below) < stride:
            return Strip.blank(self.size.width)
        return Strip(
            [
                Segment(
                    "▀",
                    Style(
                        color=Color.from_rgb(*above[at : at + 3]),
                        bgcolor=Color.from_rgb(*below[at : at + 3]),
                    ),
                )
                for at in range(0, stride, 3)
            ],
            picture.width,
        )


class Thumbnails(HorizontalScroll):
    """Pictures with their captions; takes no room while it has none."""

    def on_mount(self) -> None:
        """Nothing to show yet."""
        self.display = False

    async def show(self, found: Sequence[Picture]) -> None:
        """Show these pictures in place of the last ones."""
        drawn = graphics()
        await self.remove_children()
        self.display = bool(found)
        for picture in found:
            caption = Static(f"{picture.hash[:12]} {picture.about}", markup=False)
            await self.mount(Vertical(picture_widget(picture, drawn), caption))


def picture_widget(picture: Picture, drawn: Any | None) -> Widget:
    """A picture as half blocks, or through ``drawn``, a widget of ``textual-image``."""
    if drawn is None:
        return HalfBlocks(picture)
    from PIL import Image

    widget: Widget = drawn(Image.frombytes("RGB", (picture.width, picture.height), picture.rgb))
    widget.styles.width = -(-picture.width // _CELL_PIXELS[0])
    widget.styles.height = -(-picture.height // _CELL_PIXELS[1])
    return widget
