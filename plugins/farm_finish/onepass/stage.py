"""The stage ``video.finish``: normalised, enlarged, smoothed, graded and encoded in one pass.

Invariant: the film has the frames that its steps would have given one by one, at a constant rate;
nothing is written between them, so neither disk nor memory depends on its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.packet import Packet
from av.video.frame import VideoFrame

from farm import FarmError, InputError, Result, Task
from farm.media.film import no_frames
from farm_finish.deliver.packets import encoded
from farm_finish.deliver.quality import add_video
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.normalise.stage import begun, laid_out, pictured, reported, sounded
from farm_finish.onepass.chain import encodable, fed
from farm_finish.onepass.params import FinishParams
from farm_finish.sound import add_sound, sound_packets


def run(task: Task[FinishParams]) -> Result:
    """Write ``video`` with the sound at ``audio``, else its own, and ``report``."""
    path, params = task.input("video").path, task.params
    normalising = params.normalising
    target: Path = task.output("video", ".mp4")
    done = begun(task, path, normalising)
    if done.survey.video is None:
        raise InputError(
            "has no pictures",
            where="video",
            expected="a video stream",
            mend="Send a video file.",
            code="media.no-video",
        )
    line, timeline = laid_out(path, done, normalising)
    given = [file.path for file in task.inputs.get("audio", ())]
    sound = given[0] if given else None
    if sound is None and (done.survey.audio is not None or params.silence):
        own: Path = task.scratch / "sound.flac"
        sound = own if sounded(task, path, done, normalising, own) else None
    with pictured(path, done, line) as slots:
        frames, fps, total = fed(slots, timeline.fps, timeline.total, params.steps, task.seed)
        ready = _told(task, encodable(frames, params.encoding), total)
        written = _write(target, ready, fps, total, params, sound)
    if written != total:
        raise FarmError(
            "the finished film has the wrong length",
            where=target.name,
            expected=f"{total} frames",
            got=f"{written}",
            code="finish.length",
        )
    report = reported(task, done, normalising)
    task.progress(1, 1)
    return {"video": target, "report": report}


def _write(
    target: Path,
    frames: Iterator[VideoFrame],
    fps: Fraction,
    total: int,
    params: FinishParams,
    sound: Path | None,
) -> int:
    """Write the MP4; the number of frames."""
    written = 0
    with delivered(target, params.metadata, ticks(fps)[0]) as output:
        interleaver: Interleaver | None = None
        for frame in frames:
            if interleaver is None:
                video = add_video(output, params.encoding, frame, fps)
                packets: Iterator[Packet] = iter(())
                if sound is not None:
                    track = add_sound(output, params.audio_kbps)
                    packets = sound_packets(track, sound, "audio", total / fps, None)
                interleaver = Interleaver(output, packets)
            frame.pts, frame.time_base = written, 1 / fps
            for packet in encoded(video, frame):
                interleaver.mux(packet)
            written += 1
        if interleaver is None:
            raise no_frames("video")
        for packet in encoded(video, None):
            interleaver.mux(packet)
        interleaver.close()
    return written


def _told(
    task: Task[FinishParams], frames: Iterator[VideoFrame], total: int
) -> Iterator[VideoFrame]:
    for index, frame in enumerate(frames):
        task.progress(index, total * 21 / 20, f"frame {index}")
        yield frame
