"""Pictures at any moments of a film: ``video.keyframes`` by LTX.

Invariant: every picture stands at the frame of its moment; two at one frame, or one outside of the
film, are refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm import InputError

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The picture number ``image`` (from 0) at ``frame``; ``strength`` 0 to 1."""

    image: int
    frame: int
    strength: float = 1.0


def call(shot: Shot) -> Mapping[str, Any]:
    """The film through all pictures."""
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    images: Sequence[Any] = shot.given["images"]
    document = shot.given.get("keyframes")
    keys = (
        spread(len(images), shot.settings.frames)
        if document is None
        else read(document, len(images), float(shot.settings.fps), shot.settings.frames)
    )
    conditions = [
        LTXVideoCondition(image=images[key.image], frame_index=key.frame, strength=key.strength)
        for key in keys
    ]
    return {"frames": shot.generate(conditions=conditions).frames[0]}


def spread(count: int, frames: int) -> list[Keyframe]:
    """Pictures evenly over the film, the first and the last at its ends."""
    return [Keyframe(at, round(at * (frames - 1) / max(1, count - 1))) for at in range(count)]


def read(document: Any, images: int, fps: float, frames: int) -> list[Keyframe]:
    """The keyframes of a document ``{"keyframes": [{"image": 0, "at_s": 1.5, "strength": 1}]}``.

    ``frame`` may stand instead of ``at_s``. They come back in the order of time.

    Raises
    ------
    InputError : a picture that is not there, a moment outside of the film, two at one place.
    """
    entries = document.get("keyframes") if isinstance(document, Mapping) else document
    if not isinstance(entries, list) or not entries:
        raise _wrong('{"keyframes": [{"image": 0, "at_s": 0.0}, …]}', str(document)[:80])
    keys = []
    for number, entry in enumerate(entries):
        label = f"keyframes[{number}]"
        try:
            image, strength = int(entry["image"]), float(entry.get("strength", 1.0))
            at = entry["frame"] if "frame" in entry else float(entry["at_s"]) * fps
            frame = round(float(at))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _wrong("image, at_s (or frame) and strength", str(entry)[:80], label) from error
        if not 0 <= image < images:
            raise _wrong(f"an image from 0 to {images - 1}", str(image), f"{label}.image")
        if not 0 <= frame < frames:
            raise _wrong(f"a moment before {frames / fps:.3f} s", str(at), label)
        if not 0 <= strength <= 1:
            raise _wrong("a strength from 0 to 1", str(strength), f"{label}.strength")
        keys.append(Keyframe(image, frame, strength))
    keys.sort(key=lambda key: key.frame)
    for one, other in itertools.pairwise(keys):
        if one.frame == other.frame:
            raise _wrong("one picture at a frame", f"two at frame {one.frame}")
    return keys


def _wrong(expected: str, got: str, where: str = "keyframes") -> InputError:
    return InputError(
        "is not as expected",
        where=where,
        expected=expected,
        got=got,
        mend='See "Keyframes" in the README of farm_diffusion.',
        code="diffusion.keyframes",
    )
