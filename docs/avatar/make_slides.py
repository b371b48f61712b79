"""Draws the slides of the sample lesson: ``python docs/avatar/make_slides.py FOLDER``.

Invariant: the pictures depend on this file and the farm's own fonts alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import farm_avatar

SIZE = (1600, 900)
INK, PAPER, SOFT, MARK, DIM = "#12233d", "#fbfaf6", "#d8dfe8", "#e4572e", "#8a97a8"
_FONTS = Path(farm_avatar.__file__).parent / "compose" / "fonts"
NAMES = ["Ada", "Bo", "Cem", "Dana", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea", "Mia",
         "Noor", "Otto", "Pia"]  # fmt: skip


def font(size: int, name: str = "lesson-text") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / f"{name}.ttf"), size)


def sheet(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((100, 76), title, font=font(72, "lesson-display"), fill=INK)
    draw.rectangle((100, 182, 220, 190), fill=MARK)
    return image, draw


def cards(draw: ImageDraw.ImageDraw, y: int, first: int, last: int, middle: int | None) -> None:
    """Sixteen cards in a row; those from ``first`` to ``last`` may still be it."""
    width, gap = 80, 8
    for number, name in enumerate(NAMES):
        x = 100 + number * (width + gap)
        inside = first <= number <= last
        fill = MARK if number == middle else ("#ffffff" if inside else "#eef0f2")
        edge = INK if inside else SOFT
        box = (x, y, x + width, y + 104)
        draw.rounded_rectangle(box, 10, fill=fill, outline=edge, width=3 if inside else 2)
        ink = "#ffffff" if number == middle else (INK if inside else DIM)
        draw.text((x + width / 2, y + 52), name, font=font(27), fill=ink, anchor="mm")


def one_by_one() -> Image.Image:
    image, draw = sheet("One after another")
    cards(draw, 250, 0, 15, None)
    for number in range(10):
        x = 140 + number * 88
        draw.arc((x, 352, x + 88, 412), 0, 180, fill=MARK, width=5)
    draw.text((100, 460), "Sixteen cards: up to sixteen looks.", font=font(48), fill=INK)
    draw.text((100, 535), "A million cards: up to a million looks.", font=font(48), fill=INK)
    return image


def halving() -> Image.Image:
    image, draw = sheet("Look in the middle")
    for row, (first, last, middle) in enumerate(
        [(0, 15, 7), (8, 15, 11), (8, 10, 9), (10, 10, 10)]
    ):
        cards(draw, 250 + row * 150, first, last, middle)
    return image


def costs() -> Image.Image:
    image, draw = sheet("Twenty looks for a million")
    left, bottom = 190, 770
    draw.line((left, 250, left, bottom, 1240, bottom), fill=INK, width=5)
    rows = [("16", 4), ("1,000", 10), ("1,000,000", 20), ("1,000,000,000", 30)]
    for number, (count, looks) in enumerate(rows):
        x, height = left + 60 + number * 240, looks * 15
        draw.rounded_rectangle((x, bottom - height, x + 170, bottom - 3), 8, fill=MARK)
        draw.text((x + 85, bottom - height - 36), str(looks), font=font(48), fill=INK, anchor="mm")
        draw.text((x + 85, bottom + 40), count, font=font(32), fill=INK, anchor="mm")
    draw.text((left + 20, 262), "looks", font=font(36), fill=DIM)
    draw.text((1240, bottom + 90), "cards", font=font(36), fill=DIM, anchor="rm")
    return image


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in (("one-by-one", one_by_one()), ("halving", halving()), ("costs", costs())):
        image.quantize(64, dither=Image.Dither.NONE).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
