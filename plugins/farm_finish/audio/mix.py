"""The stage ``audio.mix``: a film's own sound, voices, music and effects become one.

Invariant: the mix has exactly the length of the pictures it is for, and nothing in it clips: it is
written as floats, and mastering brings it to its level.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm import InputError, InputFile, Result, Task
from farm.media.sound import BLOCK, RATE, Sound, sound_blocks
from farm.media.sound_files import wav_file
from farm.media.source import opened
from farm_finish.audio.acoustics import HEARD_IN_IT, Acoustics, Settings, read_acoustics
from farm_finish.audio.ducking import Ducker
from farm_finish.audio.params import ROLES, MixParams, Role, TrackParams
from farm_finish.audio.pictures import picture_span
from farm_finish.audio.spool import Spool
from farm_finish.audio.tracks import Track, balance, cut, in_turn


def run(task: Task[MixParams]) -> Result:
    """Mix ``video``, ``voice``, ``music`` and ``effects`` to ``audio``: float WAV, 48 kHz, stereo.

    Raises
    ------
    InputError : nothing to mix, a file that cannot be read, or a track that is not there.
    """
    target: Path = task.output("audio", ".wav")
    acoustics = None
    for file in task.inputs.get("acoustics", ()):
        acoustics = read_acoustics(file.path)
    with ExitStack() as stack:
        tracks, length = _arranged(task, stack, acoustics)
        with wav_file(target) as out:
            for first, block in _mixed(task.params, tracks, length, acoustics):
                task.progress(length + first, 2 * length, f"mixing {first // RATE} s")
                out.write(block)
    task.progress(1, 1)
    return {"audio": target}


def _arranged(
    task: Task[MixParams], stack: ExitStack, acoustics: Acoustics | None
) -> tuple[list[Track], int]:
    """All tracks on their places, and the length of the mix in samples."""
    params = task.params
    span = None
    tracks: dict[Role, list[Track]] = {role: [] for role in ROLES}
    for file in task.inputs.get("video", ()):
        span = picture_span(file.path, "video")
    for role in ROLES:
        for index, file in enumerate(task.inputs.get(role, ())):
            start_s = span[0] if span is not None and role == "video" else None
            if role == "video" and not (params.video_sound and _has_sound(file)):
                continue
            label = role if role == "video" else f"{role} {index + 1}"
            sound = stack.enter_context(Spool(task.scratch / f"{role}-{index}.f32"))
            sound.fill(
                sound_blocks(file.path, label, start_s),
                lambda done, label=label: task.progress(0, 1, f"reading {label}, {done:.0f} s"),
            )
            settings = _settings(params, role, index)
            if acoustics is not None:
                settings = _placed_by(acoustics.mix, params, settings)
            tracks[role].append(_track(sound, role, settings, params))
    _check_settings(params, tracks)
    length = _length(params, span, tracks)
    tracks["music"] = _placed_music(params, tracks["music"], length)
    every = [track for role in ROLES for track in tracks[role]]
    if not every:
        raise InputError(
            "there is nothing to mix",
            where="audio.mix",
            expected="sound in at least one of " + ", ".join(ROLES),
            got="a video without sound" if span else "nothing",
            mend="Add music or a voice.",
            code="mix.nothing",
        )
    if length is None:
        length = max(track.end for track in every)
        if acoustics is not None and acoustics.space is not None and length > 0:
            length += _samples(acoustics.space.reverb_s)
    if length <= 0:
        raise InputError(
            "the mix would be empty",
            where="audio.mix",
            expected="a track that is heard after 0 s",
            mend="Mend the offsets of the tracks, or give a length.",
            code="mix.empty",
        )
    return every, length


def _mixed(
    params: MixParams, tracks: list[Track], length: int, acoustics: Acoustics | None = None
) -> Iterator[tuple[int, Sound]]:
    """Blocks of the mix with the sample each begins at."""
    ringing = acoustics.space.ringing() if acoustics is not None and acoustics.space else None
    roles = {track.role for track in tracks}
    under = roles & set(params.duck_under)
    ducked = roles & set(params.duck) - under
    ducker = Ducker(params) if under and ducked else None
    for first in range(0, length, BLOCK):
        shape = 2, min(BLOCK, length - first)
        plain, key, giving_way = (np.zeros(shape, np.float32) for _ in range(3))
        for track in tracks:
            if ducker is not None and track.role in ducked:
                track.add_to(giving_way, first)
            elif ducker is not None and track.role in under:
                track.add_to(key, first)
            else:
                track.add_to(plain, first)
        if ducker is not None:
            plain += key + giving_way * ducker.gains(key)
        if ringing is not None:
            there = np.zeros(shape, np.float32)
            for track in tracks:
                if track.role in HEARD_IN_IT:
                    track.add_to(there, first)
            # A room answers from all sides, wherever in it something sounds.
            plain += ringing.feed(np.broadcast_to(there.mean(axis=0), shape))
        yield first, plain


def _track(sound: Spool, role: Role, settings: TrackParams, params: MixParams) -> Track:
    start = _samples(settings.start_s)
    length = max(0, sound.samples - start)
    if settings.length_s is not None:
        length = min(length, _samples(settings.length_s))
    level = settings.gain_db + float(getattr(params, f"{role}_db"))
    return Track(
        sound,
        role,
        _samples(settings.offset_s or 0.0),
        start,
        length,
        balance(level, settings.pan),
        min(length, _samples(settings.fade_in_s)),
        min(length, _samples(settings.fade_out_s)),
    )


def _settings(params: MixParams, role: Role, index: int) -> TrackParams:
    """The last entry that is about this track."""
    found = TrackParams(of=role)
    for entry in params.tracks:
        if entry.of == role and entry.index in (None, index):
            found = entry
    return found


def _placed_by(shot: Settings, params: MixParams, settings: TrackParams) -> TrackParams:
    """A track's settings where a shot has it; what the parameters say of it counts for more."""
    gain_db = {"voice": shot.voice_db, "effects": shot.effects_db}.get(settings.of, 0.0)
    changes: dict[str, float] = {"gain_db": min(24.0, max(-96.0, settings.gain_db + gain_db))}
    for entry in shot.tracks:
        if entry.of == settings.of and not any(own.of == entry.of for own in params.tracks):
            changes["pan"] = entry.pan
    return settings.model_copy(update=changes)


def _check_settings(params: MixParams, tracks: dict[Role, list[Track]]) -> None:
    for number, entry in enumerate(params.tracks):
        have = len(tracks[entry.of])
        if entry.index is not None and entry.index >= have:
            raise InputError(
                "is about a track that is not there",
                where=f"tracks[{number}]",
                expected=f"an index below the number of files at {entry.of}, which is {have}",
                got=str(entry.index),
                mend="Give the file, or leave the entry out.",
                code="mix.no-such-track",
            )


def _placed_music(params: MixParams, music: list[Track], length: int | None) -> list[Track]:
    """Music that was given no place follows the music before it; all of it ends with the mix."""
    fixed = [
        track
        for index, track in enumerate(music)
        if _settings(params, "music", index).offset_s is not None
    ]
    heard = [track for track in music if track not in fixed and track.length]
    if params.music_loop and heard and sum(track.length for track in heard) < RATE:
        raise InputError(
            "is too short to be repeated",
            where="music",
            expected="at least 1 s of music",
            got=f"{sum(track.length for track in heard) / RATE:.3f} s",
            mend="Send longer music, or leave music_loop out.",
            code="mix.short-loop",
        )
    placed = in_turn(heard, _samples(params.crossfade_s), length if params.music_loop else None)
    if length is None:
        return fixed + placed
    fade = _samples(params.music_end_s)
    return [cut(track, length, fade) for track in fixed + placed if track.at < length]


def _length(
    params: MixParams, span: tuple[Fraction, Fraction] | None, tracks: dict[Role, list[Track]]
) -> int | None:
    if params.length_s is not None:
        return _samples(params.length_s)
    if span is not None:
        return round(span[1] * RATE)
    if params.music_loop:
        return max((track.end for role in ROLES if role != "music" for track in tracks[role]),
                   default=None)  # fmt: skip
    return None


def _samples(time_s: float) -> int:
    return round(Fraction(time_s) * RATE)


def _has_sound(file: InputFile) -> bool:
    with opened(file.path, "video") as container:
        return bool(container.streams.audio)
