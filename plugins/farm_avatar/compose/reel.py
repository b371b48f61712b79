"""A clip as it is played: the picture that is shown at a moment, whatever its frame rate.

Invariant: moments are asked for in rising order and each frame is decoded once; before the first
frame there is the first, after the last the last. What breaks off on the way ends there, with a
warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
from av.video.frame import VideoFrame

from farm import InputError
from farm.media.picture import delivery_frame
from farm.media.source import opened, video_stream


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded frame. number : rises with every frame. at_s : when it begins, seconds."""

    number: int
    at_s: float
    frame: VideoFrame


class Reel:
    """The pictures of a film from ``start_s`` to ``end_s``, as 4:2:0 in BT.709, upright."""

    def __init__(
        self,
        path: Path,
        label: str,
        start_s: float,
        end_s: float | None,
        warn: Callable[[str], None] = lambda warning: None,
    ) -> None:
        self._path, self._label, self._warn = path, label, warn
        self._start_s, self._end_s = start_s, end_s
        self._stack = ExitStack()
        self._number = -1
        self._frames: Iterator[Shown] = iter(())
        self._next: Shown | None = None
        self._open()

    def __enter__(self) -> Reel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures."""
        return self._now.frame.width, self._now.frame.height

    @property
    def ended(self) -> bool:
        """Whether the picture that is shown is its last."""
        return self._next is None

    def at(self, moment_s: float) -> Shown:
        """What is shown ``moment_s`` seconds after the beginning of the film."""
        while self._next is not None and self._next.at_s <= moment_s + 1e-6:
            self._now, self._next = self._next, next(self._frames, None)
        return self._now

    def rewind(self) -> None:
        """Begin again."""
        self._stack.close()
        self._open()

    def every(self) -> Iterator[Shown]:
        """All its pictures in order, once."""
        yield self._now
        while self._next is not None:
            self._now, self._next = self._next, next(self._frames, None)
            yield self._now

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def _open(self) -> None:
        self._frames = self._read()
        first = next(self._frames, None)
        if first is None:
            self.close()
            raise InputError(
                "has no frames that can be decoded",
                where=self._label,
                expected=f"a picture from {self._start_s:g} s on",
                got="none",
                mend="Check that it plays, and send it again.",
                code="compose.no-frames",
            )
        self._now: Shown = first
        self._next = next(self._frames, None)

    def _read(self) -> Iterator[Shown]:
        container = self._stack.enter_context(opened(self._path, self._label))
        stream = video_stream(container, self._label)
        base, first = stream.time_base, stream.start_time or 0
        if self._start_s > 0 and base:
            container.seek(first + int(self._start_s / base), stream=stream, backward=True)
        before: Shown | None = None
        begun = False
        at_s = 0.0
        try:
            for frame in container.decode(stream):
                at_s = float((frame.pts - first) * base) if frame.pts is not None and base else at_s
                if self._end_s is not None and at_s >= self._end_s:
                    break
                self._number += 1
                shown = Shown(self._number, at_s, frame)
                if at_s <= self._start_s and not begun:
                    before = shown
                    continue
                if not begun and before is not None:
                    yield Shown(before.number, before.at_s, delivery_frame(before.frame))
                begun = True
                yield Shown(shown.number, at_s, delivery_frame(frame))
        except av.error.FFmpegError as error:
            self._warn(
                f"clip-damaged: {self._label} breaks off at {at_s:.2f} s"
                f" ({error.strerror or error}); its last good picture stands"
            )
        if not begun and before is not None:
            yield Shown(before.number, before.at_s, delivery_frame(before.frame))
