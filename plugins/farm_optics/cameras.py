"""Cameras and film formats by name: the size of what they record on.

Invariant: light; sizes are those of the recorded area in millimetres, as the makers state them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from farm import InputError
from farm.domain.errors import nearest


@dataclass(frozen=True, slots=True)
class Sensor:
    """The area a picture is recorded on. width_mm, height_mm : lying, width the longer side.

    pixels : across and down at full resolution; (0, 0) for film and for formats.
    """

    name: str
    title: str
    width_mm: float
    height_mm: float
    pixels: tuple[int, int] = (0, 0)

    @property
    def diagonal_mm(self) -> float:
        """Corner to corner, millimetres."""
        return math.hypot(self.width_mm, self.height_mm)

    @property
    def crop(self) -> float:
        """How many times smaller than full frame, by the diagonal."""
        return FULL_FRAME_DIAGONAL_MM / self.diagonal_mm

    def framed(self, width: float, height: float) -> tuple[float, float]:
        """Millimetres across and down that a picture of that size, or aspect, covers at most.

        An upright picture is taken by a camera turned upright; what is slimmer or squarer than the
        sensor is cropped from it.
        """
        long, short = max(width, height), min(width, height)
        scale = min(self.width_mm / long, self.height_mm / short)
        return width * scale, height * scale


FULL_FRAME_DIAGONAL_MM = math.hypot(36.0, 24.0)

SENSORS = {
    sensor.name: sensor
    for sensor in (
        Sensor("full-frame", "35 mm still film, full frame", 36.0, 24.0),
        Sensor("aps-c", "APS-C", 23.5, 15.6),
        Sensor("super35", "Super 35 film, 4 perforations", 24.89, 18.66),
        Sensor("super16", "Super 16 film", 12.52, 7.41),
        Sensor("micro43", "Micro Four Thirds", 17.3, 13.0),
        Sensor("one-inch", "1-inch type", 13.2, 8.8),
        Sensor("65mm", "65 mm film, 5 perforations", 52.48, 23.01),
        Sensor("imax", "IMAX film, 15 perforations", 70.41, 52.63),
        Sensor("medium-format", "44x33 medium format", 43.8, 32.9),
        Sensor("alexa35", "ARRI Alexa 35, open gate", 27.99, 19.22, (4608, 3164)),
        Sensor("alexa-mini-lf", "ARRI Alexa Mini LF, open gate", 36.70, 25.54, (4448, 3096)),
        Sensor("fx3", "Sony FX3", 35.6, 23.8, (4240, 2832)),
        Sensor("venice2", "Sony Venice 2, 8.6K", 35.9, 24.0, (8640, 5760)),
        Sensor("bmpcc6k", "Blackmagic Pocket 6K", 23.10, 12.99, (6144, 3456)),
        Sensor("bmpcc4k", "Blackmagic Pocket 4K", 18.96, 10.0, (4096, 2160)),
        Sensor("bmcc6k", "Blackmagic Cinema Camera 6K", 36.0, 24.0, (6048, 4032)),
        Sensor("v-raptor", "RED V-Raptor 8K VV", 40.96, 21.60, (8192, 4320)),
        Sensor("c70", "Canon C70", 26.2, 13.8, (4096, 2160)),
        Sensor("iphone15pro", "Apple iPhone 15 Pro, main camera", 9.8, 7.3, (8064, 6048)),
    )
}
"""Every camera and format that is known by a name."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*[x×]\s*(\d+(?:\.\d+)?)(?:\s*mm)?")
_OTHER_NAMES = {
    "35mm": "full-frame", "fullframe": "full-frame", "ff": "full-frame", "s35": "super35",
    "mft": "micro43", "m43": "micro43", "alexa": "alexa35", "arrialexa35": "alexa35",
    "sonyfx3": "fx3", "blackmagic6k": "bmpcc6k", "pocket6k": "bmpcc6k", "pocket4k": "bmpcc4k",
    "iphone": "iphone15pro",
}  # fmt: skip


def sensor(name: str) -> Sensor:
    """A camera or format by its name, or a size such as ``24x13.5``.

    Raises
    ------
    InputError : ``optics.unknown-camera``, or a size of nothing.
    """
    text = name.strip().lower()
    size = _SIZE.fullmatch(text)
    if size:
        long, short = sorted((float(size[1]), float(size[2])), reverse=True)
        if short >= 1 and long <= 500:
            return Sensor(f"{long:g}x{short:g}", f"{long:g}x{short:g} mm", long, short)
    plain = re.sub(r"[^a-z0-9]", "", text)
    for known in SENSORS.values():
        if plain == re.sub(r"[^a-z0-9]", "", known.name):
            return known
    if plain in _OTHER_NAMES:
        return SENSORS[_OTHER_NAMES[plain]]
    raise InputError(
        f'no camera is known as "{name}"',
        where="camera",
        expected="the name of a camera or format, or WIDTHxHEIGHT in mm",
        mend=nearest(text, SENSORS),
        code="optics.unknown-camera",
    )
