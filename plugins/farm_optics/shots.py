"""Shot sizes: how much of a person a picture shows, and from where.

Invariant: a shot size is the height in the world that the height of the picture covers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from farm import InputError
from farm.domain.errors import nearest
from farm_optics.cameras import Sensor


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot size. height_m : what the height of the picture covers, for a grown person."""

    name: str
    short: str
    height_m: float
    shows: str


SHOTS = {
    shot.name: shot
    for shot in (
        Shot("extreme-close-up", "ecu", 0.15, "eyes, or a mouth"),
        Shot("close-up", "cu", 0.38, "the face"),
        Shot("medium-close-up", "mcu", 0.62, "head and chest"),
        Shot("medium", "ms", 0.95, "from the waist up"),
        Shot("cowboy", "cs", 1.25, "from the middle of the thighs up"),
        Shot("medium-full", "mfs", 1.50, "from the knees up"),
        Shot("full", "fs", 2.00, "the whole person"),
        Shot("wide", "ws", 4.50, "the person and the place"),
        Shot("extreme-wide", "ews", 15.0, "the place, with a person in it"),
    )
}


def shot(name: str) -> Shot:
    """A shot size by its name or its letters. Raises InputError (``optics.unknown-shot``)."""
    plain = re.sub(r"[\s_]+", "-", name.strip().lower()).removesuffix("-shot")
    for known in SHOTS.values():
        if plain in (known.name, known.short):
            return known
    raise InputError(
        f'no shot size is known as "{name}"',
        where="shot",
        mend=nearest(plain, SHOTS),
        code="optics.unknown-shot",
    )


def shot_distance_m(height_m: float, focal_mm: float, picture_mm: float) -> float:
    """Distance from which the picture covers that height. picture_mm : its height on the sensor."""
    return focal_mm * (1 + height_m * 1000 / picture_mm) / 1000


def shot_at(distance_m: float, focal_mm: float, picture_mm: float) -> Shot:
    """The shot size, nearest by ratio, that a lens gives from that distance."""
    height = picture_mm * (distance_m * 1000 - focal_mm) / focal_mm / 1000
    safe = max(height, 1e-3)
    return min(SHOTS.values(), key=lambda known: abs(math.log(known.height_m / safe)))


def picture_height_mm(sensor: Sensor, aspect: float) -> float:
    """Height on the sensor of a picture of that aspect, width over height."""
    return sensor.framed(aspect, 1)[1]
