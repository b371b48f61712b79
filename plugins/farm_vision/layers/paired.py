"""A film and the mattes that belong to it, read in step, in either direction.

Invariant: a matte is only ever used with the picture of its number; a film of mattes that is of
another size, or longer or shorter than the film, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError
from farm.media.film import Film, film, no_frames
from farm.media.planes import Picture

Matte = NDArray[np.uint16]
"""uint16 (H, W): 0 none of the pixel, 65535 all of it."""

_BACKWARDS = 8
"""Pictures that are held at once while a film is read backwards."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture of the film and its mattes, in the order of the ports."""

    number: int
    picture: Picture
    mattes: tuple[Matte, ...]


@dataclass(frozen=True, slots=True)
class Paired:
    """An open film with its mattes. count : frames of each."""

    film: Film
    mattes: tuple[Film, ...]
    count: int

    def pairs(self, start: int = 0, stop: int | None = None) -> Iterator[Pair]:
        """Those of numbers ``start`` to ``stop`` (not included), or to the end."""
        last = self.count if stop is None else stop
        rows = [film.frames(start, last) for film in self.mattes]
        labels = [film.label for film in self.mattes]
        pictures = self.film.pictures(start, last)
        for number, (picture, *frames) in enumerate(zip(pictures, *rows, strict=True), start):
            mattes = tuple(
                _matte(frame, label, picture) for frame, label in zip(frames, labels, strict=True)
            )
            yield Pair(number, picture, mattes)

    def backwards(self) -> Iterator[Pair]:
        """All of them, the last first; a few pictures are in memory at a time."""
        for stop in range(self.count, 0, -_BACKWARDS):
            yield from reversed(list(self.pairs(max(0, stop - _BACKWARDS), stop)))


@contextmanager
def paired(path: Path, mattes: dict[str, Path]) -> Iterator[Paired]:
    """The film at ``video`` with its mattes by port, open.

    Raises
    ------
    InputError : one of them cannot be read or is empty, or a matte has another number of frames.
    """
    with ExitStack() as stack:
        source = stack.enter_context(film(path, "video"))
        others = [stack.enter_context(film(path, port)) for port, path in mattes.items()]
        count = source.count()
        if not count:
            raise no_frames("video")
        for other in others:
            if (length := other.count()) != count:
                raise InputError(
                    "is not as long as the film",
                    where=other.label,
                    expected=f"{count} frames",
                    got=f"{length}",
                    mend="Send the matte that was made of this very film.",
                    code="layers.length",
                )
        yield Paired(source, tuple(others), count)


def _matte(frame: VideoFrame, label: str, picture: Picture) -> Matte:
    name = frame.format.name
    if not name.startswith("gray"):
        raise InputError(
            "is no matte: its pictures are not grey",
            where=label,
            expected="gray16le",
            got=name,
            mend="Send the matte of a stage that makes mattes.",
            code="layers.matte",
        )
    layout = picture.layout
    if (frame.width, frame.height) != (layout.width, layout.height):
        raise InputError(
            "is of another size than the film",
            where=label,
            expected=f"{layout.width}x{layout.height}",
            got=f"{frame.width}x{frame.height}",
            mend="Send the matte that was made of this very film.",
            code="layers.size",
        )
    plane = frame.planes[0]
    bits = frame.format.components[0].bits
    dtype = np.uint8 if bits <= 8 else np.uint16
    samples = np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : frame.width]
    if bits == 16:
        return samples
    top = 2**bits - 1
    return ((samples.astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)
