"""The stage ``captions.burn``: cues as part of the pictures.

Invariant: a frame is changed where a cue is shown at its moment, and is else the same to the bit;
windows of a film are the frames of the whole, to the bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path

from farm import Result, Task
from farm.media.film import film, write_lossless
from farm.media.planes import Picture
from farm_finish.captions.cues import Captions, Cue, read_cues, spans
from farm_finish.captions.fonts import Face, faces, shapes_text
from farm_finish.captions.lettering import Lettering, Line, Lit, rightward
from farm_finish.captions.overlay import Overlay
from farm_finish.captions.params import BurnParams
from farm_finish.captions.singing import Token, tokens_of

SCHEMA = "farm.caption-burn/1"
_MOST_WARNINGS = 200


@dataclass(slots=True)
class _Tally:
    """What a window's report says."""

    captioned: int = 0
    cues: set[int] = field(default_factory=set)
    smallest_px: int = 0
    warnings: dict[tuple[str, int], str] = field(default_factory=dict)

    def warn(self, code: str, cue: int, what: str) -> bool:
        """Note a warning once for each cue; whether it is new."""
        new = (code, cue) not in self.warnings and len(self.warnings) < _MOST_WARNINGS
        if new:
            self.warnings[code, cue] = what
        return new


@dataclass(frozen=True, slots=True)
class _Show:
    """Frames from ``start`` to ``stop`` that show the cues, each with a token in the other colour."""

    start: int
    stop: int
    cues: tuple[int, ...]
    moment_ms: int


def run(task: Task[BurnParams]) -> Result:
    """Draw ``cues`` into the window of ``video``: ``segment``, and what to know about it: ``report``.

    Raises
    ------
    InputError : a cue that does not fit into the picture, a film that must be normalised first, or
        a font that cannot be read.
    """
    target: Path = task.output("segment", ".mkv")
    report: Path = task.output("report", ".json")
    captions = read_cues(task.input("cues").path, "cues")
    given = task.inputs.get("font", ())
    start, stop = (task.window.start, task.window.stop) if task.window else (0, None)
    tally = _Tally()
    with film(task.input("video").path, "video") as source:
        shows = _shows(captions.cues, source.fps, start, task.params.highlight)
        pictures = source.pictures(start, stop)
        drawing = _Drawing(task, captions, faces(given[0].path if given else None), tally)
        written = write_lossless(target, drawing.over(pictures, shows, start), source.fps)
    record = {
        "schema": SCHEMA,
        "start": start,
        "frames": written,
        "captioned": tally.captioned,
        "cues": len(tally.cues),
        "smallest_px": tally.smallest_px,
        "warnings": [
            f"{code}: cue {cue + 1}: {what}" for (code, cue), what in sorted(tally.warnings.items())
        ],
    }
    report.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"segment": target, "report": report}


class _Drawing:
    """Lays captions over the pictures of a window, one overlay at a time."""

    def __init__(
        self, task: Task[BurnParams], captions: Captions, found: list[Face], tally: _Tally
    ) -> None:
        self._task, self._captions, self._found, self._tally = task, captions, found, tally
        self._lettering: Lettering | None = None

    def over(
        self, pictures: Iterator[Picture], shows: Iterator[_Show], start: int
    ) -> Iterator[Picture]:
        """The pictures from number ``start`` on, with the captions on those that show any."""
        window = self._task.window
        show, overlay = next(shows, None), None
        for number, picture in enumerate(pictures, start):
            done = number - start
            self._task.progress(done, window.frames if window else done + 1, f"frame {number}")
            while show is not None and show.stop <= number:
                show, overlay = next(shows, None), None
            if show is None or number < show.start:
                yield picture
                continue
            if overlay is None:
                overlay = self._overlay(picture, show)
            self._tally.captioned += 1
            yield overlay.over(picture)

    def _overlay(self, picture: Picture, show: _Show) -> Overlay:
        layout = picture.layout
        if self._lettering is None:
            self._lettering = Lettering(self._task.params, layout.width, layout.height, self._found)
        lines: list[Line] = []
        lit: list[Lit] = []
        for number in show.cues:
            cue = self._captions.cues[number]
            made, lacking = self._lettering.lines_of(cue, number, self._captions.language)
            self._note(cue, number, made, lacking)
            if self._task.params.highlight and not rightward(cue.text):
                tokens = tokens_of(cue, [line.text for line in made])
                lit += _said(tokens, show.moment_ms, len(lines))
            lines += made
        return Overlay(self._lettering.drawn(lines, lit), layout)

    def _note(self, cue: Cue, number: int, lines: Sequence[Line], lacking: str) -> None:
        tally = self._tally
        tally.cues.add(number)
        size = lines[0].size
        tally.smallest_px = min(tally.smallest_px or size, size)
        turned = rightward(cue.text)
        for code, holds, what in (
            ("captions.missing-glyphs", bool(lacking), f'no font has "{lacking}"; boxes are shown'),
            (
                "captions.no-shaping",
                turned and not shapes_text(),
                "this machine lacks libraqm or FriBiDi; right-to-left text is not joined",
            ),
            (
                "captions.no-highlight",
                turned and self._task.params.highlight,
                "words of right-to-left text are not highlighted",
            ),
            ("captions.smaller", size < (self._lettering or lines[0]).size, f"set in {size} px"),
        ):
            if holds and tally.warn(code, number, what):
                self._task.log.warning("%s: cue %d: %s", code, number + 1, what)


def _said(tokens: Sequence[Token], moment_ms: int, above: int) -> list[Lit]:
    """The word that is said at a moment, in a caption that stands below ``above`` other lines."""
    begun = [token for token in tokens if token.start_ms <= moment_ms]
    return [Lit(above + t.line, t.start, t.stop) for t in begun[-1:]]


def _shows(cues: Sequence[Cue], fps: Fraction, start: int, words: bool) -> Iterator[_Show]:
    """What is shown from frame ``start`` on, in order; frame ``n`` shows what is there at n / fps."""
    for begin, end, numbers in spans(cues):
        edges = {begin, end}
        if words:
            said = (t.start_ms for n in numbers for t in tokens_of(cues[n], cues[n].lines))
            edges.update(ms for ms in said if begin < ms < end)
        steps = sorted(edges)
        for one, two in pairwise(steps):
            first, last = ceil(one * fps / 1000), ceil(two * fps / 1000)
            if first < last and last > start:
                yield _Show(first, last, numbers, one)
