"""The stage ``timeline.sound``: all that is heard of a timeline, mixed at once.

Invariant: the mix is exactly as long as the pictures, a sound is heard at the sample its place in
the cut says, and every file is read once, whatever number of clips uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.resampler import AudioResampler

from farm import InputFile, Result, Task
from farm.media.sound import BLOCK, RATE, Sound, sound_parts
from farm.media.sound_files import audio_frame, wav_file
from farm_finish.audio.ducking import Ducker
from farm_finish.audio.params import MixParams
from farm_finish.audio.spool import Spool
from farm_finish.audio.tracks import Track, balance
from farm_finish.timeline.model import Heard, Source, Timeline
from farm_finish.timeline.params import SoundParams
from farm_finish.timeline.planning import read_plan


def run(task: Task[SoundParams]) -> Result:
    """Mix the sound of a bake to ``audio``; nothing where nothing is heard."""
    timeline = read_plan(task.input("plan").path).timeline
    if not timeline.heard:
        task.progress(1, 1, "nothing is heard")
        return {}
    target: Path = task.output("audio", ".wav")
    length = round(timeline.length / timeline.fps * RATE)
    with ExitStack() as stack:
        tracks = _tracks(task, timeline, stack)
        with wav_file(target) as out:
            for first, block in _mixed(timeline, tracks, length):
                task.progress(length + first, 2 * length, f"mixing {first // RATE} s")
                out.write(block)
    task.progress(1, 1)
    return {"audio": target}


def _tracks(task: Task[SoundParams], timeline: Timeline, stack: ExitStack) -> list[Track]:
    files = task.inputs.get("media", ())
    spools: dict[tuple[int, Fraction], Spool] = {}
    tracks = []
    for heard in timeline.heard:
        key = heard.source, heard.speed
        if key not in spools:
            source = timeline.sources[heard.source]
            spool = stack.enter_context(Spool(task.scratch / f"sound-{len(spools)}.f32"))

            def told(done: float, name: str = source.name) -> None:
                task.progress(0, 1, f"reading {name}, {done:.0f} s")

            spools[key] = spool.fill(_played(files[source.file], source, heard.speed), told)
        tracks.append(_track(heard, spools[key]))
    return tracks


def _track(heard: Heard, spool: Spool) -> Track:
    begin, end = _samples(heard.at_s), _samples(heard.at_s + heard.length_s)
    return Track(
        spool,
        heard.role,
        begin,
        _samples(heard.start_s / heard.speed),
        end - begin,
        balance(heard.gain_db, heard.pan),
        _samples(heard.fade_in_s),
        _samples(heard.fade_out_s),
    )


def _played(file: InputFile, source: Source, speed: Fraction) -> Iterator[Sound]:
    """A file's sound from its first picture on, played at ``speed``, its pitch moving with it."""
    start_s = source.start_s if source.kind == "film" else None
    parts = sound_parts(file.path, source.name, start_s)
    if speed == 1:
        yield from parts
        return
    resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
    at = 0
    for part in parts:
        frame = audio_frame(part, "fltp", at)
        at += part.shape[1]
        frame.pts, frame.sample_rate = None, round(RATE * speed)
        for played in resampler.resample(frame):
            yield played.to_ndarray()
    for played in resampler.resample(None):
        yield played.to_ndarray()


def _mixed(timeline: Timeline, tracks: list[Track], length: int) -> Iterator[tuple[int, Sound]]:
    """Blocks of the mix with the sample each begins at."""
    duck = timeline.ducking
    under = set(duck.under) if duck else set()
    ducked = set(duck.roles) - under if duck else set()
    ducker = None
    if duck:
        ducker = Ducker(
            MixParams(
                duck_threshold_db=duck.threshold_db,
                duck_ratio=duck.ratio,
                duck_most_db=duck.most_db,
                duck_attack_ms=duck.attack_ms,
                duck_release_ms=duck.release_ms,
            )
        )
    for first in range(0, length, BLOCK):
        shape = 2, min(BLOCK, length - first)
        plain, key, giving_way = (np.zeros(shape, np.float32) for _ in range(3))
        for track in tracks:
            into = giving_way if track.role in ducked else key if track.role in under else plain
            track.add_to(into, first)
        if ducker is not None:
            giving_way = giving_way * ducker.gains(key)
        yield first, plain + key + giving_way


def _samples(time_s: Fraction) -> int:
    return round(time_s * RATE)
