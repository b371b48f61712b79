"""The stage ``video.mux``: pictures as they are, with sound put to them.

Invariant: no picture is encoded again, none is lost, and what is heard at a moment of the sound is
heard at that moment of the film: encoder priming is told to the container, and a film whose time
stamps begin later than 0 is moved there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from farm import FarmError, InputError, Result, Task
from farm.media.source import opened, video_stream
from farm_finish.audio.params import MuxParams
from farm_finish.audio.pictures import Pictures, inspect_pictures
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.sound import add_sound, sound_packets

IN_MP4 = ("h264", "hevc", "av1", "vp9", "mpeg4")


def run(task: Task[MuxParams]) -> Result:
    """Copy the pictures of ``video`` and put ``audio`` to them, cut to their length.

    Raises
    ------
    InputError : no pictures or no sound, a codec that the container does not take, pictures that
        an edit list hides, or a file that does not say when pictures are shown.
    """
    params = task.params
    source, sound = task.input("video").path, task.input("audio").path
    target: Path = task.output("video", f".{params.container}")
    pictures = inspect_pictures(source, "video")
    _check(pictures, params.container)
    timescale = ticks(pictures.fps)[0] if pictures.fps else pictures.base.denominator
    with opened(source, "video") as container, _output(target, params, timescale) as out:
        stream = video_stream(container, "video")
        copied = out.add_stream_from_template(stream, opaque=True)
        if params.container == "mp4" and pictures.codec == "hevc":
            copied.codec_context.codec_tag = "hvc1"  # What Apple's players look for.
        copied.time_base = Fraction(1, timescale)
        track = add_sound(out, params.audio_kbps, params.codec)
        delay_s = Fraction(params.offset_ms) / 1000
        packets = sound_packets(track, sound, "audio", pictures.length_s, None, delay_s)
        interleaver = Interleaver(out, packets)
        for index, packet in enumerate(_pictures(container, stream, pictures, timescale)):
            task.progress(index, pictures.frames, f"picture {index}")
            packet.stream = copied
            interleaver.mux(packet)
        interleaver.close()
    written = inspect_pictures(target, target.name)
    if written.frames != pictures.frames or written.start_s > Fraction(1, 1000):
        raise FarmError(
            "the film was not copied whole",
            where=target.name,
            expected=f"{pictures.frames} pictures from 0 s on",
            got=f"{written.frames} from {float(written.start_s):.3f} s on",
            code="mux.incomplete",
        )
    task.progress(1, 1)
    return {"video": target}


def _check(pictures: Pictures, container: str) -> None:
    if container == "mp4" and pictures.codec not in IN_MP4:
        raise InputError(
            "cannot be delivered in MP4 without encoding",
            where="video",
            expected=" or ".join(IN_MP4),
            got=pictures.codec,
            mend="Encode it first (video.encode), or ask for container: mkv.",
            code="mux.codec",
        )
    if pictures.guessed:
        raise InputError(
            "does not say when its pictures are shown",
            where="video",
            expected="a container that does, as MP4, Matroska and MPEG-TS do",
            got="AVI with pictures that are decoded in another order than shown",
            mend="Encode it first (video.encode).",
            code="mux.no-order",
        )
    if pictures.hidden:
        raise InputError(
            "has pictures that its edit list hides",
            where="video",
            expected="a film of which every picture is shown",
            got=f"{pictures.hidden} hidden pictures",
            mend="Encode it first (video.encode).",
            code="mux.hidden-pictures",
        )


def _pictures(
    container: InputContainer, stream: VideoStream, pictures: Pictures, timescale: int
) -> Iterator[Packet]:
    """The packets, with moments counted from the first picture; a steady film's on its grid."""
    shown = _moments(pictures, timescale)
    # Decoding times that are missing in some containers follow from the order: as late as possible,
    # never after a picture is shown.
    order = np.sort(shown)
    decoded = order - (order - shown).max()
    index = 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        packet.pts, packet.dts = int(shown[index]), int(decoded[index])
        if pictures.fps is not None:
            packet.duration = round(timescale / pictures.fps)
        else:
            packet.duration = (packet.duration or 0) * pictures.base.numerator
        packet.time_base = Fraction(1, timescale)
        yield packet
        index += 1


def _moments(pictures: Pictures, timescale: int) -> NDArray[np.int64]:
    """When each picture is shown, in ticks."""
    if pictures.fps is None:
        return pictures.ticks * pictures.base.numerator
    numbers = np.round(pictures.ticks * float(pictures.base * pictures.fps)).astype(np.int64)
    return numbers * round(timescale / pictures.fps)


def _output(
    path: Path, params: MuxParams, timescale: int
) -> AbstractContextManager[OutputContainer]:
    if params.container == "mp4":
        return delivered(path, params.metadata, timescale)
    return _matroska(path, params.metadata)


@contextmanager
def _matroska(path: Path, tags: Mapping[str, str]) -> Iterator[OutputContainer]:
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        for name, text in sorted(tags.items()):
            container.metadata[name] = text
        yield container
