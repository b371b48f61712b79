"""What is heard of a document: audio tracks, and the sound that clips bring with them.

Invariant: a sound on a track lies within its media, and two of them are heard at once only where a
cross-fade says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from farm import InputError
from farm_finish.timeline.document import (
    AudioTrack,
    ClipSound,
    Crossfade,
    FromStart,
    Gap,
    SoundClip,
)
from farm_finish.timeline.model import Change, Heard, Shot
from farm_finish.timeline.moments import seconds_of
from farm_finish.timeline.ranges import Ruler, check_fades, lonely, overlap, speed_of


class SoundTracks:
    """Reads audio tracks."""

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler

    def read(self, track: AudioTrack, where: str) -> list[Heard]:
        """What is heard of an audio track."""
        heard: list[Heard] = []
        cursor, pending, touching = Fraction(0), None, False
        for index, item in enumerate(track.clips):
            place = f"{where}.clips[{index}]"
            if isinstance(item, Crossfade):
                pending = self._ruler.cut(item, pending, place)
                continue
            if isinstance(item, Gap):
                cursor += self._ruler.seconds(item.gap, f"{place}.gap")
                touching = False
                if pending:
                    raise lonely(pending.where)
                continue
            at = cursor if item.at is None else self._ruler.seconds(item.at, f"{place}.at")
            if at < cursor:
                raise overlap(place, cursor * self._ruler.fps, at * self._ruler.fps)
            made = self._sound(item, at, track, place)
            cursor = made.at_s + made.length_s - Fraction(item.offset_s)
            if pending:
                if not touching or at > heard[-1].at_s + heard[-1].length_s:
                    raise lonely(pending.where)
                before = pending.before / self._ruler.fps
                after = (pending.length - pending.before) / self._ruler.fps
                heard[-1] = self._stretched(heard[-1], 0, after, pending.where)
                made = self._stretched(made, before, 0, pending.where)
                total = before + after
                heard[-1] = replace(heard[-1], fade_out_s=total)
                made = replace(made, fade_in_s=total)
                pending = None
            heard.append(made)
            touching = True
        if pending:
            raise lonely(pending.where)
        return heard

    def _sound(self, clip: SoundClip, at: Fraction, track: AudioTrack, where: str) -> Heard:
        place = self._ruler.shelf.place(clip.media, where)
        source = self._ruler.shelf.found[place].source
        if not source.sound_s:
            raise InputError(
                "has no sound",
                where=where,
                expected="a film with sound, or a sound",
                got=source.name,
                mend="Choose other media for the audio track.",
                code="timeline.no-sound",
            )
        speed = speed_of(clip.speed, where)
        fps = self._ruler.fps
        if isinstance(clip.begin, FromStart):
            begin = seconds_of(clip.begin.from_start, fps, f"{where}.in")
        else:
            origin = self._ruler.origin(clip.media, source) / fps
            begin = seconds_of(clip.begin, fps, f"{where}.in") - origin
        if clip.length is not None:
            length = self._ruler.seconds(clip.length, f"{where}.length")
        elif clip.end is not None:
            end = seconds_of(clip.end, fps, f"{where}.out")
            length = (end - self._ruler.origin(clip.media, source) / fps - begin) / speed
        else:
            length = (source.sound_s - begin) / speed
        # Coded sound is counted in blocks, so its length is known to within one.
        slack = max(1 / fps, Fraction(1, 20))
        stop = begin + length * speed
        self._ruler.check_range(
            begin * fps, stop * fps, (source.sound_s + slack) * fps, source.name, where
        )
        fades = [
            self._ruler.seconds(value, f"{where}.{name}")
            for name, value in (("fade_in", clip.fade_in), ("fade_out", clip.fade_out))
        ]
        check_fades([fade * fps for fade in fades], length * fps, where)
        return Heard(
            place,
            track.role,
            at + Fraction(str(clip.offset_s)),
            begin,
            length,
            speed,
            clip.gain_db + track.gain_db,
            clip.pan,
            fades[0],
            fades[1],
        )

    def _stretched(
        self, heard: Heard, before: Fraction | int, after: Fraction | int, where: str
    ) -> Heard:
        grown = replace(
            heard,
            at_s=heard.at_s - before,
            start_s=heard.start_s - before * heard.speed,
            length_s=heard.length_s + before + after,
        )
        source = self._ruler.shelf.found[heard.source].source
        stop = grown.start_s + grown.length_s * grown.speed
        if grown.start_s < 0 or stop > source.sound_s + Fraction(1, 20):
            raise InputError(
                f"needs more of {source.name} than there is",
                where=where,
                expected="sound beyond the cut on both sides",
                got=f"{float(grown.start_s):.3f} to {float(stop):.3f} s of "
                f"{float(source.sound_s):.3f}",
                mend="Make the cross-fade shorter.",
                code="timeline.handles",
            )
        return grown


def own_sound(
    ruler: Ruler, shot: Shot, options: ClipSound, where: str, changes: Sequence[Change]
) -> Iterator[Heard]:
    source = ruler.shelf.found[shot.source].source
    if source.kind != "film" or not source.sound_s:
        return
    fps = ruler.fps
    lead, tail, fade_in, fade_out = (
        ruler.seconds(value, f"{where}.sound.{name}")
        for name, value in (
            ("lead", options.lead),
            ("tail", options.tail),
            ("fade_in", options.fade_in),
            ("fade_out", options.fade_out),
        )
    )
    rate = source.fps or fps
    speed = shot.step * fps / rate
    begin, length = shot.at / fps, shot.length / fps
    start = shot.first / rate
    for change in changes:
        if change.at == shot.at and not options.lead:
            fade_in = max(fade_in, change.length / fps)
        if change.end == shot.end and not options.tail:
            fade_out = max(fade_out, change.length / fps)
    begin, start, length = begin - lead, start - lead * speed, length + lead + tail
    if begin < 0 or start < 0:
        raise InputError(
            "its sound would begin before its media or the film",
            where=f"{where}.sound.lead",
            expected=f"at most {float(min(begin, start / speed) + lead) * float(fps):.0f} frames",
            got=f"{float(lead * fps):.0f}",
            mend="Make the lead shorter.",
            code="timeline.lead",
        )
    yield Heard(
        shot.source,
        options.role,
        begin + Fraction(str(options.offset_s)),
        start,
        length,
        speed,
        options.gain_db,
        options.pan,
        fade_in,
        fade_out,
    )
