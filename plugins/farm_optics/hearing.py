"""The stage ``audio.acoustics``: what a shot should sound like, as settings for mixing.

Invariant: the document follows from the parameters alone.
"""

from __future__ import annotations

import json

from farm import Result, Task
from farm_optics.acoustics import acoustics
from farm_optics.params import AcousticsParams
from farm_optics.shots import picture_height_mm, shot, shot_at, shot_distance_m


def run(task: Task[AcousticsParams]) -> Result:
    """Write the settings."""
    target = task.output("settings", ".json")
    target.write_text(json.dumps(settings(task.params), indent=1) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"settings": target}


def settings(params: AcousticsParams) -> dict[str, object]:
    """The document ``farm.acoustics/1`` of a shot."""
    lens = params.lens()
    high = picture_height_mm(lens.sensor, params.aspect)
    if params.shot:
        size = shot(params.shot)
        far = shot_distance_m(size.height_m, lens.focal_mm, high)
    else:
        far = lens.focus_m
        size = shot_at(min(far, 1e6), lens.focal_mm, high)
    seen = lens.focused(max(far, 1.001 * lens.focal_mm / 1000)).angle_of_view_deg(
        high * params.aspect
    )
    found = acoustics(params.place, far, params.follow, params.across, seen)
    return {**found, "shot": size.name, "angle_of_view_deg": round(seen, 2)}
