"""The stage ``image.contact_sheet``: a film at one glance, as a grid of pictures with timecodes.

Invariant: under every picture stands the moment at which the film shows that very picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from farm import Result, Task
from farm.media.film import no_frames
from farm_finish.deliver.params import SheetParams
from farm_finish.deliver.reading import Upright, Wanted, upright
from farm_finish.deliver.timecode import timecode

_GAP = 12
_TEXT, _FAINT = "#e6e6e6", "#9a9a9a"
Cell = tuple[str, Image.Image]


def run(task: Task[SheetParams]) -> Result:
    """Write the sheet of ``video`` to ``image``."""
    target: Path = task.output("image", ".png")
    source, params = task.input("video"), task.params
    wanted = Wanted(lambda _: "rgb24", background=params.background, width=params.cell_width)
    with upright(source.path, wanted, frames=source.facts.frames or 0) as film:
        most = params.columns * params.rows
        numbers = spread(film.total, most)
        cells: list[Cell] = []
        for number, frame in film.picked(numbers, task.checkpoint):
            task.progress(len(cells), len(numbers), f"picture {len(cells) + 1}")
            cells.append((timecode(number / film.fps, film.fps), _picture(frame)))
        if not cells:
            raise no_frames("video")
        title = params.title or _told(film)
    _sheet(cells, params, title).save(target, "PNG")
    task.progress(1, 1)
    return {"image": target}


def spread(frames: int, most: int) -> list[int]:
    """At most so many frame numbers, each in the middle of its share of the film."""
    count = min(most, max(1, frames))
    return [(2 * index + 1) * frames // (2 * count) for index in range(count)]


def _picture(frame: VideoFrame) -> Image.Image:
    return Image.fromarray(frame.to_ndarray())


def _told(film: Upright) -> str:
    look = film.look
    across, down = (look.height, look.width) if look.turns % 2 else (look.width, look.height)
    rate = f"{float(film.fps):.3f}".rstrip("0").rstrip(".")
    length = timecode(Fraction(film.total) / film.fps, film.fps)
    return f"{across} x {down}    {rate} fps    {length}"


def _sheet(cells: Sequence[Cell], params: SheetParams, title: str) -> Image.Image:
    columns = min(params.columns, len(cells))
    rows = ceil(len(cells) / columns)
    width, height = cells[0][1].size
    small = ImageFont.load_default(max(11, params.cell_width // 20))
    large = ImageFont.load_default(max(13, params.cell_width // 16))
    label = round(small.size * 1.7) if isinstance(small, ImageFont.FreeTypeFont) else 20
    head = label + _GAP
    across = columns * (width + _GAP) + _GAP
    down = head + rows * (height + label + _GAP) + _GAP
    sheet = Image.new("RGB", (across, down), params.background)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, fill=_TEXT, font=large)
    for index, (code, picture) in enumerate(cells):
        row, column = divmod(index, columns)
        left = _GAP + column * (width + _GAP)
        top = head + _GAP + row * (height + label + _GAP)
        sheet.paste(picture, (left, top))
        draw.text((left, top + height + 3), code, fill=_FAINT, font=small)
    return sheet
