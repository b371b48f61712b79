"""Files made to fit a graph before they go up, and the server's video made to fit what was asked.

Invariant: the nodes neither resample nor pad, so every file goes up in exactly the size, rate and
length that the graph counts on; what comes back is cut and retimed to exactly what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

from farm import MediaFacts, ParameterError
from farm_comfyui.bound import Finishing, Preparation
from farm_comfyui.lengths import Plan
from farm_comfyui.maps import AssetMap, WorkflowMap
from farm_comfyui.profiles import Settled
from farm_comfyui.requests import BindRequest

_SUFFIX = {"image": ".png", "video": ".mp4", "audio": ".wav"}
_FASTEST = 60
"""Frames per second above which a driving video's own rate is not taken over."""


def preparations(
    said: WorkflowMap, request: BindRequest, choice: Settled, length: Plan
) -> tuple[Preparation, ...]:
    """What to do with each file that was given, in the map's order."""
    return tuple(
        _preparation(name, asset, said, choice, length)
        for name, asset in said.assets.items()
        if name in request.assets
    )


def _preparation(
    name: str, asset: AssetMap, said: WorkflowMap, choice: Settled, length: Plan
) -> Preparation:
    suffix = _SUFFIX[asset.kind]
    if asset.kind == "audio":
        # As long as all chunks together: a model hears silence, not a stretched last word. Where no
        # film is made, as long as it is.
        return Preparation(
            name,
            asset.kind,
            suffix,
            sample_rate=asset.sample_rate,
            channels=asset.channels,
            duration_s=length.total / said.length.fps if "video" in said.outputs else None,
        )
    sized = asset.fit != "keep"
    return Preparation(
        name,
        asset.kind,
        suffix,
        width=choice.width if sized else None,
        height=choice.height if sized else None,
        fit=asset.fit,
        fps=said.length.fps if asset.kind == "video" else None,
        frames=length.total if asset.kind == "video" else None,
    )


def finishing(said: WorkflowMap, request: BindRequest, length: Plan) -> Finishing:
    """What to do with the server's video."""
    fps = _rate(said, request)
    sound = said.sound if _has_sound(said, request) else None
    return Finishing(
        drop_first=0,
        keep_frames=length.kept,
        fps_in=said.length.fps,
        fps_out=fps,
        frames_out=max(1, round(length.duration_s * fps)),
        duration_s=length.duration_s,
        ends=said.length.rule == "ends",
        sound=sound,
    )


def _rate(said: WorkflowMap, request: BindRequest) -> Fraction:
    if request.fps is not None:
        return request.fps
    facts = request.assets.get(said.length.asset)
    if facts is not None and facts.fps and said.length.fps <= facts.fps <= _FASTEST:
        return facts.fps
    return Fraction(said.length.fps)


def _has_sound(said: WorkflowMap, request: BindRequest) -> bool:
    facts = request.assets.get(said.sound)
    return facts is not None and bool(facts.audio_codec or facts.sample_rate)


def upright(facts: MediaFacts) -> tuple[int, int]:
    """Width and height as they are seen, after the rotation that a phone wrote beside the film."""
    width, height = facts.width or 0, facts.height or 0
    return (height, width) if facts.extra.get("rotation", 0) % 180 else (width, height)


def placed_points(
    points: Sequence[tuple[float, float]], facts: MediaFacts, width: int, height: int
) -> str:
    """Points of a frame, from 0 to 1, as JSON pixels of that frame scaled and cropped to a size.

    Raises
    ------
    ParameterError : a point is cropped away, or the frame's size is not known.
    """
    wide, high = upright(facts)
    if not wide or not high:
        raise ParameterError(
            "points need the size of the video", where="subject", code="comfy.parameter"
        )
    scale = max(width / wide, height / high)
    placed = []
    for x, y in points:
        across = x * wide * scale - (wide * scale - width) / 2
        down = y * high * scale - (high * scale - height) / 2
        if not (0 <= across < width and 0 <= down < height):
            raise ParameterError(
                "a point on the subject is outside the picture that is left",
                where="subject",
                expected=f"inside {width}x{height} cut from the middle of {wide}x{high}",
                got=f"{x:g}, {y:g}",
                mend="Choose a point nearer to the middle, or another aspect.",
                code="comfy.parameter",
            )
        placed.append({"x": round(across), "y": round(down)})
    return json.dumps(placed)
