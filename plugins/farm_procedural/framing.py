"""How long, how large and how fast a film is: the parameters first, then the words, then the usual.

Invariant: what a parameter or the words asked for is taken as it is or refused with what to write
instead; it is never rounded to something near.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm import InputError
from farm_procedural.instruction import Instruction
from farm_procedural.params import LONGEST_S, SHORTEST_S, SIDES, ScriptParams, sides

USUAL_S, USUAL_FPS = 6.0, 24
DETAIL = {"draft": (640, 360), "standard": (1280, 720), "high": (1920, 1080)}
"""Width and height of a film about whose size nobody said anything."""


@dataclass(frozen=True, slots=True)
class Framing:
    """width, height : pixels, even. duration_s : seconds; a film of ``frames`` frames."""

    width: int
    height: int
    fps: int
    duration_s: float

    @property
    def frames(self) -> int:
        """Frames of the film; never less than one."""
        return max(1, round(self.duration_s * self.fps))


def framing(instruction: Instruction, params: ScriptParams) -> Framing:
    """The film's length, size and rate.

    Raises
    ------
    InputError : the words ask for what no film can be; says what to write.
    """
    width, height = _size(instruction, params)
    fps = params.fps or instruction.fps
    if params.fps is None and instruction.fps is not None and not 1 <= instruction.fps <= 120:
        raise InputError(
            "the prompt asks for an impossible frame rate",
            where="prompt",
            expected="1 to 120 frames per second",
            got=f"{instruction.fps} frames per second",
            mend='Write, for instance, "at 60 fps".',
            code="prompt.impossible-rate",
        )
    duration_s = params.duration_s
    if duration_s is None and instruction.duration_s is not None:
        duration_s = instruction.duration_s
        if not SHORTEST_S <= duration_s <= LONGEST_S:
            raise InputError(
                "the prompt asks for an impossible length",
                where="prompt",
                expected=f"{SHORTEST_S:g} s to {LONGEST_S:g} s (one hour)",
                got=f"{duration_s:g} s",
                mend='Write, for instance, "10 seconds" or "2 minutes".',
                code="prompt.impossible-length",
            )
    return Framing(
        width,
        height,
        USUAL_FPS if fps is None else fps,
        USUAL_S if duration_s is None else duration_s,
    )


def _size(instruction: Instruction, params: ScriptParams) -> tuple[int, int]:
    if params.size is not None:
        return sides(params.size)
    width, height = instruction.width, instruction.height
    if width is None or height is None:
        return DETAIL[params.detail]
    if width % 2 or height % 2 or not all(SIDES[0] <= s <= SIDES[1] for s in (width, height)):
        near = [min(SIDES[1], max(SIDES[0], side - side % 2)) for side in (width, height)]
        raise InputError(
            "the prompt asks for an impossible size",
            where="prompt",
            expected=f"even sides of {SIDES[0]} to {SIDES[1]} pixels",
            got=f"{width}x{height}",
            mend=f'Write, for instance, "{near[0]}x{near[1]}" or "1280x720".',
            code="prompt.impossible-size",
        )
    if params.detail == "draft":
        # A draft keeps the shape that was asked for, at about the pixels of every draft.
        shrink = min(1.0, 360 / min(width, height))
        width, height = (max(SIDES[0], round(side * shrink / 2) * 2) for side in (width, height))
    return width, height
