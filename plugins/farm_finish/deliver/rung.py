"""One rung of a ladder: its size of the pictures, encoded and cut into segments.

Invariant: a key frame every so many pictures and nowhere else, so that rungs of one film agree; a
cap on the bit rate, so that a rung keeps to the line it is meant for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from farm_finish.deliver.fragments import MOVFLAGS, Segments, codec_name
from farm_finish.deliver.packets import encoded
from farm_finish.deliver.params import LadderParams
from farm_finish.deliver.playlist import Rung
from farm_finish.deliver.quality import Coding, add_video
from farm_finish.delivery import Interleaver, ticks
from farm_finish.params import EncodeParams
from farm_finish.sound import add_sound

_SOUND = "mp4a.40.2"
_PRECISE = Interpolation.BICUBIC | 0x40000 | 0x80000
# Of 1080 lines at up to 30 pictures a second; others by the 3/4th power of their pixels.
_CAP_KBPS = {"h264": 6000, "h265": 3800}
_FULL_HD = 1920 * 1080


@dataclass(frozen=True, slots=True)
class Pace:
    """Pictures a second, pictures from key frame to key frame, key frames in a segment."""

    fps: Fraction
    gop: int
    per_segment: int

    @property
    def segment(self) -> int:
        """Pictures in a whole segment."""
        return self.gop * self.per_segment


class Climbing:
    """A rung in the making; ``sound`` are encoded packets, which it copies."""

    def __init__(
        self,
        scratch: Path,
        size: tuple[int, int],
        pace: Pace,
        params: LadderParams,
        sound: Iterator[Packet] | None,
    ) -> None:
        self._size, self._pace, self._params = size, pace, params
        self.name = f"{min(size)}p"
        self._segments = Segments(scratch / self.name, pace.per_segment)
        timescale = str(ticks(pace.fps)[0])
        options = {"movflags": MOVFLAGS, "fflags": "+bitexact", "video_track_timescale": timescale}
        self._output = av.open(self._segments, "w", format="mp4", options=options)
        self._sound = sound
        self._video: VideoStream | None = None
        self._interleaver: Interleaver | None = None

    def encode(self, frame: VideoFrame, number: int) -> None:
        """Picture ``number`` of the film, in the film's size."""
        width, height = self._size
        if (frame.width, frame.height) != self._size:
            frame = frame.reformat(
                width=width,
                height=height,
                src_colorspace=Colorspace.ITU709,
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.MPEG,
                dst_color_range=ColorRange.MPEG,
                interpolation=_PRECISE,
                threads=1,
            )
        if self._video is None:
            self._begin(frame)
        assert self._video is not None and self._interleaver is not None
        frame.pts, frame.time_base = number, 1 / self._pace.fps
        for packet in encoded(self._video, frame):
            self._interleaver.mux(packet)

    def close(self) -> None:
        """Write what the encoder holds back."""
        assert self._video is not None and self._interleaver is not None
        for packet in encoded(self._video, None):
            self._interleaver.mux(packet)
        self._interleaver.close()
        self._output.close()

    def made(self, frames: int) -> Rung:
        """The rung of a film of so many frames, once it is closed."""
        whole, rest = divmod(frames, self._pace.segment)
        counts = [self._pace.segment] * whole + ([rest] if rest else [])
        codec = codec_name(self._segments.initialisation.read_bytes())
        return Rung(
            name=self.name,
            width=self._size[0],
            height=self._size[1],
            fps=self._pace.fps,
            codecs=codec if self._sound is None else f"{codec},{_SOUND}",
            lengths_s=[count / self._pace.fps for count in counts],
            sizes=self._segments.sizes,
        )

    def files(self) -> list[Path]:
        """The initialisation and the segments."""
        numbers = range(len(self._segments.sizes))
        return [self._segments.initialisation, *(self._segments.segment(n) for n in numbers)]

    def _begin(self, first: VideoFrame) -> None:
        params = EncodeParams(
            codec=self._params.codec, profile=self._params.profile, cap_kbps=self._cap_kbps()
        )
        fixed = (
            f"keyint={self._pace.gop}",
            f"min-keyint={self._pace.gop}",
            "scenecut=0",
            *(("open-gop=0",) if params.codec == "h265" else ()),
        )
        coding = Coding(mastered=fixed)
        self._video = add_video(self._output, params, first, self._pace.fps, coding)
        packets: Iterator[Packet] = iter(())
        if self._sound is not None:
            track = add_sound(self._output, self._params.audio_kbps)
            packets = _copies(self._sound, track)
        self._interleaver = Interleaver(self._output, packets)

    def _cap_kbps(self) -> int:
        pixels = self._size[0] * self._size[1] / _FULL_HD
        pace = max(1.0, float(self._pace.fps) / 30) ** 0.5
        return max(100, round(_CAP_KBPS[self._params.codec] * pixels**0.75 * pace))


def _copies(packets: Iterator[Packet], track: AudioStream) -> Iterator[Packet]:
    """Packets of an equal encoder as packets of ``track``."""
    for packet in packets:
        copy = Packet(bytes(packet))
        copy.stream, copy.time_base = track, packet.time_base
        copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
        copy.is_keyframe = True
        yield copy
