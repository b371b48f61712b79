"""Pictures encoded for delivery, with sound beside them.

Invariant: as many frames as were given, at a constant rate; sound is cut to their length.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from av.packet import Packet

from farm.media.film import no_frames
from farm.media.picture import delivery_frame
from farm.media.planes import Picture, frame_of
from farm_finish.deliver.packets import encoded
from farm_finish.deliver.quality import add_video
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.params import EncodeParams
from farm_finish.sound import add_sound, sound_packets


def write_delivered(
    path: Path,
    pictures: Iterable[Picture],
    fps: Fraction,
    length: int,
    params: EncodeParams,
    sound: Path | None,
) -> int:
    """Write an MP4; the number of frames. length : frames, which decide where the sound ends.

    Raises
    ------
    InputError : there is no picture, or the sound cannot be decoded.
    """
    written = 0
    frames = (delivery_frame(frame_of(picture)) for picture in pictures)
    first = next(frames, None)
    if first is None:
        raise no_frames("video")
    with delivered(path, params.metadata, ticks(fps)[0]) as output:
        video = add_video(output, params, first, fps)
        packets: Iterator[Packet] = iter(())
        if sound is not None:
            track = add_sound(output, params.audio_kbps)
            packets = sound_packets(track, sound, "audio", length / fps, Fraction(0))
        interleaver = Interleaver(output, packets)
        frame = first
        while frame is not None:
            frame.pts, frame.time_base = written, 1 / fps
            for packet in encoded(video, frame):
                interleaver.mux(packet)
            written += 1
            frame = next(frames, None)
        for packet in encoded(video, None):
            interleaver.mux(packet)
        interleaver.close()
    return written
