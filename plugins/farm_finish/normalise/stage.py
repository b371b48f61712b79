"""The stage ``media.normalise``: survey, look, pictures, sound, report.

Invariant: picture and sound of the result are equally long to the sample, and every change that
was made on the way is in the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import FarmError, InputError, Result, Task
from farm.media.source import opened
from farm_finish.normalise.decoded import Damage, pictures
from farm_finish.normalise.geometry import planned
from farm_finish.normalise.look import Look, first_look
from farm_finish.normalise.params import NormaliseParams, parsed_rate
from farm_finish.normalise.picture_line import PictureLine
from farm_finish.normalise.report import Done, report
from farm_finish.normalise.soundtrack import UNEVEN_S, Heard, drift_s, silence, soundtrack
from farm_finish.normalise.survey import Survey, picture_stream, sound_stream, surveyed
from farm_finish.normalise.target import fields_of, target_format
from farm_finish.normalise.timing import Pace, found_pace, nearest_slot, paced
from farm_finish.normalise.tonemap import ToneMap, tone_map
from farm_finish.normalise.written import RATE, write_audio, write_video

_LABEL = "media"
_SOUND_EVERY = 50
DEFAULT_HDR_NITS = 1000.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where the film begins (seconds of the source), its rate and its number of frames."""

    origin_s: Fraction
    pace: Pace
    fps: Fraction
    total: int


def run(task: Task[NormaliseParams]) -> Result:
    """Write ``video`` and ``audio``, whichever there is, and ``report``."""
    path, params = task.input("media").path, task.params
    done = begun(task, path, params)
    result: dict[str, Path] = {}
    if done.survey.video is not None:
        result["video"] = _video(task, path, done)
    if done.survey.audio is not None or (params.silence and done.timeline is not None):
        target: Path = task.output("audio", ".flac")
        if sounded(task, path, done, params, target):
            result["audio"] = target
    if not result:
        raise InputError(
            "holds no sound that can be decoded",
            where=_LABEL,
            mend="Send a file with at least one picture or sample.",
            code="media.empty",
        )
    written = reported(task, done, params)
    task.progress(1, 1)
    return {**result, "report": written}


def begun(task: Task[Any], path: Path, params: NormaliseParams) -> Done:
    """A survey of the file at ``path``. Raises InputError for one that is cut off, unless kept."""
    task.progress(0, 1, "survey")
    survey = surveyed(path, _LABEL, task.checkpoint)
    damage = Damage(keep=params.damaged == "keep")
    if survey.short and not damage.keep:
        raise InputError(
            "ends before its header says",
            where=_LABEL,
            expected=survey.short.partition(" of ")[2],
            got=survey.short.partition(" of ")[0],
            mend='Send it again, or set damaged to "keep" to use what is there.',
            code="media.truncated",
        )
    return Done(survey=survey, damage=damage)


def laid_out(path: Path, done: Done, params: NormaliseParams) -> tuple[PictureLine, Timeline]:
    """The way of the pictures and their timeline; ``done`` learns of both.

    Raises
    ------
    InputError : no picture can be decoded, or there is too long a hole between two.
    """
    look = _looked_at(path, done.survey, params)
    timeline = timeline_of(done.survey, look, params)
    geometry = planned(look.width, look.height, look.aspect, look.turns, look.mirrored, params)
    form, fields = target_format(look, params), fields_of(look, params)
    done.look, done.timeline = look, timeline
    done.geometry, done.form, done.fields = geometry, form, fields
    line = PictureLine(look, geometry, form, fields, _tone(look, params), params)
    return line, timeline


@contextmanager
def pictured(path: Path, done: Done, line: PictureLine) -> Iterator[Iterator[VideoFrame]]:
    """The normalised pictures, one for each slot of the timeline."""
    timeline = done.timeline
    assert timeline is not None  # It was laid out.
    with opened(path, _LABEL) as container:
        stream = picture_stream(container)
        assert stream is not None  # The survey found it.
        done.container = container.format.name
        survey = done.survey
        decoded = pictures(container, stream, _LABEL, survey.told_fps, done.damage, survey.begins_s)
        yield paced(
            _through(line, decoded), timeline.origin_s, timeline.fps, timeline.total, done.paced
        )
        done.changed_shape = line.changed_shape


def reported(task: Task[Any], done: Done, params: NormaliseParams) -> Path:
    """Write what was changed to ``report``."""
    written: Path = task.output("report", ".json")
    text = json.dumps(report(done, params), indent=2, sort_keys=True, ensure_ascii=False)
    written.write_text(text + "\n", encoding="utf-8")
    return written


def _video(task: Task[NormaliseParams], path: Path, done: Done) -> Path:
    line, timeline = laid_out(path, done, task.params)
    target: Path = task.output("video", ".mkv")
    with pictured(path, done, line) as slots:
        count = write_video(target, _told(task, slots, timeline.total), timeline.fps)
    if count != timeline.total:
        raise FarmError(
            "the normalised film has the wrong length",
            where=_LABEL,
            expected=f"{timeline.total} frames",
            got=f"{count}",
            code="normalise.length",
        )
    return target


def _looked_at(path: Path, survey: Survey, params: NormaliseParams) -> Look:
    """A look at the first pictures; its decoder and their memory are gone afterwards."""
    with opened(path, _LABEL) as container:
        stream = picture_stream(container)
        assert stream is not None  # The survey found it.
        kept = Damage(keep=True)
        frames = pictures(container, stream, _LABEL, survey.told_fps, kept, survey.begins_s)
        look = first_look(frames, stream, params.deinterlace != "off")
    if look is None:
        raise InputError(
            "has no picture that can be decoded",
            where=_LABEL,
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    return look


def timeline_of(survey: Survey, look: Look, params: NormaliseParams) -> Timeline:
    """The result's timeline.

    Raises
    ------
    InputError : a hole between two pictures that is longer than ``longest_gap_s``.
    """
    wanted = parsed_rate(params.fps)
    tick = survey.tick_s
    moments = survey.moments[survey.moments * float(tick) > float(look.first_s) - float(tick) / 2]
    if len(moments) < survey.untimed:
        pace = Pace(survey.told_fps, True)
        origin, length = look.first_s, survey.untimed / pace.fps
        count = survey.untimed
    else:
        pace = found_pace(
            (moments - moments[:1]).astype(np.float64) * float(tick), float(tick), survey.told
        )
        origin, count = look.first_s, max(1, len(moments))
        length = count / pace.fps
        if not pace.steady:
            _check_gaps(moments, tick, params.longest_gap_s)
            last = survey.last_ticks or int(np.median(np.diff(moments)))
            length = (int(moments[-1] - moments[0]) + last) * tick
    fps = wanted or pace.fps
    if count == 1 and survey.sound_s is None and params.still_s:
        length = Fraction(params.still_s).limit_denominator(1000)
    if params.span == "all" and survey.sound_s is not None:
        ends = max(origin + length, survey.sound_s[1])
        origin = min(origin, survey.sound_s[0])
        return Timeline(origin, pace, fps, max(1, ceil((ends - origin) * fps - Fraction(1, 100))))
    return Timeline(origin, pace, fps, max(1, nearest_slot(length, fps)))


def _check_gaps(moments: NDArray[np.int64], tick: Fraction, longest_s: float) -> None:
    widest = int(np.argmax(np.diff(moments)))
    gap = float(int(moments[widest + 1] - moments[widest]) * tick)
    if gap > longest_s:
        at = float(int(moments[widest] - moments[0]) * tick)
        raise InputError(
            f"has a hole in its time stamps after {at:.3f} s",
            where=_LABEL,
            expected=f"at most {longest_s:g} s between two pictures",
            got=f"{gap:.3f} s",
            mend="Remux it, or raise longest_gap_s to have the last picture held so long.",
            code="timeline.gap",
        )


def _tone(look: Look, params: NormaliseParams) -> ToneMap | None:
    if look.gamut == "bt709":
        return None
    peak = float(params.hdr_peak_nits) or look.peak_nits or DEFAULT_HDR_NITS
    return tone_map(look.transfer, look.gamut, peak, float(params.sdr_peak_nits))


def _through(
    line: PictureLine, frames: Iterator[tuple[Fraction, VideoFrame]]
) -> Iterator[tuple[Fraction, VideoFrame]]:
    for moment, frame in frames:
        yield from line.push(moment, frame)
    yield from line.flush()


def _told(
    task: Task[NormaliseParams], frames: Iterator[VideoFrame], total: int
) -> Iterator[VideoFrame]:
    for index, frame in enumerate(frames):
        task.progress(index, total * 21 / 20, f"frame {index}")
        yield frame


def sounded(task: Task[Any], path: Path, done: Done, params: NormaliseParams, target: Path) -> bool:
    """Write the sound; whether there was any."""
    timeline, survey = done.timeline, done.survey
    length = None if timeline is None else round(timeline.total / timeline.fps * RATE)
    origin = None if timeline is None else timeline.origin_s
    if survey.audio is None:
        done.silent = True
        done.samples = write_audio(target, silence(length or 0))
        return True
    with opened(path, _LABEL) as container:
        stream = sound_stream(container)
        assert stream is not None  # The survey found it.
        done.heard = Heard(drift_s=drift_s(container, stream, task.checkpoint))
    with opened(path, _LABEL) as container:
        done.container = container.format.name
        stream = sound_stream(container)
        assert stream is not None  # The survey found it.
        parts = soundtrack(
            container,
            stream,
            _LABEL,
            origin,
            length,
            done.damage,
            done.heard,
            task.checkpoint,
            uneven=done.heard.drift_s > UNEVEN_S,
        )
        if length is None:
            first = next(parts, None)
            if first is None:
                return False
            parts = chain([first], parts)
        done.samples = write_audio(target, parts)
    return done.heard.decoded > 0 or params.silence
