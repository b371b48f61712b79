"""A document and its media as a :class:`Timeline`.

Invariant: everything that is wrong with a cut is found here and named with its place in the
document; nothing is moved, shortened or dropped to make it fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from farm import InputError
from farm_finish.timeline.document import Clip, Document
from farm_finish.timeline.model import Ducking, Source, Timeline
from farm_finish.timeline.moments import rate_of
from farm_finish.timeline.picture_tracks import PictureTracks
from farm_finish.timeline.ranges import Ruler
from farm_finish.timeline.shelf import Shelf
from farm_finish.timeline.sound_tracks import SoundTracks

LONGEST_S = 6 * 3600
MOST_PIXELS = 8192


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the job says over the document; ``None``: what the document says."""

    fps: str | None = None
    size: str | None = None
    convert: bool = False


def arranged(document: Document, shelf: Shelf, wanted: Wanted) -> Timeline:
    """The timeline, checked against its media.

    Raises
    ------
    InputError : with the place in the document.
    """
    fps, (width, height) = _frame(document, shelf, wanted)
    ruler = Ruler(document, shelf, fps, wanted.convert)
    pictures, tracks = PictureTracks(ruler), SoundTracks(ruler)
    layers, heard = [], []
    for number, track in enumerate(document.video):
        layer, sounds = pictures.read(track, f"video[{number}]")
        layers.append(layer)
        heard += sounds
    for number, sound_track in enumerate(document.audio):
        heard += tracks.read(sound_track, f"audio[{number}]")
    ends = [item.end for layer in layers for item in layer.items]
    if not ends:
        # The pictures decide how long a film is; without any, its sound does.
        ends = [round((one.at_s + one.length_s) * fps) for one in heard]
    length = max(ends, default=0)
    if not 0 < length <= LONGEST_S * fps:
        raise InputError(
            "the timeline is empty" if not length else "the timeline is too long",
            where="timeline",
            expected=f"at least one frame, and at most {LONGEST_S // 3600} hours",
            got=f"{length} frames",
            mend="Put clips on its tracks.",
            code="timeline.length",
        )
    duck = document.ducking
    return Timeline(
        fps=fps,
        width=width,
        height=height,
        length=length,
        background=document.background,
        sources=tuple(one.source for one in shelf.found),
        layers=tuple(layers),
        heard=tuple(heard),
        ducking=Ducking(**_tuples(duck.model_dump())) if duck else None,
    )


def _tuples(fields: dict[str, object]) -> dict[str, object]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in fields.items()}


def _frame(document: Document, shelf: Shelf, wanted: Wanted) -> tuple[Fraction, tuple[int, int]]:
    """Rate and size: the job's, else the document's, else those of its first film."""
    rate, size = wanted.fps or document.fps, wanted.size or document.size
    first: Source | None = None
    for number, track in enumerate(document.video):
        for index, item in enumerate(track.clips):
            if isinstance(item, Clip) and (rate is None or size is None) and first is None:
                place = shelf.place(item.media, f"video[{number}].clips[{index}]")
                source = shelf.found[place].source
                first = source if source.kind == "film" else None
    if (rate is None or size is None) and first is None:
        raise InputError(
            "does not say its frame rate and size",
            where="timeline",
            expected="fps and size, or a film on a video track",
            mend="Write them at the top of the timeline, or in the parameters of the job.",
            code="timeline.no-frame",
        )
    fps = rate_of(rate, "fps") if rate is not None else Fraction(first.fps or 25)
    text = size or f"{first.width // 2 * 2}x{first.height // 2 * 2}"
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()) or not (
        16 <= min(int(width), int(height)) <= max(int(width), int(height)) <= MOST_PIXELS
        and int(width) % 2 == int(height) % 2 == 0
    ):
        raise InputError(
            "is no size of a film",
            where="size",
            expected=f"WIDTHxHEIGHT, both even, 16 to {MOST_PIXELS}",
            got=text,
            mend="Give an even size.",
            code="timeline.bad-size",
        )
    return fps, (int(width), int(height))
