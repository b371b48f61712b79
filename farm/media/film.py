"""Films between stages: read by frame number, written without loss.

Invariant: frame number ``n`` is the picture shown at ``n / fps`` seconds after the first. A film in
which that does not hold is refused, and a film that was written has every frame it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import InputError
from farm.media import ffv1
from farm.media.ffv1 import no_frames
from farm.media.planes import Layout, Picture, frame_of, picture_of
from farm.media.source import frame_rate, opened, video_stream


@dataclass(frozen=True, slots=True)
class Film:
    """An open film. label : what messages call it."""

    container: InputContainer
    stream: VideoStream
    fps: Fraction
    label: str

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Pictures ``start`` to ``stop`` (not included), or to the end.

        Raises
        ------
        InputError : a time stamp off the grid of the frame rate, a size that changes, or a film
            that ends before ``stop``.
        """
        layout = None
        for at, frame in enumerate(self.frames(start, stop), start):
            picture = picture_of(frame, self.label)
            layout = layout or picture.layout
            if picture.layout != layout:
                raise self._changed(layout, picture.layout, at)
            yield picture

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[VideoFrame]:
        """The same as they were decoded: what is no picture, such as 16-bit grey of a depth.

        Raises
        ------
        InputError : a time stamp off the grid of the frame rate, or a film that ends before
            ``stop``.
        """
        due = start
        for at, frame in self._numbered(start):
            if stop is not None and due >= stop:
                return
            if at != due:
                raise self._uneven(due, at)
            yield frame
            due += 1
        if stop is not None and due < stop:
            raise InputError(
                "ends too early",
                where=self.label,
                expected=f"frames up to {stop - 1}",
                got=f"{due} frames" if due > start else f"no frame {start}",
                mend="Check that the file is whole, and send it again.",
                code="frames.short",
            )

    def picked(self, numbers: Sequence[int]) -> Iterator[Picture]:
        """The pictures of those numbers, which must rise. Raises InputError as ``pictures`` does."""
        if self.stream.codec_context.name == "ffv1":
            # Every picture stands alone: going to each costs less than reading those between.
            for number in numbers:
                yield from self.pictures(number, number + 1)
            return
        wanted = set(numbers)
        first = numbers[0]
        for number, picture in enumerate(self.pictures(first, numbers[-1] + 1), first):
            if number in wanted:
                yield picture

    def count(self) -> int:
        """Number of frames, counted by reading every packet; before or after pictures are read."""
        self.container.seek(0)
        packets = self.container.demux(self.stream)
        # What lies outside of the edit list is decoded, never shown.
        count = sum(1 for packet in packets if packet.size and not packet.is_discard)
        self.container.seek(0)
        return count

    def _numbered(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Frames and their numbers, from ``start`` on."""
        base, first = self.stream.time_base or Fraction(1, 1000), self.stream.start_time or 0
        sought = start > 0 or self.stream.codec_context.is_open
        if sought:
            self._seek(first + int(start / self.fps / base))
        frames = self.container.decode(self.stream)
        leading = next(frames, None)
        if sought and (leading is None or self._number(leading, start) > start):
            # Some containers are searched by decoding time, and land behind the goal.
            self._seek(first - round(1 / base))
            frames, leading = self.container.decode(self.stream), None
        due = start
        for frame in frames if leading is None else chain([leading], frames):
            at = self._number(frame, due)
            if at >= start:
                yield at, frame
                due = at + 1

    def _number(self, frame: VideoFrame, due: int) -> int:
        if frame.pts is None:
            return due
        base, first = self.stream.time_base or Fraction(1, 1000), self.stream.start_time or 0
        return round((frame.pts - first) * base * self.fps)

    def _seek(self, goal: int) -> None:
        self.container.seek(goal, stream=self.stream, backward=True)

    def _uneven(self, due: int, at: int) -> InputError:
        return InputError(
            "its frames do not follow one another at a constant rate",
            where=self.label,
            expected=f"frame {due} at {float(due / self.fps):.3f} s",
            got=f"one at {float(at / self.fps):.3f} s",
            mend="Normalise it first (media.normalise).",
            code="frames.uneven",
        )

    def _changed(self, first: Layout, other: Layout, at: int) -> InputError:
        return InputError(
            "its pictures change their form on the way",
            where=f"{self.label}, frame {at}",
            expected=f"{first.width}x{first.height} {first.pixel_format}",
            got=f"{other.width}x{other.height} {other.pixel_format}",
            mend="Normalise it first (media.normalise).",
            code="frames.changed",
        )


@contextmanager
def film(path: Path, label: str, threads: int = 1) -> Iterator[Film]:
    """The film at ``path``, open. threads : that read one picture at once, if its codec can.

    Raises
    ------
    InputError : it cannot be read, has no pictures, or pixels that are not square.
    """
    with opened(path, label) as container:
        stream = video_stream(container, label)
        aspect = stream.sample_aspect_ratio
        if aspect and aspect not in (0, 1):
            raise InputError(
                "its pixels are not square",
                where=label,
                expected="a pixel aspect of 1:1",
                got=str(aspect).replace("/", ":"),
                mend="Normalise it first (media.normalise).",
                code="frames.form",
            )
        stream.codec_context.thread_type = "SLICE"
        stream.codec_context.thread_count = threads
        yield Film(container, stream, frame_rate(stream), label)


def write_lossless(path: Path, pictures: Iterable[Picture], fps: Fraction) -> int:
    """Write FFV1 in Matroska, every picture a key frame, colours tagged; the number of frames.

    Raises
    ------
    InputError : there is no picture.
    """
    rest = iter(pictures)
    first = next(rest, None)
    if first is None:
        raise no_frames("video")
    layout = first.layout

    def tag(context: VideoCodecContext) -> None:
        context.colorspace, context.color_range = layout.matrix, 2 if layout.full else 1
        context.color_primaries, context.color_trc = layout.primaries, layout.transfer

    return ffv1.write(path, map(stored_frame, chain([first], rest)), fps, tag)


def stored_frame(picture: Picture) -> VideoFrame:
    """A picture as it is written and read back."""
    frame = frame_of(picture)
    if picture.layout.pixel_format == "gbrp":
        frame = frame.reformat(format="bgr0", threads=1)
    return frame
