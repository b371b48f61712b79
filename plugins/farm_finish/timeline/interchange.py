"""Cuts of editing programs in the farm's plain form, read by OpenTimelineIO's adapters.

Invariant: what the plain form cannot say is refused by its name. An adapter that drops a thing in
silence is not trusted with it: wipes of an EDL are read beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from farm import InputError, MissingExtra
from farm_finish.timeline.document import LARGEST, Document, parsed, validated
from farm_finish.timeline.edl import is_event, without_wipes
from farm_finish.timeline.moments import rate_of

_ADAPTERS = {
    "otio_json": "opentimelineio",
    "cmx_3600": "otio_cmx3600_adapter",
    "fcp_xml": "otio_fcp_adapter",
}
_DISSOLVES = {"cross dissolve", "dissolve", "smpte_dissolve", ""}
_CROSSFADES = _DISSOLVES | {"cross fade (0db)", "cross fade (+3db)", "constant power"}


def read_document(path: Path, fps: Fraction | None = None) -> Document:
    """The timeline in a file. fps : of an EDL, which does not say its own.

    Raises
    ------
    InputError : it is no timeline, or holds what is not made, by its name.
    MissingExtra : OpenTimelineIO or an adapter is not installed.
    """
    label = "timeline"
    if path.stat().st_size > LARGEST:
        raise InputError(
            "is too large for a timeline",
            where=label,
            expected=f"at most {LARGEST // 1_000_000} MB",
            got=f"{path.stat().st_size / 1e6:.0f} MB",
            mend="Cut it into parts.",
            code="timeline.too-large",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "is no text",
            where=label,
            expected="OpenTimelineIO, EDL, FCP XML, or the plain form",
            got="bytes that are no UTF-8",
            mend="Export the cut again.",
            code="timeline.unreadable",
        ) from error
    kind = _kind(text)
    if kind is None:
        return parsed(text, label)
    if kind == "cmx_3600":
        if fps is None:
            raise InputError(
                "does not say its frame rate",
                where=label,
                expected="`fps`, because an EDL has none",
                mend="Give the parameter fps, or send a film beside it.",
                code="timeline.no-rate",
            )
        readable, wipes = without_wipes(text, label)
        cut = _Cut(_read(readable, kind, label, rate=float(fps)), label, kind)
        cut.wipes = wipes
        return cut.document()
    return _Cut(_read(text, kind, label), label, kind).document()


def _kind(text: str) -> str | None:
    """Which adapter reads it; ``None`` for the plain form."""
    head = text.lstrip()[:4000]
    if "OTIO_SCHEMA" in head:
        return "otio_json"
    if head.startswith("<"):
        return "fcp_xml"
    if head.startswith("TITLE:") or any(is_event(line) for line in head.splitlines()):
        return "cmx_3600"
    return None


def _read(text: str, kind: str, label: str, **options: Any) -> Any:
    for module in ("opentimelineio", _ADAPTERS[kind]):
        if find_spec(module) is None:
            raise MissingExtra(
                "this kind of timeline needs OpenTimelineIO",
                where=label,
                expected=f"the package {module.replace('_', '-')}",
                mend="Install it: pip install 'farm[timeline]'.",
                code="timeline.extra",
            )
    import opentimelineio

    try:
        return opentimelineio.adapters.read_from_string(text, kind, **options)
    except Exception as error:  # Adapters raise whatever they stumble over.
        raise InputError(
            "cannot be read",
            where=label,
            expected={"cmx_3600": "a CMX 3600 EDL", "fcp_xml": "FCP 7 XML"}.get(kind, "OTIO JSON"),
            got=" ".join(f"{type(error).__name__}: {error}".split())[:200],
            mend="Export the cut again.",
            code="timeline.unreadable",
        ) from error


class _Cut:
    """Turns what an adapter read into the plain form."""

    def __init__(self, cut: Any, label: str, kind: str) -> None:
        import opentimelineio

        self._schema = opentimelineio.schema
        self._label, self._kind = label, kind
        if not isinstance(cut, self._schema.Timeline):
            timelines = [one for one in cut if isinstance(one, self._schema.Timeline)]
            if len(timelines) != 1:
                raise self._not_made(
                    label, "one timeline", f"{type(cut).__name__} with {len(timelines)}"
                )
            (cut,) = timelines
        self._timeline = cut
        self._fps = self._rate()
        self.wipes: list[str | None] = []

    def document(self) -> Document:
        """The plain form."""
        video, audio = [], []
        for number, track in enumerate(self._timeline.tracks):
            where = f"{self._label}: {track.name or track.kind} (track {number + 1})"
            if not isinstance(track, self._schema.Track):
                raise self._not_made(where, "a track", type(track).__name__)
            self._no_effects(track, where)
            if not track.enabled:
                continue
            items = list(self._items(track, where))
            if track.kind == "Video":
                video.append({"name": track.name, "clips": items})
            elif track.kind == "Audio":
                # Each channel of a stereo sound has a track in these forms; it is heard once.
                entry = {"name": track.name, "clips": items}
                channels = self._kind != "otio_json"
                if not (channels and any(known["clips"] == items for known in audio)):
                    audio.append(entry)
            else:
                raise self._not_made(where, "a video or audio track", track.kind)
        fields: dict[str, Any] = {
            "farm_timeline": 1,
            "fps": str(self._fps),
            "source_times": "timecode",
            "sound": False,
            "video": video,
            "audio": audio,
        }
        return validated(fields, self._label)

    def _items(self, track: Any, where: str) -> Iterator[dict[str, Any]]:
        video = track.kind == "Video"
        changes = 0
        for number, item in enumerate(track):
            place = f"{where}, item {number + 1}"
            if isinstance(item, self._schema.Transition):
                wipe = self.wipes[changes] if video and changes < len(self.wipes) else None
                changes += 1
                yield self._transition(item, video, wipe, place)
            elif isinstance(item, self._schema.Gap):
                if item.duration().value > 0:
                    yield {"gap": self._time(item.duration())}
            elif isinstance(item, self._schema.Clip):
                yield self._clip(item, video, place)
            else:
                raise self._not_made(place, "a clip, a gap or a transition", _named(item))

    def _clip(self, clip: Any, video: bool, where: str) -> dict[str, Any]:
        where = f"{where} ({clip.name})" if clip.name else where
        shown = clip.trimmed_range()
        if shown.duration.value < 0:
            raise InputError(
                "is negative",
                where=where,
                expected="a length of at least one frame",
                got=f"{shown.duration.value:g} frames",
                mend="Export the cut again.",
                code="timeline.bad-length",
            )
        length = self._time(shown.duration)
        settings = clip.metadata.get("fcp_xml", {})
        if not clip.enabled or str(settings.get("enabled", "TRUE")).upper() == "FALSE":
            return {"gap": length}
        reference = clip.media_reference
        if isinstance(reference, self._schema.GeneratorReference):
            if reference.generator_kind.lower() in ("black", "slug"):
                return {"gap": length}
            raise self._not_made(where, "media", f"the generator {reference.generator_kind}")
        if isinstance(reference, self._schema.ImageSequenceReference):
            raise self._not_made(where, "a film or a still", "a sequence of pictures")
        name = getattr(reference, "target_url", "") or clip.name
        if not name:
            raise self._not_made(where, "a name of its media", "none")
        if name.upper() in ("BL", "BLACK"):
            return {"gap": length}
        begin = shown.start_time
        fields: dict[str, Any] = {"media": name, "length": length}
        if reference.available_range is not None:
            begin = begin - reference.available_range.start_time
            # Counted from the first picture, whatever time code that has.
            fields["in"] = {"from_start": self._time(begin)}
        else:
            fields["in"] = self._time(begin)
        for effect in clip.effects:
            fields |= self._effect(effect, video, where)
        return fields

    def _effect(self, effect: Any, video: bool, where: str) -> dict[str, Any]:
        schema = self._schema
        if isinstance(effect, schema.FreezeFrame):
            raise self._not_made(where, "an effect that is made", "a freeze frame")
        if isinstance(effect, schema.LinearTimeWarp):
            return {"speed": str(Fraction(effect.time_scalar).limit_denominator(10_000))}
        settings = effect.metadata.get("fcp_xml", {})
        name = str(settings.get("effectid", "") or effect.effect_name or effect.name).lower()
        values = _parameters(settings)
        if values is not None:
            if name == "audiolevels" and not video:
                level = values.get("level", 1.0)
                return {"gain_db": round(20 * math.log10(max(level, 1e-4)), 3)}
            if name == "basic" and video and not values.get("rotation"):
                if {"center", "centerOffset"} & values.keys():
                    raise self._not_made(where, "an effect that is made", "a moved centre")
                return {"scale": values.get("scale", 100.0) / 100}
            if name == "opacity" and video:
                return {"opacity": values.get("opacity", 100.0) / 100}
            if name == "timeremap" and not values.get("variablespeed"):
                speed = values.get("speed", 100.0) / 100
                turned = values.get("reverse", 0) and speed > 0
                return {
                    "speed": str(Fraction(-speed if turned else speed).limit_denominator(10_000))
                }
        raise self._not_made(where, "an effect that is made", _named(effect))

    def _transition(self, item: Any, video: bool, wipe: str | None, where: str) -> dict[str, Any]:
        before = item.in_offset
        fields = {"before": self._time(before)}
        length = self._time(before + item.out_offset)
        if wipe:
            return {"wipe": length, "direction": wipe, **fields}
        name = item.name.lower() if self._kind == "fcp_xml" else ""
        known = name in (_DISSOLVES if video else _CROSSFADES)
        if item.transition_type != "SMPTE_Dissolve" or not known:
            raise self._not_made(
                where, "a dissolve", item.name if not known else item.transition_type
            )
        return {"dissolve" if video else "crossfade": length, **fields}

    def _no_effects(self, item: Any, where: str) -> None:
        for effect in item.effects:
            raise self._not_made(where, "a track without effects", _named(effect))

    def _rate(self) -> Fraction:
        """The rate of the timeline, else of its first video clip."""
        start = self._timeline.global_start_time
        if start is not None and start.rate > 1:
            return rate_of(start.rate, f"{self._label}: global_start_time")
        tracks = sorted(self._timeline.tracks, key=lambda track: track.kind != "Video")
        for track in tracks:
            for clip in track.find_clips():
                return rate_of(clip.trimmed_range().duration.rate, f"{self._label}: {clip.name}")
        return Fraction(25)

    def _time(self, time: Any) -> int | str:
        """A time of the adapter, exactly: in frames where it falls on one, else in seconds."""
        value = Fraction(time.value).limit_denominator(1_000_000)
        if time.rate > 240:
            seconds = value / Fraction(time.rate).limit_denominator(1001)
        else:
            seconds = value / rate_of(time.rate, self._label)
        frames = seconds * self._fps
        if frames.denominator == 1:
            return int(frames)
        return f"{seconds.numerator}/{seconds.denominator}s"

    def _not_made(self, where: str, expected: str, got: str) -> InputError:
        return InputError(
            "holds what is not made",
            where=where,
            expected=expected,
            got=got or "one without a name",
            mend="Take it out, or render it into the media first.",
            code="timeline.unknown-effect",
        )


def _parameters(settings: Any) -> dict[str, float] | None:
    """Constant parameters of an FCP effect by their id; ``None`` if one moves or is no number."""
    given = settings.get("parameter", [])
    values: dict[str, float] = {}
    for parameter in given if hasattr(given, "append") else [given]:
        if "keyframe" in parameter:
            return None
        value = parameter.get("value", "")
        name = str(parameter.get("parameterid", ""))
        if hasattr(value, "keys"):
            moved = any(float(part or 0) for part in dict(value).values())
            if moved:
                values[name] = 1.0
            continue
        text = str(value).upper()
        try:
            number = {"TRUE": 1.0, "FALSE": 0.0}.get(text)
            values[name] = float(text) if number is None else number
        except ValueError:
            return None
    return values


def _named(item: Any) -> str:
    name = getattr(item, "effect_name", "") or item.name
    kind = type(item).__name__
    return f"{kind} {name}".strip() if name != kind else kind
