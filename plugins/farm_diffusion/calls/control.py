"""A film made to a film's pattern: ``video.control`` by VACE, a window at a time.

Invariant: frames that are kept are told apart by the mask alone: black keeps, white makes anew; so
a window goes on from the one before by keeping its last frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from farm_diffusion.calls.chain import part_of, span_of
from farm_diffusion.calls.tail import as_pixels, handed_on, taken_over

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot

STEP, PLUS = 4, 1
LEAD = 5


def call(shot: Shot) -> Mapping[str, Any]:
    """Frames of a window, and the tail for the next."""
    from PIL import Image

    window, tail = shot.task.window, taken_over(shot)
    span = span_of(window, shot.task.params.overlap, lead=LEAD, step=STEP, plus=PLUS)
    size, first = (shot.settings.width, shot.settings.height), span.start - window.start
    film = part_of(shot.given["control"], first, span.made)
    mask = part_of(shot.given.get("mask") or [Image.new("L", size, 255)], first, span.made)
    if tail is not None:
        film[: span.lead] = map(Image.fromarray, as_pixels(tail[-span.lead :]))
        mask[: span.lead] = [Image.new("L", size, 0)] * span.lead
    made = shot.generate(video=film, mask=mask, num_frames=span.made, output_type="pt").frames[0]
    return handed_on(shot, tail, made[span.lead : span.lead + span.fresh])
