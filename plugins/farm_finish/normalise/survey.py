"""What the packets of a file say: its time stamps and its length, without decoding.

Invariant: what a header promises is checked against the packets that are there; a file that breaks
off or jumps in time is known before a frame is written. Costs eight bytes for each frame.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from farm import InputError
from farm.media.source import opened
from farm_finish.normalise.timing import STILL_FPS

# Their headers tell an exact length; elsewhere it may be an estimate.
_EXACT = ("mov", "matroska", "avi", "wav", "flac")
_MOST_TICKS = 2**62
_CHECK_EVERY = 2000


@dataclass(frozen=True, slots=True)
class Survey:
    """The streams that are used, and when their packets are shown.

    moments : ticks of ``tick_s`` (seconds), rising, from the first key frame on; empty without
    pictures or without time stamps. last_ticks : how long the last one lasts, 0 when unknown.
    untimed : pictures without time stamps. ends_s : when the last packet of any stream ends.
    told : rates that the file claims. short : how it is shorter than its header says, or empty.
    sound_s : first and last moment of the sound, if there is any.
    """

    video: int | None
    audio: int | None
    unused: tuple[str, ...]
    moments: NDArray[np.int64]
    tick_s: Fraction
    last_ticks: int
    untimed: int
    told: tuple[Fraction, ...]
    short: str
    sound_s: tuple[Fraction, Fraction] | None

    @property
    def told_fps(self) -> Fraction:
        """The first rate that the file claims, else 25."""
        return self.told[0] if self.told else STILL_FPS

    @property
    def begins_s(self) -> Fraction:
        """When a first picture without a time stamp is shown: before all others."""
        return int(self.moments[0]) * self.tick_s if len(self.moments) else Fraction(0)


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream that is no cover art and has a decoder here."""
    for stream in container.streams.video:
        cover = stream.disposition & Disposition.attached_pic
        if not cover and stream.codec_context is not None:
            return stream
    return None


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The default audio stream that has a decoder here, else the first."""
    usable = [stream for stream in container.streams.audio if stream.codec_context is not None]
    preferred = [stream for stream in usable if stream.disposition & Disposition.default]
    return next(iter([*preferred, *usable]), None)


def surveyed(path: Path, label: str, checkpoint: Callable[[], None]) -> Survey:
    """Read every packet of a file.

    Raises
    ------
    InputError : it is no media file, has neither pictures nor sound, or jumps back in time.
    """
    with opened(path, label) as container:
        video, audio = picture_stream(container), sound_stream(container)
        if video is None and audio is None:
            raise InputError(
                "has neither pictures nor sound that can be read",
                where=label,
                expected="a video or an audio stream",
                got=", ".join(stream.type for stream in container.streams) or "no streams",
                mend="Send a film, a picture or a sound.",
                code="media.no-streams",
            )
        seen = _Seen(video, label)
        for number, packet in enumerate(container.demux()):
            if number % _CHECK_EVERY == 0:
                checkpoint()
            if not packet.size:
                continue
            start = packet.pts if packet.pts is not None else packet.dts
            base = packet.time_base
            if start is not None and base and abs(start) < _MOST_TICKS:
                begins, ends = start * base, (start + (packet.duration or 0)) * base
                seen.ends_s = max(seen.ends_s or ends, ends)
                if audio is not None and packet.stream_index == audio.index:
                    seen.hear(begins, ends)
            if video is not None and packet.stream_index == video.index:
                seen.picture(packet.is_keyframe, packet.is_discard, start, packet.dts)
                if start is not None:
                    seen.remember_last(start, packet.duration or 0)
        used = {stream.index for stream in (video, audio) if stream is not None}
        told = tuple(_told(video)) if video is not None else ()
        return Survey(
            video=None if video is None else video.index,
            audio=None if audio is None else audio.index,
            unused=tuple(
                f"{stream.type} {stream.index}"
                for stream in container.streams
                if stream.index not in used
            ),
            moments=seen.sorted(told[0] if told else STILL_FPS),
            tick_s=Fraction(video.time_base) if video and video.time_base else Fraction(1, 1000),
            last_ticks=seen.last_ticks,
            untimed=seen.untimed,
            told=told,
            short=_short(container, video, seen),
            sound_s=seen.sound_s,
        )


class _Seen:
    """What the packets told so far."""

    def __init__(self, video: VideoStream | None, label: str) -> None:
        self._label = label
        self._base = Fraction(video.time_base) if video and video.time_base else Fraction(1, 1000)
        self._moments = array("q")
        self._begun = False
        self._first = -_MOST_TICKS
        self._previous: int | None = None
        self._last = -_MOST_TICKS
        self.last_ticks = 0
        self.packets = 0
        self.reached = 0
        self.untimed = 0
        self.leading = 0
        self.ends_s: Fraction | None = None
        self.sound_s: tuple[Fraction, Fraction] | None = None

    def hear(self, begins: Fraction, ends: Fraction) -> None:
        first, last = self.sound_s or (begins, ends)
        self.sound_s = (min(first, begins), max(last, ends))

    def picture(self, key: bool, hidden: bool, start: int | None, decoded: int | None) -> None:
        self.packets += 1
        self.reached = max(self.reached, decoded or 0)
        self._check_order(decoded)
        timed = start is not None and abs(start) < _MOST_TICKS
        if key and not self._begun:
            # What leads up to the first key frame cannot be decoded.
            self._begun, self.leading = True, 0
            self._first = start if timed else self._first
            del self._moments[:]
        if hidden:  # Outside of the edit list: decoded, never shown.
            return
        if start is None:
            self.untimed += 1
            self.leading += not self._moments
        elif timed:
            self._moments.append(start)

    def remember_last(self, start: int, duration: int) -> None:
        if start >= self._last:
            self._last, self.last_ticks = start, max(0, duration)

    def sorted(self, fps: Fraction) -> NDArray[np.int64]:
        moments = np.frombuffer(self._moments, np.int64) if self._moments else np.zeros(0, np.int64)
        moments = np.unique(moments)
        moments = moments[moments >= self._first]
        if not (self.leading and len(moments)):
            return moments
        # Before the first time stamp there can only be what precedes it.
        back = range(self.leading, 0, -1)
        led = [int(moments[0]) - round(number / fps / self._base) for number in back]
        return np.concatenate([np.array(led, np.int64), moments])

    def _check_order(self, decoded: int | None) -> None:
        if decoded is None:
            return
        if self._previous is not None and (self._previous - decoded) * self._base > 1:
            raise InputError(
                "its time stamps jump back",
                where=self._label,
                expected="time that only goes forward",
                got=f"{float(self._previous * self._base):.3f} s, then "
                f"{float(decoded * self._base):.3f} s",
                mend="Remux it, or send the parts as clips of their own.",
                code="timeline.jump",
            )
        self._previous = decoded


def _told(video: VideoStream) -> Iterator[Fraction]:
    for rate in (video.average_rate, video.base_rate, video.guessed_rate):
        if rate:
            yield Fraction(rate)


def _short(container: InputContainer, video: VideoStream | None, seen: _Seen) -> str:
    """How the packets fall short of the header."""
    exact = any(name in _EXACT for name in container.format.name.split(","))
    promised_frames = 0 if video is None or not exact else video.frames
    found_frames = seen.packets
    if video is not None and "mov" in container.format.name:
        # Its index leaves out what lies outside of the edit list.
        promised_frames = len(video.index_entries)
    if video is not None and container.format.name == "avi":
        # It counts frames that were left out, too, as chunks without content.
        found_frames = seen.reached + 1
    if promised_frames > found_frames:
        return f"{found_frames} of {promised_frames} frames"
    if not exact or not container.duration or seen.ends_s is None:
        return ""
    start = Fraction(container.start_time or 0, 1_000_000)
    promised = Fraction(container.duration, 1_000_000)
    # Some count from their first packet, some from zero.
    there = max(seen.ends_s, seen.ends_s - start)
    # A missing duration of the last packet is no damage.
    if promised - there > max(Fraction(1, 4), promised / 100):
        return f"{float(there):.2f} of {float(promised):.2f} s"
    return ""
