"""The arithmetic of a lens: what is sharp, how large a blur is, how much is seen.

Invariant: pure and typed; focal lengths, sensors and blurs are in millimetres, distances in metres
from the lens; infinity is ``math.inf`` and every formula holds there. The model is the thin lens,
which is within a few per cent of a photographic one but for close-ups.

Formulas: S. F. Ray, "Applied Photographic Optics", 3rd edition, 2002, chapters 4 and 22.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from farm import InputError
from farm_optics.cameras import FULL_FRAME_DIAGONAL_MM, Sensor

SHARP_PART = 1500.0
"""The diagonal is so many times the largest blur that still looks sharp."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens on a camera, focused. focus_m : distance of what is sharp, may be ``math.inf``.

    Raises
    ------
    InputError : ``optics.no-number`` or ``optics.focus-too-near``.
    """

    focal_mm: float
    f_number: float
    focus_m: float
    sensor: Sensor

    def __post_init__(self) -> None:
        for name in ("focal_mm", "f_number", "focus_m"):
            value = getattr(self, name)
            if math.isnan(value) or value <= 0:
                raise InputError(
                    "is no measure of a lens",
                    where=name,
                    expected="a number above 0",
                    got=str(value),
                    mend="Give a focal length, an aperture and a distance in front of the lens.",
                    code="optics.no-number",
                )
        if math.isinf(self.focal_mm) or math.isinf(self.f_number):
            raise InputError(
                "is infinite", where="lens", mend="Only a distance may be.", code="optics.no-number"
            )
        if self.focus_m * 1000 <= self.focal_mm * 1.0001:
            raise InputError(
                "no lens can focus nearer than its focal length",
                where="focus",
                expected=f"more than {self.focal_mm:g} mm",
                got=f"{self.focus_m * 1000:g} mm",
                mend="Focus farther away, or take a shorter lens.",
                code="optics.focus-too-near",
            )

    def focused(self, focus_m: float) -> Lens:
        """The same lens focused elsewhere."""
        return replace(self, focus_m=focus_m)

    @property
    def pupil_mm(self) -> float:
        """Diameter of the opening."""
        return self.focal_mm / self.f_number

    @property
    def image_distance_mm(self) -> float:
        """From the lens to the sensor; the focal length when focused at infinity."""
        if math.isinf(self.focus_m):
            return self.focal_mm
        focus = self.focus_m * 1000
        return self.focal_mm * focus / (focus - self.focal_mm)

    @property
    def magnification(self) -> float:
        """Size on the sensor over size in the world, of what is in focus."""
        return self.image_distance_mm / (self.focus_m * 1000)

    @property
    def sharp_mm(self) -> float:
        """The customary circle of confusion: the largest blur that looks sharp."""
        return self.sensor.diagonal_mm / SHARP_PART

    def blur_at_infinity_mm(self) -> float:
        """Diameter of the blur of what is infinitely far away."""
        return self.pupil_mm * (self.image_distance_mm - self.focal_mm) / self.focal_mm

    def signed_blur_mm(self, distance_m: float) -> float:
        """Diameter of the blur of a point: negative in front of the focus, positive behind it."""
        if distance_m <= 0 or math.isnan(distance_m):
            raise InputError(
                "is not in front of the lens",
                where="distance",
                expected="more than 0 m",
                got=f"{distance_m} m",
                code="optics.behind-lens",
            )
        if math.isinf(self.focus_m):
            near = 0.0 if math.isinf(distance_m) else 1 / (distance_m * 1000)
            return -self.pupil_mm * self.focal_mm * near
        return self.blur_at_infinity_mm() * (1 - self.focus_m / distance_m)

    def blur_mm(self, distance_m: float) -> float:
        """Diameter of the blur of a point at that distance."""
        return abs(self.signed_blur_mm(distance_m))

    def blur_px(self, distance_m: float, width: int, height: int) -> float:
        """The same in pixels of a picture of that size."""
        return self.blur_mm(distance_m) * width / self.sensor.framed(width, height)[0]

    def hyperfocal_m(self, sharp_mm: float | None = None) -> float:
        """The nearest focus at which infinity still looks sharp."""
        limit = self.sharp_mm if sharp_mm is None else sharp_mm
        return (self.focal_mm**2 / (self.f_number * limit) + self.focal_mm) / 1000

    def limits_m(self, sharp_mm: float | None = None) -> tuple[float, float]:
        """Nearest and farthest distance that look sharp; the far one may be ``math.inf``."""
        hyper, focal = self.hyperfocal_m(sharp_mm), self.focal_mm / 1000
        if math.isinf(self.focus_m):
            return hyper - focal, math.inf
        near = self.focus_m * (hyper - focal) / (hyper + self.focus_m - 2 * focal)
        if self.focus_m >= hyper:
            return near, math.inf
        return near, self.focus_m * (hyper - focal) / (hyper - self.focus_m)

    def angle_of_view_deg(self, side_mm: float | None = None) -> float:
        """Angle seen across a side of the sensor, its width by default, as the lens is focused."""
        side = self.sensor.width_mm if side_mm is None else side_mm
        return math.degrees(2 * math.atan(side / (2 * self.image_distance_mm)))

    @property
    def equivalent_focal_mm(self) -> float:
        """Focal length that sees as much on full frame, by the diagonal."""
        return self.focal_mm * FULL_FRAME_DIAGONAL_MM / self.sensor.diagonal_mm

    @property
    def equivalent_f_number(self) -> float:
        """Aperture that blurs as much on full frame at the equivalent focal length."""
        return self.f_number * FULL_FRAME_DIAGONAL_MM / self.sensor.diagonal_mm

    def breathing(self, reference_m: float) -> float:
        """How much larger the picture is than with the focus at ``reference_m``, for a lens that
        focuses by moving as a whole."""
        return self.image_distance_mm / self.focused(reference_m).image_distance_mm


def dolly_zoom_mm(focal_mm: float, from_m: float, to_m: float) -> float:
    """Focal length that keeps a subject's size when the camera goes from one distance to another.

    Raises
    ------
    InputError : ``optics.focus-too-near``, or a distance that is infinite.
    """
    if not (math.isfinite(from_m) and math.isfinite(to_m) and to_m > 0):
        raise InputError(
            "a dolly zoom goes from one finite distance to another",
            where="dolly zoom",
            got=f"{from_m} m to {to_m} m",
            code="optics.no-number",
        )
    if from_m * 1000 <= focal_mm:
        raise InputError(
            "no lens can focus nearer than its focal length",
            where="dolly zoom",
            expected=f"more than {focal_mm:g} mm",
            got=f"{from_m * 1000:g} mm",
            code="optics.focus-too-near",
        )
    scale = focal_mm / (from_m * 1000 - focal_mm)
    return scale * to_m * 1000 / (1 + scale)


def background_growth(focal_mm: float, from_m: float, to_m: float, behind_m: float) -> float:
    """How much larger, in a dolly zoom, something ``behind_m`` behind the subject becomes.

    A crop would leave it at 1: that is the difference between a dolly zoom and a crop.
    """
    there = dolly_zoom_mm(focal_mm, from_m, to_m) / (to_m + behind_m)
    return there / (focal_mm / (from_m + behind_m))
