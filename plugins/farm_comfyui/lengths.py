"""How many frames and chunks a piece of work takes, and what is cut off it afterwards.

Invariant: what is made is never shorter than what is asked, its lengths are of the form 4k+1 that the
models take, and what is kept of it is exactly the asked time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from farm import AssetError, MediaFacts, ParameterError
from farm_comfyui.maps import LengthMap

LATENT = 4
"""Frames in a latent; the first latent of a film is a single frame."""
_SLACK_S = 0.05
"""How much longer than its source a film may be asked for: containers round their durations."""


@dataclass(frozen=True, slots=True)
class Plan:
    """length : frames of one chunk as its node is told. total : frames that the server saves. kept :
    of them, from the first. starts : the frame at which each chunk begins to add to the film."""

    chunks: int
    length: int
    total: int
    kept: int
    duration_s: float
    starts: tuple[int, ...]


def plan(
    said: LengthMap,
    assets: Mapping[str, MediaFacts],
    *,
    duration_s: float | None,
    segments: int | None,
    max_s: float,
) -> Plan:
    """The plan for a film of ``duration_s``, by the workflow's rule.

    Raises
    ------
    ParameterError : longer than the source, the profile or the model allows.
    AssetError : the length of the file that leads is not known, or is nothing.
    """
    seconds = _seconds(said, assets, duration_s)
    if segments is not None:
        if said.rule != "chunks":
            raise ParameterError(
                "this workflow has no segments to choose",
                where="segments",
                mend="Say duration_s instead.",
                code="comfy.conflict",
            )
        seconds = min(seconds, chained(said, segments, said.frames) / said.fps)
    if seconds > max_s + _SLACK_S:
        raise ParameterError(
            "this is longer than the quality allows",
            where=said.asset or "duration_s",
            expected=f"at most {max_s:g} s",
            got=f"{seconds:.2f} s",
            mend="Ask for a shorter duration_s, or for another quality.",
            code="comfy.too-long",
        )
    # A duration such as 4.3 s is 68.79999999999999 frames; what is meant is 69.
    kept = max(1, math.ceil(seconds * said.fps - 1e-6))
    if said.rule == "chunks":
        return _chunks(said, kept, seconds)
    if said.rule == "sound":
        step = LATENT * ((said.frames - 1) // LATENT + 1)
        chunks = -(-kept // step)
        starts = tuple(step * at for at in range(chunks))
        return Plan(chunks, said.frames, step * chunks, kept, seconds, starts)
    if said.rule == "given":
        return Plan(1, kept, kept, kept, seconds, (0,))
    length = max(_up(kept), said.shortest)
    if length > said.frames:
        length = said.frames
        kept = min(kept, length)
    if said.rule == "ends":
        kept = length
    return Plan(1, length, length, kept, seconds, (0,))


def chained(said: LengthMap, chunks: int, length: int) -> int:
    """Frames of ``chunks`` chunks that each repeat the last ``overlap`` of the one before."""
    return length + (length - said.overlap) * (chunks - 1)


def _chunks(said: LengthMap, kept: int, seconds: float) -> Plan:
    """The fewest chunks of at most ``frames``, all of one length, as short as they can be.

    Equal chunks rather than full ones and a rest: a rest of a few frames is mostly overlap, which the
    model continues badly, and a full last chunk would cost up to twice the time for nothing.
    """
    chunks = max(1, -(-(kept - said.overlap) // (said.frames - said.overlap)))
    # L + (L - o)(n - 1) >= kept  <=>  L >= (kept + o(n - 1)) / n
    need = -(-(kept + said.overlap * (chunks - 1)) // chunks)
    length = min(said.frames, max(_up(need), said.shortest))
    step = length - said.overlap
    starts = tuple(0 if at == 0 else said.overlap + step * at for at in range(chunks))
    return Plan(chunks, length, chained(said, chunks, length), kept, seconds, starts)


def _seconds(said: LengthMap, assets: Mapping[str, MediaFacts], duration_s: float | None) -> float:
    if not said.asset:
        return said.frames / said.fps if duration_s is None else duration_s
    source = assets[said.asset].duration_s
    if not source or source <= 0:
        raise AssetError(
            "the length of a file is not known",
            where=said.asset,
            expected="a duration above 0 s",
            got=f"{source} s",
            mend="Send a file that plays from start to end.",
            code="comfy.invalid-format",
        )
    if duration_s is None:
        return source
    if duration_s > source + _SLACK_S:
        raise ParameterError(
            f"the film would be longer than {said.asset}",
            where="duration_s",
            expected=f"at most {source:.2f} s",
            got=f"{duration_s:.2f} s",
            mend="Leave duration_s out, or send a longer file.",
            code="comfy.too-long",
        )
    return min(duration_s, source)


def _up(frames: int) -> int:
    """The smallest 4k+1 that is not below ``frames``."""
    return LATENT * max(0, -(-(frames - 1) // LATENT)) + 1
