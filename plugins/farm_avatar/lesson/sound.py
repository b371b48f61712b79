"""The stage ``lesson.sound``: the film's sound, coded once, while its pictures are still drawn.

Invariant: it is coded as one piece, because AAC that was coded in pieces shifts at every seam; the
bytes depend on the samples alone.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import Flags

from farm import Result, Task
from farm.media.sound import RATE, blocks, sound_parts
from farm_avatar.lesson.params import SoundParams

_AAC_FRAME = 1024


def run(task: Task[SoundParams]) -> Result:
    """Code ``audio`` as AAC, 48 kHz, stereo. Raises InputError."""
    target: Path = task.output("audio", ".m4a")
    given = task.input("audio")
    total = (given.facts.duration_s or 0.0) + 1.0
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(target), "w", format="mp4", options=options) as out:
        stream = out.add_stream("aac", rate=RATE, layout="stereo")
        stream.bit_rate = task.params.audio_kbps * 1000
        stream.codec_context.thread_count = 1
        stream.codec_context.flags |= Flags.bitexact
        at = 0
        for block in blocks(sound_parts(given.path, "audio"), _AAC_FRAME):
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(block), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            out.mux(stream.encode(frame))
            at += block.shape[1]
            if at // _AAC_FRAME % 64 == 0:
                task.progress(min(at / RATE, total), total, f"{at // RATE} s")
        out.mux(stream.encode(None))
    task.progress(1, 1)
    return {"audio": target}
