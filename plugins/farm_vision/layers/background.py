"""The background of a film: what is behind a subject, shot by shot.

Invariant: where the matte says nothing of a subject, the background is the film to the bit; what was
seen before or after is shown where the subject hides it, and what was never seen is made up once and
kept. Memory does not grow with the film.

A hidden pixel that is seen both earlier and later glides from the one to the other while it is
hidden, so that a change of light is no jump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm.media.boxes import boxed
from farm.media.flow import Gray
from farm_vision.depth.frames import frames_of
from farm_vision.layers.camera import Matrix, camera_motion, inverse
from farm_vision.layers.colours import Colours, colours_of
from farm_vision.layers.exemplar import inpainted
from farm_vision.layers.paired import Pair, Paired
from farm_vision.layers.params import SplitParams
from farm_vision.layers.plate import Plate, Stamps
from farm_vision.layers.spreading import spread, toned
from farm_vision.layers.unmixing import Share, agreed, eased
from farm_vision.people.shots import shots

Told = Callable[[str], None]
"""Called for each frame of each pass with what is being done; what it raises ends the work."""
Steps = list["Matrix | None"]
"""From each frame to the one before; ``None`` where a shot begins."""

_FEWEST = 64
"""Pixels from which a texture is looked for; fewer take the colours around them."""
_CONTEXT = 1.0
"""What is looked at around a hole, in sizes of the hole."""


def covers(pair: Pair) -> list[Share]:
    """The mattes as the 8 bits that alpha is stored with, 0 to 1."""
    return [((matte + np.float32(128)) // 257) * np.float32(1 / 255) for matte in pair.mattes]


def hidden(pair: Pair) -> Share:
    """Share (H, W) of each pixel that is hidden by any of the layers."""
    free = np.float32(1)
    for cover in covers(pair):
        free = free * (np.float32(1) - cover)
    return (np.float32(1) - free).astype(np.float32)


def steps_of(source: Paired, params: SplitParams, told: Told) -> Steps:
    """How the camera moved, frame by frame."""
    found: Steps = []
    pairs = source.pairs()
    if not params.motion:
        for _, cut in shots(pair.picture for pair in pairs):
            told("looks for cuts")
            found.append(None if cut or not found else np.eye(2, 3))
        return found
    waiting: list[Pair] = []

    def pictures() -> Iterator:
        for pair in pairs:
            waiting.append(pair)
            yield pair.picture

    for frame in frames_of(pictures()):
        told("follows the camera")
        cover = hidden(waiting.pop())
        if frame.first or frame.back is None:
            found.append(None)
            continue
        height, width = cover.shape
        near = _shrunk(_wide(cover > 0, params.guard), frame.grey.shape)
        found.append(camera_motion(frame.back, near, width, height))
    return found


class Later:
    """What of the hidden pixels is seen later in the shot, on disk, by frame."""

    def __init__(self, path: Path, source: Paired, steps: Steps, guard: int, told: Told) -> None:
        self._places: dict[int, tuple[int, int]] = {}
        self._file = path.open("w+b")
        plate: Plate | None = None
        for pair in source.backwards():
            told("looks at what is seen later")
            number, layout = pair.number, pair.picture.layout
            plate = plate or Plate(layout.width, layout.height)
            if number + 1 < source.count:
                step = steps[number + 1]
                if step is None:
                    plate.clear()
                else:
                    plate.move(inverse(step))
            cover = hidden(pair)
            wanted = cover > 0
            colours, stamps = plate.look(wanted)
            known = stamps[wanted]
            self._places[number] = self._file.tell(), len(known)
            self._file.write(known.tobytes())
            self._file.write(colours[:, wanted].tobytes())
            plate.add(colours_of(pair.picture), _stamped(~_wide(wanted, guard), number))

    def look(self, number: int, wanted: NDArray[np.bool_]) -> tuple[Colours, Stamps]:
        """As ``Plate.look``, of a frame."""
        at, count = self._places[number]
        self._file.seek(at)
        colours = np.zeros((3, *wanted.shape), np.uint8)
        stamps = np.full(wanted.shape, -1, np.int32)
        stamps[wanted] = np.frombuffer(self._file.read(4 * count), np.int32)
        colours[:, wanted] = np.frombuffer(self._file.read(3 * count), np.uint8).reshape(3, count)
        return colours, stamps

    def close(self) -> None:
        """Nothing is looked up any more."""
        self._file.close()


class Backgrounds:
    """Makes the background of a film, frame by frame.

    seen_share : of what is hidden in each frame, how much is seen at another time.
    """

    def __init__(self, later: Later, steps: Steps, params: SplitParams, told: Told) -> None:
        self._later, self._steps, self._params, self._told = later, steps, params, told
        self._plates: tuple[Plate, Plate] | None = None
        self.seen_share: list[float] = []

    def picture(self, pair: Pair) -> Colours:
        """The background of the next frame."""
        self._told("fills the background")
        number, step = pair.number, self._steps[pair.number]
        colours = colours_of(pair.picture)
        cover = hidden(pair)
        wanted = cover > 0
        width, height = pair.picture.layout.width, pair.picture.layout.height
        self._plates = self._plates or (Plate(width, height), Plate(width, height))
        past = self._plates[0]
        for plate in self._plates:
            if step is None:
                plate.clear()
            else:
                plate.move(step)
        free = ~_wide(wanted, self._params.guard)
        filled, unseen = self._filled(colours, wanted, free, number)
        past.add(colours, _stamped(free, number))
        if unseen.any():
            filled = eased(colours, cover, filled, unseen)
        return agreed(colours, cover, filled) if wanted.any() else colours

    def _filled(
        self, colours: Colours, wanted: NDArray[np.bool_], free: NDArray[np.bool_], number: int
    ) -> tuple[Colours, NDArray[np.bool_]]:
        """The film with what is wanted filled, and what of that nobody saw."""
        assert self._plates is not None
        past, made = self._plates
        before, when = past.look(wanted)
        after, until = self._later.look(number, wanted)
        known = (when >= 0) | (until >= 0)
        share = _share_of_later(when, until, number)
        out = colours.copy()
        mixed = before + share * (after.astype(np.float32) - before) + np.float32(0.5)
        out[:, known] = mixed[:, known].astype(np.uint8)
        unseen = wanted & ~known
        self.seen_share.append(1 - float(unseen.sum()) / max(int(wanted.sum()), 1))
        if not unseen.any():
            return out, unseen
        invented, stamps = made.look(unseen)
        kept = stamps >= 0
        out[:, kept] = invented[:, kept]
        rest = unseen & ~kept
        if rest.any():
            # What lies beside the subject may show some of it: it is no example, but stays.
            doubtful = rest | (~free & ~wanted)
            fresh = self._made_up(out, doubtful, rest)
            out[:, rest] = fresh[:, rest]
            made.add(out, _stamped(rest, number))
        return out, unseen

    def _made_up(
        self, picture: Colours, doubtful: NDArray[np.bool_], rest: NDArray[np.bool_]
    ) -> Colours:
        if doubtful.all():
            return np.zeros_like(picture)
        rows, columns = np.nonzero(rest)
        high = rows.max() + 1 - rows.min()
        wide = columns.max() + 1 - columns.min()
        reach = 16 + round(_CONTEXT * max(high, wide))
        part = np.s_[
            max(rows.min() - reach, 0) : rows.max() + 1 + reach,
            max(columns.min() - reach, 0) : columns.max() + 1 + reach,
        ]
        hole = np.ascontiguousarray(doubtful[part])
        near = np.ascontiguousarray(picture[:, part[0], part[1]], np.float32)
        textured = self._params.texture and len(rows) >= _FEWEST and not hole.all()
        if textured:
            fill = toned(inpainted(near, hole, lambda: self._told("")), hole)
        else:
            fill = spread(near, ~hole)
        out = picture.copy()
        out[:, part[0], part[1]] = np.clip(fill + np.float32(0.5), 0, 255)
        return out


def _share_of_later(when: Stamps, until: Stamps, number: int) -> NDArray[np.float32]:
    """0 where only the past is known, 1 where only the future is, between them by nearness."""
    past, ahead = (number - when).astype(np.float32), (until - number).astype(np.float32)
    share = past / np.maximum(past + ahead, 1)
    share = np.where(until < 0, np.float32(0), share)
    return np.where(when < 0, np.float32(1), share).astype(np.float32)


def _stamped(known: NDArray[np.bool_], number: int) -> Stamps:
    return np.where(known, np.int32(number), np.int32(-1))


def _wide(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The mask and what is within ``by`` pixels of it."""
    return boxed(mask.astype(np.float32), by) > 1e-6 if by else mask


def _shrunk(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> Gray:
    """1.0 where the mask has anything near, at a smaller size."""
    step = max(1, round(mask.shape[0] / shape[0]))
    near = _wide(mask, step)
    rows = np.arange(shape[0]) * mask.shape[0] // shape[0]
    columns = np.arange(shape[1]) * mask.shape[1] // shape[1]
    return near[rows][:, columns].astype(np.float32)
