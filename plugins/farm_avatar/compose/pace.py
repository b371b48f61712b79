"""How a recording is told on the time it has: the same answer for its pictures and for its sound.

Invariant: the tempo depends on the recording, its visual and its time on screen alone, so that two
stages that ask for it can never differ.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from farm_avatar.compose.scene import Visual
from farm_avatar.compose.screen import Survey, survey
from farm_avatar.compose.tempo import Tempo, tempo


def pace_of(
    path: Path, label: str, visual: Visual, room_s: float, told: Callable[[str], None]
) -> tuple[Survey, Tempo]:
    """What changes in a screen recording, and how it is told in ``room_s`` seconds.

    told : is called now and then, with what is being done. Raises InputError.
    """
    end_s = visual.end_s
    if not visual.dead_air:
        # Nothing is cut, so what lies behind its time on screen is not looked at.
        last_s = visual.start_s + room_s * visual.speed + 1.0
        end_s = last_s if end_s is None else min(end_s, last_s)
    seen = survey(path, label, visual.start_s, end_s,
                  lambda at_s: told(f"{label}: looked at {at_s:.0f} s"))  # fmt: skip
    return seen, tempo(seen, visual.speed, visual.dead_air, room_s)
