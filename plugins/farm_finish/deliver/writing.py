"""A film written for delivery: pictures as they are encoded, and the sound that goes with them.

Invariant: as many pictures as were read, at a constant rate; the sound is cut to their length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import Task
from farm.media.film import no_frames
from farm_finish.deliver.packets import encoded
from farm_finish.deliver.reading import Upright
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.sound import add_sound, sound_packets


@dataclass(frozen=True, slots=True)
class SoundForm:
    """How sound is stored; ``kbps`` is that of AAC."""

    codec: Literal["aac", "pcm_s24le"]
    kbps: int = 192


def write_film(
    task: Task[Any],
    film: Upright,
    target: Path,
    add: Callable[..., VideoStream],
    sound: SoundForm,
    tags: Mapping[str, str],
    done_before: float = 0.0,
) -> int:
    """Write ``film`` to ``target`` (MP4 or MOV); returns the number of frames.

    add : ``add(output, first=frame)`` makes the track of pictures. Sound is that of the task's
    ``audio``, else that of its ``video``. done_before : share of the work that lies behind.

    Raises
    ------
    InputError : there is no picture, or something cannot be decoded.
    """
    written = 0
    first = next(film.frames, None)
    if first is None:
        raise no_frames("video")
    with delivered(target, tags, ticks(film.fps)[0]) as output:
        video = add(output, first=first)
        packets = film_sound(task, film, output, sound)
        interleaver = Interleaver(output, packets)
        frame: VideoFrame | None = first
        while frame is not None:
            total = max(film.total, written + 1)
            share = done_before + (1 - done_before) * written / total
            task.progress(share, 1, f"frame {written}")
            frame.pts, frame.time_base = written, 1 / film.fps
            for packet in encoded(video, frame):
                interleaver.mux(packet)
            written += 1
            frame = next(film.frames, None)
        for packet in encoded(video, None):
            interleaver.mux(packet)
        interleaver.close()
    return written


def film_sound(
    task: Task[Any], film: Upright, output: OutputContainer, form: SoundForm
) -> Iterator[Packet]:
    """A track of sound in ``output`` and its packets; none where there is no sound."""
    own = [file.path for file in task.inputs.get("audio", ())]
    if not own and not film.sound:
        return iter(())
    track = add_sound(output, form.kbps, form.codec)
    if own:
        return sound_packets(track, own[0], "audio", film.length_s, None)
    return sound_packets(track, task.input("video").path, "video", film.length_s, film.start_s)
