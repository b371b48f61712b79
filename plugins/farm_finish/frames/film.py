"""Films between stages: read by frame number, written without loss.

Invariant: frame number ``n`` is the picture shown at ``n / fps`` seconds after the first. A film in
which that does not hold is refused, and a film that was written has every frame it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from farm import InputError
from farm_finish.frames.planes import Layout, Picture, frame_of, picture_of
from farm_finish.source import frame_rate, opened, video_stream

_FFV1 = {"level": "3", "slices": "4", "slicecrc": "1", "g": "1", "coder": "0", "context": "0"}
# Golomb-Rice codes: as small as the range coder's for a film, and read in half the time.


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
        base = self.stream.time_base or Fraction(1, 1000)
        if start or self.stream.codec_context.is_open:
            goal = (self.stream.start_time or 0) + int(start / self.fps / base)
            self.container.seek(goal, stream=self.stream, backward=True)
        origin = (self.stream.start_time or 0) * base
        due, layout = start, None
        for frame in self.container.decode(self.stream):
            if stop is not None and due >= stop:
                return
            at = due if frame.pts is None else self._number(frame.pts * base - origin)
            if at < start:
                continue
            if at != due:
                raise self._uneven(due, at)
            picture = picture_of(frame, self.label)
            layout = layout or picture.layout
            if picture.layout != layout:
                raise self._changed(layout, picture.layout, at)
            yield picture
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
        count = sum(1 for packet in self.container.demux(self.stream) if packet.size)
        self.container.seek(0)
        return count

    def _number(self, moment: Fraction) -> int:
        return round(moment * self.fps)

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
def film(path: Path, label: str) -> Iterator[Film]:
    """The film at ``path``, open.

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
        yield Film(container, stream, frame_rate(stream), label)


def write_lossless(path: Path, pictures: Iterable[Picture], fps: Fraction) -> int:
    """Write FFV1 in Matroska, every picture a key frame, colours tagged; the number of frames.

    Raises
    ------
    InputError : there is no picture.
    """
    written = 0
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as output:
        stream: VideoStream | None = None
        for picture in pictures:
            frame = frame_of(picture)
            if picture.layout.pixel_format == "gbrp":
                frame = frame.reformat(format="bgr0", threads=1)
            if stream is None:
                stream = _lossless_stream(output, picture.layout, fps, frame.format.name)
            frame.pts, frame.time_base = written, 1 / fps
            for packet in stream.encode(frame):
                output.mux(packet)
            written += 1
        if stream is None:
            raise no_frames("video")
        for packet in stream.encode(None):
            output.mux(packet)
    return written


def no_frames(label: str) -> InputError:
    """The complaint about a film without a picture."""
    return InputError(
        "has no frames",
        where=label,
        mend="Send a video with at least one picture.",
        code="media.no-frames",
    )


def _lossless_stream(
    output: av.container.OutputContainer, layout: Layout, fps: Fraction, pixel_format: str
) -> VideoStream:
    stream = output.add_stream("ffv1", rate=fps, options=_FFV1)
    stream.width, stream.height, stream.pix_fmt = layout.width, layout.height, pixel_format
    context = stream.codec_context
    context.thread_count, context.time_base = 1, 1 / fps
    context.colorspace, context.color_range = layout.matrix, 2 if layout.full else 1
    context.color_primaries, context.color_trc = layout.primaries, layout.transfer
    context.flags |= 0x800000  # Bit-exact: no library version in the file.
    return stream
