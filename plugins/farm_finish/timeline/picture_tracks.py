"""Video tracks of a document: clips, gaps, titles, and the changes between them.

Invariant: items of a track follow one another, and only a change lets two of them be seen at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from farm import InputError
from farm_finish.timeline.document import (
    Clip,
    ClipSound,
    Dissolve,
    Gap,
    Text,
    VideoTrack,
    Wipe,
)
from farm_finish.timeline.model import Change, Heard, Layer, Shot, Title
from farm_finish.timeline.moments import frames_of, on_grid
from farm_finish.timeline.ranges import Cut, Ruler, check_fades, lonely, overlap, speed_of
from farm_finish.timeline.sound_tracks import own_sound


class PictureTracks:
    """Reads video tracks."""

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler

    def read(self, track: VideoTrack, where: str) -> tuple[Layer, list[Heard]]:
        """A layer, and the sound of its clips."""
        items: list[Shot | Title] = []
        sounds: list[tuple[Shot, ClipSound, str]] = []
        changes: list[Change] = []
        cursor, pending, touching = 0, None, False
        for index, item in enumerate(track.clips):
            place = f"{where}.clips[{index}]"
            if isinstance(item, Dissolve | Wipe):
                pending = self._ruler.cut(item, pending, place)
                continue
            if isinstance(item, Gap):
                if pending:
                    self._end_with(pending, items, changes, cursor, touching)
                cursor += self._ruler.length(item.gap, f"{place}.gap")
                pending, touching = None, False
                continue
            at = cursor if item.at is None else frames_of(item.at, self._ruler.fps, f"{place}.at")
            if at < cursor:
                raise overlap(place, cursor, at)
            made: Shot | Title
            if isinstance(item, Clip):
                made = self._shot(item, at, place)
            else:
                made = self._title(item, at, place)
            cursor = made.end
            if pending:
                made = self._begin_with(pending, items, changes, made, touching)
            items.append(made)
            pending, touching = None, True
            heard = self._ruler.document.sound and isinstance(item, Clip) and item.sound
            if heard and isinstance(made, Shot):
                sounds.append((made, heard if isinstance(heard, ClipSound) else ClipSound(), place))
        if pending:
            self._end_with(pending, items, changes, cursor, touching)
        self._check_changes(items, changes, where)
        layer = Layer(tuple(items), tuple(changes))
        heard = [sound for one in sounds for sound in own_sound(self._ruler, *one, changes)]
        return layer, heard

    def _shot(self, clip: Clip, at: int, where: str) -> Shot:
        place = self._ruler.shelf.place(clip.media, where)
        surveyed = self._ruler.shelf.found[place]
        source = surveyed.source
        if source.kind == "sound":
            raise InputError(
                "has no pictures",
                where=where,
                expected="a film or a still on a video track",
                got=f"the sound {source.name}",
                mend="Put it on an audio track.",
                code="timeline.no-pictures",
            )
        if surveyed.refused is not None:
            raise surveyed.refused
        speed = speed_of(clip.speed, where)
        if source.kind == "still":
            if clip.length is None:
                raise InputError(
                    "does not say how long it stands",
                    where=where,
                    expected="`length` of a still",
                    mend="Write its length.",
                    code="timeline.no-length",
                )
            length = self._ruler.length(clip.length, f"{where}.length")
            return self._placed(Shot(at, length, place, Fraction(0), Fraction(0)), clip, where)
        rate = source.fps or self._ruler.fps
        if rate != self._ruler.fps and not self._ruler.convert:
            raise InputError(
                "has another frame rate than the timeline",
                where=where,
                expected=f"{self._ruler.fps} frames per second",
                got=f"{rate} ({source.name})",
                mend="Bring it to that rate (smooth, media.normalise), or ask for rates: convert.",
                code="timeline.wrong-rate",
            )
        step = speed * rate / self._ruler.fps
        begin = self._ruler.source_time(clip.begin, clip.media, source, f"{where}.in")
        whole = self._ruler.whole(source)
        length = self._clip_frames(clip, begin, whole, speed, where)
        first = begin * rate / self._ruler.fps
        self._ruler.check_range(begin, begin + length * speed, whole, source.name, where)
        return self._placed(Shot(at, length, place, first, step), clip, where)

    def _placed(self, shot: Shot, clip: Clip, where: str) -> Shot:
        fades = [
            frames_of(value, self._ruler.fps, f"{where}.{name}")
            for name, value in (("fade_in", clip.fade_in), ("fade_out", clip.fade_out))
        ]
        check_fades(fades, shot.length, where)
        return replace(
            shot,
            opacity=clip.opacity,
            scale=clip.scale,
            x=clip.position[0],
            y=clip.position[1],
            fit=clip.fit,
            fade_in=fades[0],
            fade_out=fades[1],
        )

    def _title(self, text: Text, at: int, where: str) -> Title:
        length = self._ruler.length(text.length, f"{where}.length")
        fades = [
            frames_of(value, self._ruler.fps, f"{where}.{name}")
            for name, value in (("fade_in", text.fade_in), ("fade_out", text.fade_out))
        ]
        check_fades(fades, length, where)
        return Title(
            at,
            length,
            text.title,
            text.size,
            text.colour,
            text.place,
            text.plate,
            text.opacity,
            fades[0],
            fades[1],
        )

    def _clip_frames(
        self, clip: Clip, begin: Fraction, whole: Fraction, speed: Fraction, where: str
    ) -> int:
        if clip.length is not None:
            if clip.end is not None:
                raise InputError(
                    "says its length twice",
                    where=where,
                    expected="`out` or `length`",
                    got="both",
                    mend="Take one of them out.",
                    code="timeline.twice",
                )
            return self._ruler.length(clip.length, f"{where}.length")
        source = self._ruler.shelf.found[self._ruler.shelf.place(clip.media, where)].source
        end = whole
        if clip.end is not None:
            end = self._ruler.source_time(clip.end, clip.media, source, f"{where}.out")
            self._ruler.check_range(begin, end, whole, source.name, where)
        elif speed != 1 or whole.denominator != 1:
            # To the end of the media: as many frames of the film as there are pictures for.
            return int((whole - begin) / speed)
        return on_grid((end - begin) / speed, self._ruler.fps, where)

    def _change(self, cut: Cut, at: int) -> Change:
        item = cut.item
        if isinstance(item, Wipe):
            return Change(at, cut.length, "wipe", item.direction, item.softness)
        return Change(at, cut.length, "dissolve")

    def _end_with(
        self, cut: Cut, items: list[Shot | Title], changes: list[Change], at: int, touching: bool
    ) -> None:
        """Let the last item go on beyond its cut at ``at``, into nothing or into the next."""
        if not touching:
            raise lonely(cut.where)
        changes.append(self._change(cut, at - cut.before))
        grown = replace(items[-1], length=items[-1].length + cut.length - cut.before)
        self._check_handle(grown, cut)
        items[-1] = grown

    def _begin_with(
        self,
        cut: Cut,
        items: list[Shot | Title],
        changes: list[Change],
        made: Shot | Title,
        touching: bool,
    ) -> Shot | Title:
        """The item with the part of it that is seen before its cut."""
        if touching and items[-1].end == made.at:
            self._end_with(cut, items, changes, made.at, touching)
        elif touching:
            raise lonely(cut.where)
        else:
            if cut.item.before is None:
                cut = replace(cut, before=0)  # Nothing is dissolved from: it begins at the cut.
            changes.append(self._change(cut, made.at - cut.before))
        grown = replace(made, at=made.at - cut.before, length=made.length + cut.before)
        if isinstance(grown, Shot):
            grown = replace(grown, first=grown.first - cut.before * grown.step)
        self._check_handle(grown, cut)
        return grown

    def _check_handle(self, item: Shot | Title, cut: Cut) -> None:
        if item.at < 0:
            raise lonely(cut.where)
        if not isinstance(item, Shot):
            return
        source = self._ruler.shelf.found[item.source].source
        if source.kind == "film" and (
            item.first < 0 or item.picture(item.end - 1) >= source.frames
        ):
            raise InputError(
                f"needs more of {source.name} than there is",
                where=cut.where,
                expected="media beyond the cut on both sides, for as long as it takes",
                got=f"pictures {float(item.first):.0f} to {item.picture(item.end - 1)} of "
                f"{source.frames}",
                mend="Make it shorter, move it with `before`, or trim the clips.",
                code="timeline.handles",
            )

    def _check_changes(
        self, items: Sequence[Shot | Title], changes: Sequence[Change], where: str
    ) -> None:
        ordered = sorted(changes, key=lambda change: change.at)
        for one, two in pairwise(ordered):
            if two.at < one.end:
                raise InputError(
                    "two changes overlap",
                    where=where,
                    expected="a clip that is longer than the changes at its ends",
                    got=f"one until frame {one.end}, the next from frame {two.at}",
                    mend="Make them shorter, or the clip between them longer.",
                    code="timeline.changes-overlap",
                )
        for one, two in pairwise(items):
            if one.end > two.at and not any(
                change.at == two.at and change.end == one.end for change in changes
            ):
                raise overlap(where, one.end, two.at)
